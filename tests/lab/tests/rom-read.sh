#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: roms
# Where a ROM comes from, and that reading it leaves nothing behind: at every step it fails or is killed at, too.
# shellcheck disable=SC2317 # called through lab_wait
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

gpu=$(lab_dev gpu) card=$(lab_dev card) boot=$(lab_dev hostvga) nic=$(lab_dev nic) edu=$(lab_dev edu)
out=$tap_tmp/out notes=/run/virt-vfio/rom
mkdir "$out"
cd "$out"

# Of the ROM BAR only the enable bit: the address is the kernel's to write.
settings() { # ADDRESS
	local path=/sys/bus/pci/devices/$1
	cat "$path/"{power/control,power/runtime_status,enable,d3cold_allowed} 2>/dev/null || true
	od -An -tx1 -j4 -N2 "$path/config"
	echo $(($(od -An -tu1 -j48 -N1 "$path/config") & 1))
}

# --- bit for bit what the machine gave the card
run virt-vfio rom dump "$card"
expect 'dump without -o' 0 1234-1111 'bytes from' sha256
file=$(echo 1234-1111_*.rom)
is 'it has a name that says whose it is' "$file" "1234-1111_${card//:/-}.rom"
ok 'it is the ROM of the machine file' cmp "$file" /usr/lib/ipxe/qemu/efi-virtio.rom
expect 'and the verdict says that it is for another card' 0 bad foreign
run virt-vfio rom dump "$card"
expect 'a second dump replaces nothing' 1 exist
run virt-vfio rom dump "$nic" -o nic.rom --source sysfs
expect 'of a card that its driver uses for the network, or not' 0 'through sysfs'
ok 'a legacy and an EFI image' cmp nic.rom /usr/lib/ipxe/qemu/efi-e1000e.rom

# --- sources
# The lab's firmware leaves no copy of the boot display's ROM in RAM, so it is put there, with two bytes changed as by its
# own code; the kernel finds it when it sees a VGA card that decodes (pci_fixup_video).
python3 - <<'P'
import mmap, os
rom = bytearray(open("/usr/share/seabios/vgabios-stdvga.bin", "rb").read())
rom[0x20:0x22] = b"vv"
mmap.mmap(os.open("/dev/mem", os.O_RDWR | os.O_SYNC), 65536, offset=0xc0000)[:len(rom)] = bytes(rom)
P
echo "$boot" >"/sys/bus/pci/devices/$boot/driver/unbind"
setpci -s "$boot" COMMAND=3:3
echo 1 >"/sys/bus/pci/devices/$boot/remove"
echo 1 >/sys/bus/pci/rescan
has_driver() { [[ -n $(lab_driver "$boot") ]]; }
lab_wait 20 has_driver || bail 'the boot display has no driver'
was=$(settings "$boot")
run virt-vfio rom dump "$boot" -o shadow.rom
expect 'the boot display, lit: a shadow, and it is called one' 0 shadow 'may have changed it'
is 'it is the copy, not the card' "$(cmp -l shadow.rom /usr/share/seabios/vgabios-stdvga.bin | wc -l)" 2
is 'the card was not touched' "$(settings "$boot")" "$was"
vm_file boot "$boot" >/dev/null
sed -i /rombar/d "$tap_tmp/boot.ini"
run virt-vfio plan "$tap_tmp/boot.ini"
expect 'a plan for it says that QEMU would read the same' 3 rom-unreadable 'left of it in RAM' 'rom = FILE'
for source in acpi debugfs; do
	run virt-vfio rom dump "$gpu" -o none.rom --source "$source"
	expect "source $source has nothing here" 4 "$gpu"
done
run virt-vfio rom dump "$gpu" -o none.rom --source vfio
expect 'source vfio wants vfio-pci' 4 'not on vfio-pci'
run virt-vfio rom dump "$gpu" -o none.rom --source floppy
expect 'a source that is none' 2 floppy
run virt-vfio rom dump "$edu" -o none.rom
expect 'a card without a ROM' 4 'no ROM BAR'

# --- what the host uses the card for
node=$(basename "$(echo "/sys/bus/pci/devices/$gpu/drm/card"*)")
[[ -e /dev/dri/$node ]] || { mkdir -p /dev/dri && mknod "/dev/dri/$node" c 226 "${node#card}"; }
exec {user}<>"/dev/dri/$node"
was=$(settings "$gpu")
run virt-vfio rom dump "$gpu" -o used.rom
expect 'a program has the card open: refused' 3 process-holds "$gpu" --allow
is 'nothing was touched' "$(settings "$gpu")" "$was"
run virt-vfio rom dump "$gpu" -o used.rom --allow process-holds --allow display-active
expect 'allowed' 0 'through sysfs'
exec {user}>&-
is 'all is as it was' "$(settings "$gpu")" "$was"

# --- nobody has it; its settings are not the kernel's own
driver=$(lab_driver "$nic")
echo "$nic" >"/sys/bus/pci/drivers/$driver/unbind"
echo auto >"/sys/bus/pci/devices/$nic/power/control"
# What a driver leaves switched on goes off, so that there is something to put back.
setpci -s "$nic" COMMAND=0000:0007
before=$(snapshot)
was=$(settings "$nic")
VIRT_VFIO_SEAM_COUNT=$tap_tmp/steps run virt-vfio rom dump "$nic" -o lone.rom
expect 'dump while nobody has the card' 0 'through sysfs'
ok 'the same bytes' cmp lone.rom nic.rom
is 'all is as it was' "$(settings "$nic")" "$was"
is 'nothing is written down' "$(ls -A "$notes")" ''

steps=$(cat "$tap_tmp/steps" 2>/dev/null || echo 0)
((steps > 5)) || bail 'this program is not built with -Dtest_seam=true (tests/dev.ini)'
note "$steps steps"
trouble='' changed=0
for ((step = 1; step <= steps; step++)); do
	rm -f cut.rom
	VIRT_VFIO_SEAM=kill=$step run virt-vfio rom dump "$nic" -o cut.rom
	((run_rc == 137)) || trouble+="step $step: exit code $run_rc: $run_out; "
	[[ $(settings "$nic") == "$was" ]] || changed=$((changed + 1))
	# Whatever changes things brings it back first.
	if ((step % 2)); then run virt-vfio recover; else run virt-vfio rom dump "$edu" -o none.rom; fi
	[[ $(settings "$nic") == "$was" && -z $(ls -A "$notes" 2>/dev/null) ]] ||
		trouble+="step $step: $run_words: $(settings "$nic" | tr '\n' ' ') $run_out; "
done
is 'killed at each of the steps: as before when it is recovered' "$trouble" ''
ok 'some of those kills had left the card switched on' test "$changed" -gt 1
trouble=''
for ((step = 1; step <= steps; step++)); do
	rm -f cut.rom
	VIRT_VFIO_SEAM=fail=$step:5 run virt-vfio rom dump "$nic" -o cut.rom
	((run_rc == 1)) || trouble+="step $step: exit code $run_rc: $run_out; "
	run virt-vfio recover
	[[ $(settings "$nic") == "$was" && -z $(ls -A "$notes" 2>/dev/null) ]] || trouble+="step $step: $(settings "$nic" | tr '\n' ' '); "
done
is 'EIO at each of them: the same' "$trouble" ''
unchanged 'no other card has changed' "$before"
run virt-vfio recover --dry-run
expect 'there is nothing left to recover' 0 'Nothing'

tap_done
