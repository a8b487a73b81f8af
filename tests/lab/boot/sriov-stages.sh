#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/sriov-disk.sh runs in the system on the disk, one stage at each of its starts: made, kept, forgotten.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

lab=/var/lib/lab sys=/sys/bus/pci/devices
# On the disk, because a unit runs it before anybody has mounted the work tree.
program=/usr/local/sbin/virt-vfio
igb=$(lab_dev igb0) || bail 'this QEMU has no igb'
other=$(lab_dev igb1) nvme=$(lab_dev nvme0)
link=/etc/systemd/network/00-virt-vfio-$igb.link

virt-vfio() { "$program" "$@"; }
name_of() { ls "$sys/$1/net"; }
each() { cat "$sys"/{"$igb","$other","$nvme"}/"$1" | paste -sd ' '; } # ATTRIBUTE
# The virtual functions of a network card as iproute2 shows them: as text, because nothing there reads JSON.
vfinfo() { ip -d -j link show "$(name_of "$1")" | grep -o '"vfinfo_list":\[.*'; }
# What the network cards are called, and their MACs.
naming() {
	local pf
	for pf in "$igb" "$other"; do
		udevadm info -q property "/sys/class/net/$(name_of "$pf")" | grep -E '^(INTERFACE|ID_NET_NAME)='
		cat "/sys/class/net/$(name_of "$pf")/address"
	done
}
link_file() { udevadm info -q property "/sys/class/net/$(name_of "$1")" | sed -n 's/^ID_NET_LINK_FILE=//p'; }
vf_drivers() { # none, or those that there are
	local path found=''
	for path in "$sys"/{"$igb","$other","$nvme"}/virtfn*/driver; do
		[[ ! -e $path ]] || found+=" $(basename "$(readlink "$path")")"
	done
	echo "${found:-none}"
}
# All of the system's configuration, to the byte.
files() { find /etc -xdev -printf '%y %m %u %g %l %p\n' -type f -exec sha256sum {} + | sort; }
# udevd looks for new files every three seconds only, by itself.
look_again() {
	udevadm control --reload
	udevadm trigger --action=change --settle "/sys/class/net/$(name_of "$igb")"
}
result() { systemctl show -P Result "virt-vfio-sriov-$1.service"; }
# A unit that has never run has succeeded, too, so its last command's end is looked at.
has_ended() { [[ $(systemctl show -P ActiveState "virt-vfio-sriov-$1.service") != activating &&
	$(systemctl show -P ExecMainExitTimestampMonotonic "virt-vfio-sriov-$1.service") != 0 ]]; }
journal_of() { journalctl -b -o cat -u "virt-vfio-sriov-$1.service"; }

made() {
	mkdir -p "$lab"
	install -m 755 "$LAB_BUILD/launcher/virt-vfio" "$program"
	# Somebody has to bring the second card up, as on any host; without a link igb takes no rate.
	printf '[Match]\nPath=pci-%s\n[Network]\nLinkLocalAddressing=no\n' "$other" >/etc/systemd/network/50-lab.network
	ln -s /lib/systemd/system/systemd-networkd.service /etc/systemd/system/multi-user.target.wants/
	# What counts for the names so far: the distribution's link file, and what somebody has added to it.
	mkdir -p /etc/systemd/network/99-default.link.d
	printf '[Link]\nNamePolicy=mac\nAlternativeNamesPolicy=\n' >/etc/systemd/network/99-default.link.d/lab.conf
	systemctl start systemd-networkd
	ip link set "$(name_of "$other")" up
	lab_wait 60 grep -qx 1 "/sys/class/net/$(name_of "$other")/carrier" || bail 'the second card gets no link'
	files >"$lab/files"

	run virt-vfio sriov set "$igb" --vfs 3
	expect 'three virtual functions of the first card' 0
	virt-vfio sriov vf "$igb" 0 --mac 52:54:00:00:00:07 --vlan 5 --qos 3 --trust on --spoofchk off >/dev/null
	virt-vfio sriov vf "$igb" 1 --mac 52:54:00:00:00:08 >/dev/null
	run virt-vfio sriov set "$other" --vfs 2
	expect 'two of the second' 0
	# igb starts anew for its virtual functions, and its link is down meanwhile.
	virt-vfio sriov vf "$other" 0 --mac 52:54:00:00:00:09 --trust on --rate 200 --wait-link 60 >/dev/null
	virt-vfio sriov vf "$other" 1 --vlan 7 >/dev/null
	run virt-vfio sriov set "$nvme" --vfs 2
	expect 'two of the drive, online' 0 '2 secondary controllers are online'
	is 'those who make and keep them change no file' "$(files)" "$(<"$lab/files")"
	local pf
	for pf in "$igb" "$other"; do vfinfo "$pf" >"$lab/$pf"; done
	ok 'iproute2 sees the settings of the first' grep -q '"address":"52:54:00:00:00:07".*"vlan":5,"qos":3.*"spoofchk":false.*"trust":true' \
		"$lab/$igb"
	ok 'and of the second' grep -q '"max_tx":200.*"vlan":7' "$lab/$other"

	run virt-vfio sriov save "$igb"
	expect 'what a link file can say is one' 0 "+++ $link" +SR-IOVVirtualFunctions=3 +MACAddress=52:54:00:00:00:07 \
		+VLANId=5 +QualityOfService=3 +Trust=yes +MACSpoofCheck=no +PermanentMACAddress=02:1a:b0 +NamePolicy=mac
	run virt-vfio sriov save "$other"
	expect 'a rate wants a unit' 0 "+++ /etc/systemd/system/virt-vfio-sriov-$other.service" '--rate=200,0 --wait-link='
	run virt-vfio sriov save "$nvme"
	expect 'so does the drive' 0 "+++ /etc/systemd/system/virt-vfio-sriov-$nvme.service" "sriov set $nvme --vfs 2"
	is 'all that is shown only' "$(files)" "$(<"$lab/files")"
	for pf in "$igb" "$other" "$nvme"; do
		run virt-vfio sriov save "$pf" --apply
		expect 'kept' 0 Kept
	done
	files >"$lab/saved"
	for pf in "$igb" "$other" "$nvme"; do
		run virt-vfio sriov save "$pf" --apply
		expect 'twice is as good as once' 0 'Nothing has to be changed'
	done
	is 'to the byte' "$(files)" "$(<"$lab/saved")"
}

