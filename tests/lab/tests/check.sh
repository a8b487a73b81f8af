#!/usr/bin/env bash
# check on the machine that can give away everything: what passes, what the emulated machine lacks, as root and not, and
# with a guest that then really starts.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

checks
fails 'without libvirt and KVM' kvm libvirt
row 'libvirt: what to start' libvirt fail 'does not answer' 'systemctl start'
lab_libvirt
checks
fails 'with libvirt: only KVM, which an emulated processor has not' kvm
row 'kvm: what to do' kvm fail '/dev/kvm' 'modprobe kvm'
row acpi acpi pass /sys/firmware/acpi/tables/DMAR
row iommu iommu pass 'on: 1 unit'
row remap remap pass 'IR- in /proc/interrupts'
row kconfig kconfig pass /boot/config-
row modules modules pass vfio_pci
row bars bars pass 'every BAR has its address'
row 'libvirt answers' libvirt pass qemu:///system
row 'the hook is not installed' hook warn 'not installed' 'hook install'
is 'root is told all' "$(grep -c '"root": "' "$tap_tmp/check.json" || true)" 0

# Not root: nothing is an error, and the last line says what root would add.
run as_nobody virt-vfio check
expect 'as nobody' 4 'not ready: kvm' 'know' 'as root, '

# A guest that is emulated needs no KVM.
nic1=$(lab_dev nic1) nic0=$(lab_dev nic0)
define plain "$nic0;$nic1"
checks plain
fails 'with a domain: ready'
row 'its memory' memory pass 'the guest'"'"'s 64 MiB fit'
row 'its processors' cpus pass '1 of this host'
row 'its firmware' firmware info BIOS
run virt-vfio start plain --keep
expect 'and so it is: it starts' 0
checks plain
row 'of a running guest' memory info 'the guest runs'
run virt-vfio stop plain
expect 'it stops' 0

# One function of two in a group.
checks "$(vm_file half "$nic1")"
fails 'half a group' group-shared
row 'half a group: the words that lift it' group-shared fail "$nic0" "--allow group-shared=$nic1"
run virt-vfio check "$(vm_file half "$nic1" 'vm:memory = 512G')"
expect 'more memory than there is' 4 'not ready: ' 'memory' 'all of it is pinned'
run virt-vfio check nobody-knows
expect 'no such domain' 1 nobody-knows

tap_done
