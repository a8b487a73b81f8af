#!/usr/bin/env bash
# Real starts of what a VM file can say beyond one card: two graphics cards with one x-vga, four functions of one card,
# booting from the NVMe drive that was passed through, and a USB device.
# machine: uses
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

gpu0=$(lab_dev gpu0) gpu1=$(lab_dev gpu1) quad=$(lab_dev quad0) nvme=$(lab_dev nvme)
before=$(snapshot)
disk=$(lab_disk nvme)

# A loader of 512 bytes for a drive: says so on the first serial port, then waits. What the firmware does with it is
# what it does with any: it loads the first sector to 0x7c00 and jumps there.
loader() {
	local text='guest: booted from its own drive'
	printf '\x31\xc0\x8e\xd8\xfc\xba\xf8\x03\xbe\x16\x7c' # xor ax,ax; mov ds,ax; cld; mov dx,0x3f8; mov si,text
	printf '\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4\xeb\xfd' # 1: lodsb; test al,al; jz 2f; out dx,al; jmp 1b; 2: hlt; jmp 2b
	printf '%s\n\x00' "$text"
	head -c $((510 - 22 - ${#text} - 2)) /dev/zero
	printf '\x55\xaa'
}
loader >"$tap_tmp/loader"
is 'the loader has the size of a sector' "$(stat -c %s "$tap_tmp/loader")" 512
dd if="$tap_tmp/loader" of="$disk" conv=notrunc,fsync status=none
# A write closes with a uevent, after which udev and the kernel look at the drive again.
lab_wait 10 settled "$before" || true

lab_libvirt

arguments() { tr '\0' '\n' <"/proc/$(<"/run/libvirt/qemu/$1.pid")/cmdline"; }

# Ends the guest and looks whether all is as it was. --force, because none of these listens for the power button.
end() { # NAME
	run virt-vfio stop "$1" --timeout 5 --force
	expect "$1: stop" 0 "$1 has stopped"
	finish_background "$1" 30
	expect "$1: start --wait gives all back" 0 "$1 has stopped"
	unchanged "$1: the devices are back" "$before"
	journal_empty "$1: the journal is empty"
}

begin() { # NAME TEXT: until its guest has said that
	start_background "$1" --wait
	if lab_expect 120 "$(guest_log "$1")" "$2"; then
		tap_pass "$1: the guest says: $2"
	else
		tap_fail "$1: the guest says: $2" "$(cat "$(guest_log "$1")" 2>&1)" "$(cat "$tap_tmp/start-$1" 2>&1)"
	fi
}

says() { # NAME CHECK PATTERN...: in the guest's own words
	local pattern missing=()
	for pattern in "${@:3}"; do grep -Eq "$pattern" "$(guest_log "$1")" || missing+=("$pattern"); done
	is "$1: $2" "${missing[*]}" ''
}

# --- two cards, one of them the primary display

file=$(vm_file gpus "${gpu0%.0}" 'x-vga = yes' 'allow = display-active' '[device second]' "host = ${gpu1%.0}" 'rom = none' \
	'allow = display-active')
sed -i '/^rombar/d' "$file"
run virt-vfio define "$file"
expect 'gpus: define' 0 'defined gpus' '4 functions'
begin gpus 'guest: ready'
says gpus 'it sees both cards, each in a slot of its own with its audio function at 1' \
	'pci 01:00.0 1234:1111 class 030000' 'pci 01:00.1 8086:2668 class 040300' \
	'pci 02:00.0 1234:1111 class 030000' 'pci 02:00.1 8086:2668 class 040300'
is 'gpus: x-vga is for one card' "$(arguments gpus | grep -c '"x-vga":true')" 1
is 'gpus: and that is the first' "$(arguments gpus | grep '"x-vga":true' | grep -o '"host":"[^"]*"')" "\"host\":\"$gpu0\""
is 'gpus: no emulated display' "$(arguments gpus | grep -cE '"driver":"(VGA|bochs|virtio-vga|qxl)')" 0
end gpus

# --- four functions of one card

define quad "${quad%.0}"
begin quad 'guest: ready'
says quad 'all four functions are where they were on the card' 'pci 01:00.0 8086:10d3' 'pci 01:00.1 8086:10d3' \
	'pci 01:00.2 8086:10d3' 'pci 01:00.3 8086:10d3'
end quad

# --- booting from the drive

file=$(vm_file nvme "$nvme" 'boot = 1' 'allow = disk-data')
sed -i '/^rombar/d; /^kernel/d' "$file"
run virt-vfio define "$file"
expect 'nvme: define' 0 'defined nvme'
begin nvme 'guest: booted from its own drive'
is 'nvme: no other disk and no kernel' "$(arguments nvme | grep -cE '^-(kernel|blockdev|drive)$')" 0
end nvme

# --- a USB device of the host

cat >"$tap_tmp/stick.ini" <<INI
[vm]
name = stick
memory = 64M
cpus = 1
firmware = bios
accel = tcg
kernel = $LAB_GUEST
serial-log = $(guest_log stick)
[usb keyboard]
host = 0627:0001
[usb missing]
host = dead:beef
optional = yes
[usb empty]
host = 1-4
optional = yes
INI
run virt-vfio define "$tap_tmp/stick.ini"
expect 'stick: define' 0 'defined stick'
begin stick 'guest: ready'
run virsh qemu-monitor-command stick --hmp 'info usb'
expect 'stick: the keyboard of the host is on the guest'"'"'s USB' 0 'QEMU USB Keyboard, ID: ua-keyboard-usb'
is 'stick: those that are not plugged in are nothing else' "$(grep -c 'QEMU USB Keyboard' <<<"$run_out")" 1
run virsh dumpxml --inactive stick
expect 'stick: and is there again next time' 0 0xdead "startupPolicy='optional'"
end stick
tap_done
