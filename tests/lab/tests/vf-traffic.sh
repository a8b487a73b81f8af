#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: vf-traffic
# Frames through virtual functions: what was set with "sriov vf", or in a VM file, is the address that the VF's driver
# uses, and the VLAN that is on the wire; a VF hears its own address in its own VLAN, and nothing else. QEMU's igb has no
# spoof check: a false sender's address is not stopped, and is not tried here.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

sys=/sys/bus/pci/devices
igb=$(lab_dev igb0) || bail 'this QEMU has no igb'
other=$(lab_dev igb1)
interface_of() { ls "$sys/$1/net"; }
pf=$(interface_of "$igb") wire=$(interface_of "$other")
mac0=52:54:00:00:00:07 mac1=52:54:00:00:00:08 stranger=52:54:00:00:00:99
wire_mac=$(<"/sys/class/net/$wire/address")

up() { # INTERFACE
	ip link set "$1" up
	lab_wait 60 grep -qx up "/sys/class/net/$1/operstate" || bail "$1 does not come up: $(dmesg | tail -n 5)"
}

frames() { "$LAB_ROOT/tests/lab/inside/frames.py" "$@"; }

hears() { # NAME LINE: within two minutes
	if lab_wait 120 grep -qxF "$2" "$tap_tmp/heard"; then
		tap_pass "$1"
	else
		tap_fail "$1" "not heard: $2" 'but:' "$(<"$tap_tmp/heard")"
	fi
}

# Both hear something that is sent last: what they have not heard by then does not come.
both_hear_the_last() { # TAG-OF-THE-FIRST TEXT
	frames send "$wire" "$mac0" "$wire_mac" "$1" "$2" "$mac1" "$wire_mac" - "$2"
	hears "the first hears its address in its VLAN, without the tag: $2" "$vf0 $mac0 $wire_mac - $2"
	hears "the second hears its address: $2" "$vf1 $mac1 $wire_mac - $2"
}

not_heard() { # NAME [INTERFACE] TEXT
	is "$1" "$(grep -E "^${3+$2 }.* ${3-$2}\$" "$tap_tmp/heard" || true)" ''
}

up "$pf"
up "$wire"
# It is the cable's other end: any address, any VLAN.
ip link set "$wire" promisc on
run virt-vfio sriov set "$igb" --vfs 3
expect 'three virtual functions' 0 'has 3 virtual functions'
run virt-vfio sriov vf "$pf" 0 --mac "$mac0" --vlan 5 --qos 3
expect 'one gets an address and a VLAN' 0 "mac=$mac0"
run virt-vfio sriov vf "$pf" 1 --mac "$mac1"
expect 'the other an address' 0 "mac=$mac1"

before=$(ip link show "$pf" | sed -n 's/^ *vf 2 *//p')

modprobe igbvf
for vf in 0 1; do
	address=$(lab_vf igb0 "$vf")
	lab_bind "$address" igbvf || bail "igbvf does not take $address: $(dmesg | tail -n 5)"
done
vf0=$(interface_of "$(lab_vf igb0 0)") vf1=$(interface_of "$(lab_vf igb0 1)")
is 'their driver was told the addresses' "$(cat "/sys/class/net/$vf0/address" "/sys/class/net/$vf1/address" | xargs)" "$mac0 $mac1"
run ip link set "$vf0" address "$stranger"
is 'and cannot take another one' "$((run_rc != 0)) $(<"/sys/class/net/$vf0/address")" "1 $mac0"
up "$vf0"
up "$vf1"

frames listen "$wire" "$vf0" "$vf1" >"$tap_tmp/heard" 2>&1 &
listener=$!
lab_expect 60 "$tap_tmp/heard" listening || bail "nobody listens: $(<"$tap_tmp/heard")"

frames send "$vf0" "$wire_mac" "$mac0" - from-vf0
hears 'what the first sends has its VLAN and priority on the wire' "$wire $wire_mac $mac0 5/3 from-vf0"
frames send "$vf1" "$wire_mac" "$mac1" - from-vf1
hears 'what the second sends has none' "$wire $wire_mac $mac1 - from-vf1"

frames send "$wire" "$mac0" "$wire_mac" 6 other-vlan "$mac0" "$wire_mac" - no-vlan "$stranger" "$wire_mac" 5 other-address \
	"$mac0" "$wire_mac" 5/3 to-vf0 "$mac1" "$wire_mac" - to-vf1
hears 'the first hears its address in its VLAN, with a priority too' "$vf0 $mac0 $wire_mac - to-vf0"
both_hear_the_last 5 last
not_heard 'not each other' "$vf0" to-vf1
not_heard 'nor the other way round' "$vf1" to-vf0
not_heard 'nobody hears another VLAN' other-vlan
not_heard 'nor the first what has no VLAN' no-vlan
not_heard 'nor what is for somebody else' other-address

run virt-vfio sriov vf "$pf" 0 --vlan 7 --qos 0
expect 'another VLAN while it is in use' 0 'vlan=7'
frames send "$vf0" "$wire_mac" "$mac0" - later
hears 'takes effect at once' "$wire $wire_mac $mac0 7/0 later"

# The same in a guest, which has its VF by VFIO and drives it itself.
cat >"$tap_tmp/guest.ini" <<INI
[vm]
name = guest
memory = 64M
cpus = 1
firmware = bios
accel = tcg
kernel = $LAB_GUEST
serial-log = $(guest_log guest)
[network wan]
vf = $pf/2
mac = 52:54:00:00:00:09
vlan = 20
qos = 1
INI
lab_libvirt
run virt-vfio define "$tap_tmp/guest.ini"
expect 'a guest with the third' 0 'defined guest'
run virt-vfio start guest --keep
expect 'starts' 0 'guest is running'
lab_expect 120 "$(guest_log guest)" 'guest: ready' || true
expect_guest() { # NAME TEXT
	ok "$1" grep -qF "$2" "$(guest_log guest)"
}
expect_guest 'it is told its address by the PF' 'mac 52:54:00:00:00:09 from its PF'
expect_guest 'and has sent a frame' 'has sent a frame'
hears 'which is on the wire in its VLAN' "$wire ff:ff:ff:ff:ff:ff 52:54:00:00:00:09 20/1 from-guest"
both_hear_the_last 7 last-of-all
not_heard 'and not in those of the others' "$vf0" from-guest
not_heard 'neither of them' "$vf1" from-guest
note "$(cat "$(guest_log guest)")"
run virt-vfio stop guest --timeout 5 --force
expect 'it stops' 0 'guest has stopped'
is 'and its VF is as before' "$(ip link show "$pf" | sed -n 's/^ *vf 2 *//p')" "$before"

kill "$listener"
wait "$listener" || true
tap_done
