#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernel-install for systemd-boot, and its initramfs-tools, the real ones, in their own root.
# machine: boot
# image: systemd-boot
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/boot/root.sh
. "$LAB_ROOT/tests/lab/boot/root.sh"

setup() { run virt-vfio --sysroot "$lab_root_folder" setup "$@"; }
entry() { cat "$lab_root_folder"/efi/loader/entries/*.conf; }
holds() { lab_root lsinitramfs "/efi/${initramfs#"$lab_root_folder/efi/"}"; }

lab_root_open
lab_root_efi 'systemd-boot 252.39-1~deb12u2'
initramfs=$(find "$lab_root_folder/efi" -name 'initrd*')
card=$(lab_dev card0)
before=$(lab_root_files)
ok 'its entry is there' grep -q '^options .*intel_iommu=off' <(entry)
is 'no VFIO in the initramfs that is started' "$(holds | grep -c 'vfio-pci\.ko')" 0

wanted=(--iommu --modules --reserve "$card")
setup "${wanted[@]}"
expect 'setup says which tools it would run' 0 kernel-install update-initramfs intel_iommu=on /etc/kernel/cmdline
is 'and leaves everything as it is' "$(lab_root_files)" "$before"
setup "${wanted[@]}" --apply
expect 'setup runs them' 0
ok 'the entry has the argument' grep -q '^options .*intel_iommu=on' <(entry)
ok 'it kept the others' grep -q '^options .*root=LABEL=lab ro .*no_timer_check' <(entry)
ok 'vfio-pci is in the initramfs that is started' grep -q 'vfio-pci\.ko' <(holds)
setup --undo
expect 'undo' 0
is 'every file is as it was' "$(lab_root_files)" "$before"
is 'no VFIO in the initramfs' "$(holds | grep -c 'vfio-pci\.ko')" 0
lab_root_close
tap_done
