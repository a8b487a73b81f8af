#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's dracut and GRUB, the real ones, in their own root: what setup has them make, and what is left after undo.
# machine: boot
# image: dracut
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/boot/root.sh
. "$LAB_ROOT/tests/lab/boot/root.sh"

setup() { run virt-vfio --sysroot "$lab_root_folder" setup "$@"; }
holds() { lab_root lsinitrd "/boot/${initramfs##*/}" 2>/dev/null; }

lab_root_open
lab_root_cmdline 'BOOT_IMAGE=/boot/vmlinuz root=LABEL=lab ro quiet intel_iommu=off'
initramfs=$(echo "$lab_root_folder"/boot/initrd.img-*)
card=$(lab_dev card0)
before=$(lab_root_files)
is 'no VFIO in the initramfs' "$(holds | grep -c 'vfio-pci\.ko')" 0

wanted=(--iommu --modules --reserve "$card")
setup "${wanted[@]}"
expect 'setup says which tools it would run' 0 dracut update-grub intel_iommu=on force_drivers
is 'and leaves everything as it is' "$(lab_root_files)" "$before"
setup "${wanted[@]}" --apply
expect 'setup runs them' 0
held=$(holds)
ok 'vfio-pci is in the initramfs' grep -q 'vfio-pci\.ko' <<<"$held"
ok 'so is the IOMMU driver of VFIO' grep -q 'vfio_iommu_type1\.ko' <<<"$held"
ok 'and what binds the card by its address' grep -rqs -e "$card" "$lab_root_folder"/{etc,usr/lib/dracut}
ok 'GRUB has the argument' grep -Eq '^\s*linux\s.*intel_iommu=on' "$lab_root_folder/boot/grub/grub.cfg"
setup --undo
expect 'undo' 0
is 'every file is as it was' "$(lab_root_files)" "$before"
is 'no VFIO in the initramfs' "$(holds | grep -c 'vfio-pci\.ko')" 0
lab_root_close
tap_done
