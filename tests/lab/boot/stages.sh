#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/setup-disk.sh runs in the system on the disk, one stage at each of its starts: fresh, ready, undone.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

kept=/var/lib/lab
grub=/etc/default/grub.d/zz-virt-vfio.cfg
card=$(lab_dev card0) twin=$(lab_dev card1)
initramfs=$(echo /boot/initrd.img-*)

# All of the system's configuration, and what boots it, to the byte. An initramfs has times in it: what it holds is compared.
files() { find /etc /boot -xdev ! -name 'initrd.img-*' -printf '%y %m %u %g %l %p\n' -type f -exec sha256sum {} + | sort; }
holds() { lsinitramfs "$initramfs" | sort; }

groups() { local found=(/sys/kernel/iommu_groups/*); [[ -e ${found[0]} ]] && echo "${#found[@]}" || echo none; }

argument() { [[ " $(</proc/cmdline) " == *" $1 "* ]]; }

# Verdict and id of each row that is no success: "fail iommu".
rows() { # VERDICT
	virt-vfio check --json 2>/dev/null | awk -F'"' -v wanted="$1" '$2 == "id" { id = $4 }
		$2 == "verdict" && $4 == wanted && id { print id }' | sort -u | tr '\n' ' '
}

fresh() {
	mkdir -p "$kept"
	ok 'its kernel was told to leave the IOMMU off' argument intel_iommu=off
	is 'there is no group' "$(groups)" none
	is 'both cards have their driver' "$(drivers "$card" "$twin")" 'e1000e e1000e'
	run virt-vfio check
	expect 'check says what is not ready, and what to do on this boot loader' 4 'no IOMMU is on' intel_iommu=off update-grub
	is 'no other row has failed' "$(rows fail)" 'advice iommu '
	# boot/install.sh had it written under the lab's kernel, to the same effect but not to the byte.
	update-grub >/dev/null 2>&1
	files >"$kept/files"
	holds >"$kept/initramfs"

	local wanted=(--iommu --modules --hugepages 64 --reserve "$card")
	run virt-vfio setup "${wanted[@]}"
	expect 'setup shows what it would do' 0 "$grub" intel_iommu=on update-grub update-initramfs "$card"
	is 'and does nothing' "$(files)" "$(<"$kept/files")"
	run virt-vfio setup "${wanted[@]}" --apply
	expect 'setup does it' 0 update-grub
	ok 'the drop-in is there' grep -q iommu=pt "$grub"
	is 'what said the contrary is gone' "$(grep -c intel_iommu=off /etc/default/grub /boot/grub/grub.cfg)" \
		$'/etc/default/grub:0\n/boot/grub/grub.cfg:0'
	ok 'GRUB was told' grep -Eq '^\s*linux\s.*intel_iommu=on.*iommu=pt' /boot/grub/grub.cfg
	ok 'one entry boots as before' grep -E '^\s*linux\s.* single ' /boot/grub/grub.cfg
	is 'that one has no new argument' "$(grep -E '^\s*linux\s.* single ' /boot/grub/grub.cfg | grep -c intel_iommu)" 0
	ok 'the initramfs holds vfio-pci' grep -q '/vfio-pci\.ko' <(holds)
	local before
	before=$(files)
	run virt-vfio setup "${wanted[@]}" --apply
	expect 'again: nothing is left to do' 0
	is 'and nothing changes' "$(files)" "$before"
	is 'nothing was rebuilt' "$(grep -c update- <<<"$run_out")" 0
	run virt-vfio setup --status
	expect 'it waits for a reboot' 0 reboot
}

ready() {
	ok 'the kernel was told to use the IOMMU' argument intel_iommu=on
	ok 'what was there before is still there' argument no_timer_check
	ok 'there are groups' test "$(groups)" != none
	is 'vfio-pci has the reserved card, its driver has the twin' "$(drivers "$card" "$twin")" 'vfio-pci e1000e'
	is 'no other driver ever had it' "$(dmesg | grep -c "e1000e $card")" 0
	ok 'the twin had it from the beginning' grep -q "e1000e $twin" <(dmesg)
	is 'the huge pages are there' "$(awk '$1 == "HugePages_Total:" { print $2 }' /proc/meminfo)" 64
	run virt-vfio check
	expect 'check: the host is ready' 0 ready
	is 'no row has failed' "$(rows fail)" ''
	run virt-vfio setup --status
	expect 'all is in effect' 0
	run virt-vfio setup --undo
	expect 'setup takes it back' 0
	is 'every file is as it was' "$(files)" "$(<"$kept/files")"
	is 'the initramfs holds what it held' "$(holds)" "$(<"$kept/initramfs")"
}

undone() {
	ok 'the kernel is told what it was told at first' argument intel_iommu=off
	is 'and nothing else' "$(grep -c -e intel_iommu=on -e iommu=pt /proc/cmdline)" 0
	is 'there is no group' "$(groups)" none
	is 'both cards have their driver' "$(drivers "$card" "$twin")" 'e1000e e1000e'
	is 'no huge page is set aside' "$(awk '$1 == "HugePages_Total:" { print $2 }' /proc/meminfo)" 0
	is 'every file is as it was' "$(files)" "$(<"$kept/files")"
	run virt-vfio check
	expect 'check says again what is not ready' 4 'no IOMMU is on'
}

"$1"
tap_done