# The names of a boot with that drop-in and without our files are seen in the last stage, and must be the same.
kept() {
	local pf
	for pf in "$other" "$nvme"; do
		lab_wait 200 has_ended "$pf" || true
		is 'the unit has run, and without fault' "$(result "$pf")" success
		[[ $(result "$pf") == success ]] || note "$(journal_of "$pf")"
	done
	is 'the virtual functions are there' "$(each sriov_numvfs)" '3 2 2'
	for pf in "$igb" "$other"; do
		is 'iproute2 has of them what it had' "$(vfinfo "$pf")" "$(<"$lab/$pf")"
	done
	ok 'their driver was loaded' test -d /sys/bus/pci/drivers/igbvf
	is 'and has none of them' "$(vf_drivers)" none
	is 'autoprobe is off where udev made them, and as before elsewhere' "$(each sriov_drivers_autoprobe)" '0 1 1'
	run virt-vfio sriov list "$nvme"
	expect 'the controllers of the drive are online' 0 '2 online'
	is 'our link file counts for the first card, no other for the second' "$(link_file "$igb") $(link_file "$other")" \
		"$link /usr/lib/systemd/network/99-default.link"
	naming >"$lab/naming"
	is 'what was added to the link file before counts as well' "$(name_of "$igb")" \
		"enx$(tr -d : <"/sys/class/net/$(name_of "$igb")/address")"

	for pf in "$igb" "$other" "$nvme"; do
		run virt-vfio sriov save "$pf" --apply
		expect 'kept again: nothing is left to do' 0 'Nothing has to be changed'
	done
	is 'no file has changed' "$(files)" "$(<"$lab/saved")"
	# Another card there would have another MAC.
	cp -p "$link" "$lab/link"
	sed -i 's/^PermanentMACAddress=.*/PermanentMACAddress=02:1a:b0:ff:ff:ff/' "$link"
	is 'another card in its place would not be taken for it' \
		"$(udevadm test --action=add "/sys/class/net/$(name_of "$igb")" 2>/dev/null | sed -n 's/^ID_NET_LINK_FILE=//p')" \
		/usr/lib/systemd/network/99-default.link
	cp -p "$lab/link" "$link"
	# The trial is in udev's records now.
	look_again
	is 'but the card itself still is' "$(link_file "$igb")" "$link"
	is 'and its virtual functions stay as they are' "$(each sriov_numvfs) $(vfinfo "$igb")" "3 2 2 $(<"$lab/$igb")"

	run virt-vfio sriov forget "$igb"
	expect 'forgetting is shown first' 0 "--- $link" '-SR-IOVVirtualFunctions=3' 'Nothing was changed yet'
	for pf in "$igb" "$other" "$nvme"; do
		run virt-vfio sriov forget "$pf" --apply
		expect 'forgotten' 0 Forgotten
	done
	is 'every file is as it was at first' "$(files)" "$(<"$lab/files")"
	run virt-vfio sriov save "$igb"
	expect 'what gives the card its name after that is for udev to say' 4 "$link" 'udevadm trigger --action=change'
	look_again
	run virt-vfio sriov save "$igb"
	expect 'which it does' 0 "+++ $link" +NamePolicy=mac +SR-IOVVirtualFunctions=3
	is 'the virtual functions stay for now' "$(each sriov_numvfs)" '3 2 2'
}

forgotten() {
	is 'there are no virtual functions' "$(each sriov_numvfs)" '0 0 0'
	is 'autoprobe is on' "$(each sriov_drivers_autoprobe)" '1 1 1'
	is 'the cards are called as they were with our files' "$(naming)" "$(<"$lab/naming")"
	is 'by the file of the distribution' "$(link_file "$igb")" /usr/lib/systemd/network/99-default.link
	is 'nobody has changed a file' "$(files)" "$(<"$lab/files")"
}

"$1"
tap_done
