#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov
# coverage
# Virtual functions: made, configured and read back with iproute2; never changed under those who use them; their PF torn
# from under them; NVMe controllers brought online; kept across a restart of the driver; a kill at each step of a change.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

sys=/sys/bus/pci/devices
nvme=$(lab_dev nvme0) nic=$(lab_dev nic)
igb=$(lab_dev igb0) || bail 'this QEMU has no igb'
other=$(lab_dev igb1)
pf_of() { ls "$sys/$1/net"; }
count() { cat "$sys/$1/sriov_numvfs"; }
autoprobe() { cat "$sys/$1/sriov_drivers_autoprobe"; }
vfs() { # PF: its VFs' addresses
	local link
	for link in "$sys/$1"/virtfn*; do [[ ! -e $link ]] || basename "$(readlink "$link")"; done
}
# Half a note is none, and stays until the next one.
notes() { find /run/virt-vfio/sriov -type f ! -name '*.new' -printf '%f ' 2>/dev/null || true; }
settle() { udevadm settle --timeout=30; }
pf=$(pf_of "$igb")

# shellcheck source=tests/lab/tests/vf-by-ip.sh
. "$LAB_ROOT/tests/lab/tests/vf-by-ip.sh"
by_list() { # VF
	virt-vfio sriov list "$pf" --json | python3 -c '
import json, sys
vf = json.load(sys.stdin)["pfs"][0]["vfs"][int(sys.argv[1])]
print("mac=%s vlan=%d qos=%d trust=%s spoofchk=%s rate=%d,%d link=%s" % (
    vf["mac"], vf["vlan"], vf["qos"], "on" if vf["trust"] else "off", "on" if vf["spoofchk"] else "off",
    vf["max_rate"], vf["min_rate"], vf["link"]))' "$1"
}

# Making them.
run virt-vfio sriov list
expect 'a list without virtual functions' 0 "$igb" "$pf" '0 of 7 virtual functions' "$nvme" '0 of 4'
run virt-vfio sriov set "$igb" --vfs 8
expect 'more than there can be' 2 'only up to 7'
run virt-vfio sriov set "$nic" --vfs 1
expect 'a card that has none' 3 'has no virtual functions to give'
run virt-vfio sriov set "$igb" --vfs 3 --dry-run
expect 'a dry run' 0 'would be changed'
is 'changes nothing' "$(count "$igb")" 0
run virt-vfio sriov set "$pf" --vfs 3
expect 'three are made, by the name of the interface' 0 'has 3 virtual functions'
is 'the driver says so too' "$(count "$igb")" 3
settle
# shellcheck disable=SC2046
is 'no host driver has taken one, not even the one that udev loads for them' "$(drivers $(vfs "$igb"))" 'none none none'
is 'autoprobe is as before' "$(autoprobe "$igb")" 1
is 'nothing is left over' "$(notes)" ''
run virt-vfio sriov set "$igb" --vfs 3
expect 'the same number is no change' 0 'has 3 virtual functions'
run virt-vfio sriov set "$igb" --vfs 2
expect 'another one needs consent' 3 'sriov-parent' 'only through 0'
is 'without which all is as it was' "$(count "$igb")" 3

# Two at once: whoever comes later finds another card than it looked at, or the lock taken, or all done.
for number in 1 4; do
	(virt-vfio sriov set "$igb" --vfs "$number" --allow sriov-parent >"$tap_tmp/at-once-$number" 2>&1 && echo "$number" >>"$tap_tmp/won") &
done
wait
ok 'two changes at once: the card is as one of them wanted it' grep -qx "$(count "$igb")" "$tap_tmp/won"
for number in 1 4; do
	grep -qx "$number" "$tap_tmp/won" ||
		ok 'and the other gets words' grep -qE "$igb: somebody else has just changed|working on IOMMU group" "$tap_tmp/at-once-$number"
done
is 'autoprobe and notes are as after one' "$(autoprobe "$igb") $(notes)" '1 '
virt-vfio sriov set "$igb" --vfs 3 --allow sriov-parent >/dev/null

vf0=$(lab_vf igb0 0) vf1=$(lab_vf igb0 1)

# Settings.
run virt-vfio sriov vf "$igb" 1 --rate 100
expect 'no rate without a link' 1 'may need a link that is up'
run virt-vfio sriov vf "$igb" 1 --rate 100 --wait-link 1
expect 'nor after a wait in vain' 1 'may need a link that is up'
virt-vfio sriov vf "$igb" 1 --rate 100 --wait-link 120 >"$tap_tmp/waiting" 2>&1 &
waiting=$!
# One that does not wait has failed by then.
sleep 3
ip link set "$pf" up
code=0
wait "$waiting" || code=$?
is 'but when the link has come' "$code $(grep -o 'has rate=100,0' "$tap_tmp/waiting")" '0 has rate=100,0'
virt-vfio sriov vf "$igb" 1 --rate 0 >/dev/null
lab_wait 20 grep -qx up "/sys/class/net/$pf/operstate" || bail "$pf does not come up"
is 'iproute2 and the list agree on what is new' "$(by_list 0)" "$(by_ip 0)"
run virt-vfio sriov vf "$pf" 0 --mac 52:54:00:00:00:07 --vlan 5 --qos 3 --trust on --spoofchk off --dry-run
expect 'a dry run of settings' 0 'would have mac=52:54:00:00:00:07' 'before: mac=00:00:00:00:00:00'
is 'sets nothing' "$(by_ip 0)" 'mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=auto'
run virt-vfio sriov vf "$pf" 0 --mac 52:54:00:00:00:07 --vlan 5 --qos 3 --trust on --spoofchk off
expect 'MAC, VLAN, priority, trust and spoof check' 0 'VF 0'
run virt-vfio sriov vf "$igb" 1 --rate 100
expect 'a rate' 0
is 'iproute2 reads the first back' "$(by_ip 0)" 'mac=52:54:00:00:00:07 vlan=5 qos=3 trust=on spoofchk=off rate=0,0 link=auto'
is 'and the second' "$(by_ip 1)" 'mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=100,0 link=auto'
is 'the list agrees' "$(by_list 0) $(by_list 1)" "$(by_ip 0) $(by_ip 1)"
run virt-vfio sriov vf "$igb" 1 --trust on --link enable
expect 'what igb cannot do is said' 1 'cannot set the link state'
is 'and what was set with it is set back' "$(by_ip 1)" \
	'mac=00:00:00:00:00:00 vlan=0 qos=0 trust=off spoofchk=on rate=100,0 link=auto'
run virt-vfio sriov vf "$igb" 1 --vlan 5 --proto 802.1ad
expect 'nor the outer VLAN' 1 'VLAN protocol'
run virt-vfio sriov vf "$igb" 1 --rate 100,50
expect 'nor a least rate' 1 'does not take the rate'
run virt-vfio sriov vf "$igb" 3 --trust on
expect 'a virtual function that is not there' 3 'it has 0 to 2'
run virt-vfio sriov vf "$igb" 0 --trust on --wait-link -1
expect 'no time' 2 'whole seconds'
run virt-vfio sriov vf "$igb" 0 --qos 3
expect 'a priority without a VLAN' 2 'say --vlan too'
run virt-vfio sriov vf "$vf0" 0 --trust on
expect 'a virtual function in place of its card' 3 "number 0 of $igb"

# For tests/unit/vf-messages.h: the answer of the kernel as it is.
cat >"$tap_tmp/ask.py" <<'PY'
import socket, struct, sys
index = int(open("/sys/class/net/%s/ifindex" % sys.argv[1]).read())
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
body = struct.pack("=BxHiII", 0, 0, index, 0, 0) + struct.pack("=HHI", 8, 29, 1)  # IFLA_EXT_MASK: RTEXT_FILTER_VF
s.send(struct.pack("=IHHII", 16 + len(body), 18, 1, 1, 0) + body)  # RTM_GETLINK
answer = s.recv(1 << 20)
at, vfs = 32, b""
while at < len(answer):
    length, kind = struct.unpack("=HH", answer[at:at + 4])
    if kind & 0x3fff == 22:  # IFLA_VFINFO_LIST
        vfs += answer[at:at + length]
    at += (length + 3) & ~3
print(bytes(struct.pack("=I", 32 + len(vfs)) + answer[4:32] + vfs).hex())
PY
note "recorded: $(python3 "$tap_tmp/ask.py" "$pf")"

# Kept: the driver's restart is to udev what a boot is.
run virt-vfio sriov save "$pf"
expect 'with a rate it takes a unit' 0 '+ExecStart=' '--rate=100,0 --wait-link=' 'SYSTEMD_WANTS' 'Nothing was changed yet'
virt-vfio sriov vf "$igb" 1 --rate 0 >/dev/null
kept="$(by_ip 0) $(by_ip 1) $(by_ip 2)"
run virt-vfio sriov save "$pf"
expect 'without one a link file' 0 '+SR-IOVVirtualFunctions=3' '+MACAddress=52:54:00:00:00:07' "+Property=VIRT_VFIO_SRIOV=$igb" '+NamePolicy='
ok 'shown only' test ! -e "/etc/systemd/network/00-virt-vfio-$igb.link"
run virt-vfio sriov save "$pf" --apply
expect 'written' 0 'Kept'
run virt-vfio sriov save "$pf" --apply
expect 'and then there is nothing to do' 0 'Nothing has to be changed'
restart_igb() {
	modprobe -r igbvf
	modprobe -r igb
	udevadm control --reload
	udevadm trigger --action=add --subsystem-match=pci
	settle
	lab_wait 30 test -e "$sys/$igb/net" || bail 'igb does not come back'
	settle
}
restart_igb
lab_wait 30 test -e "$sys/$igb/virtfn2" || true
is 'the interface is called as before' "$(pf_of "$igb")" "$pf"
is 'the virtual functions are there again' "$(count "$igb") $(count "$other")" '3 0'
is 'with their settings' "$(by_ip 0) $(by_ip 1) $(by_ip 2)" "$kept"
# shellcheck disable=SC2046
is 'and without drivers' "$(drivers $(vfs "$igb"))" 'none none none'
run virt-vfio sriov forget "$pf" --apply
expect 'forgotten' 0 'Forgotten'
is 'no file is left' "$(find /etc -name '*virt-vfio*.link' -o -name '*virt-vfio*.rules' -o -name 'virt-vfio-sriov*')" ''
restart_igb
is 'and with it the virtual functions' "$(count "$igb")" 0

# Those who use them.
virt-vfio sriov set "$igb" --vfs 2 >/dev/null
before=$(snapshot)
run virt-vfio bind "$vf1"
expect 'one is taken' 0
run virt-vfio sriov list "$igb"
expect 'the list says for whom' 0 manual vfio-pci
run virt-vfio sriov set "$igb" --vfs 0 --allow sriov-parent --allow claimed
expect 'a card is not changed under a function that is taken' 3 claimed 'VF 1 is taken by hand'
run virt-vfio sriov vf "$igb" 1 --trust on
expect 'nor are its settings' 3 'counts on its settings'
run virt-vfio sriov vf "$igb" 1 --trust on --allow "claimed=$vf1"
expect 'unless that is agreed to' 0
virt-vfio sriov vf "$igb" 1 --trust off >/dev/null 2>&1 || true
virt-vfio sriov vf "$igb" 0 --trust on >/dev/null
is 'those of its neighbours can be set' "$(by_ip 0)" 'mac=00:00:00:00:00:00 vlan=0 qos=0 trust=on spoofchk=on rate=0,0 link=auto'
run virt-vfio release "$vf1"
expect 'it comes back' 0
unchanged 'as it was' "$before"

lab_bind "$vf1" vfio-pci
# As QEMU holds it: with the device open the kernel waits, with the group alone it does not.
cat >"$tap_tmp/hold.py" <<'PY'
import fcntl, os, sys
container = os.open("/dev/vfio/vfio", os.O_RDWR)
group = os.open("/dev/vfio/" + sys.argv[1], os.O_RDWR)
fcntl.ioctl(group, 0x3b68, container.to_bytes(4, "little"))  # VFIO_GROUP_SET_CONTAINER
fcntl.ioctl(container, 0x3b66, 1)  # VFIO_SET_IOMMU: type 1
device = fcntl.ioctl(group, 0x3b6a, sys.argv[2].encode() + b"\0")  # VFIO_GROUP_GET_DEVICE_FD
print("held", flush=True)
sys.stdin.read()
PY
mkfifo "$tap_tmp/let-go"
python3 "$tap_tmp/hold.py" "$(lab_group "$vf1")" "$vf1" <"$tap_tmp/let-go" >"$tap_tmp/holder" 2>&1 &
exec {held}>"$tap_tmp/let-go"
lab_expect 30 "$tap_tmp/holder" held || bail "nobody can hold $vf1: $(<"$tap_tmp/holder")"
run virt-vfio sriov set "$igb" --vfs 0 --allow sriov-parent
expect 'nor under one that a program holds without us' 3 claimed 'a running program'
run virt-vfio sriov vf "$igb" 1 --trust on
expect 'and its settings stay' 3 'a running program'

# Its PF is torn from under it: the kernel waits for the program that holds it, and nobody else may wait with it.
(exec {held}>&- && echo "$igb" >"$sys/$igb/driver/unbind") &
writer=$!
sleep 2
ok 'the kernel waits' kill -0 "$writer"
for verb in "sriov list" "sriov list $igb" "list" "list --json" "show $igb" "status" "plan $vf1" "sriov set $igb --vfs 1 --allow sriov-parent"; do
	start=$SECONDS
	# shellcheck disable=SC2086
	run timeout -s KILL 30 virt-vfio $verb
	is "'$verb' does not wait" "$((run_rc < 5)) $((SECONDS - start < 25))" '1 1'
	note "$verb: exit $run_rc in $((SECONDS - start)) s: ${run_out:0:300}"
done
run virt-vfio plan "$vf1"
expect 'without its driver it is still claimed' 3 claimed "holds /dev/vfio/"
exec {held}>&-
lab_wait 30 gone "$writer" || true
ok 'it goes on when the program ends' gone "$writer"
run virt-vfio sriov set "$igb" --vfs 1
expect 'a card without its driver' 3 driver-missing
echo "$igb" >/sys/bus/pci/drivers/igb/bind
settle
is 'its virtual functions went with the driver' "$(count "$igb")" 0

# The same with one that was taken: it is reported, and the journal does not keep it.
virt-vfio sriov set "$igb" --vfs 2 >/dev/null
run virt-vfio bind "$vf1"
expect 'one is taken again' 0
echo "$igb" >"$sys/$igb/driver/unbind"
run virt-vfio status
expect 'the lost one is still on the books' 0 "$vf1"
run virt-vfio recover
expect 'and is reported' 0 "$vf1"
journal_empty 'and accounted for'
echo "$igb" >/sys/bus/pci/drivers/igb/bind
settle

virt-vfio sriov set "$igb" --vfs 2 >/dev/null
virt-vfio bind "$vf0" >/dev/null
echo 1 >"$sys/$igb/remove"
run timeout -s KILL 30 virt-vfio recover
expect 'a card that was removed' 0 "$vf0"
journal_empty 'leaves nothing in the journal'
echo 1 >/sys/bus/pci/rescan
lab_wait 30 test -e "$sys/$igb/net" || true
settle

# The host's own use.
virt-vfio sriov set "$other" --vfs 1 >/dev/null
vf=$(lab_vf igb1 0)
echo "$vf" >/sys/bus/pci/drivers/igbvf/bind
lab_wait 30 test -e "$sys/$vf/net" || bail 'igbvf makes no interface'
settle
interface=$(pf_of "$vf")
run virt-vfio sriov set "$other" --vfs 0
expect 'a host driver is a use' 3 sriov-parent "VF 0 has the driver igbvf" "$interface"
# Its PF is down, so there is no carrier; it is up all the same.
ip address add 192.0.2.1/24 dev "$interface"
ip link set "$interface" up
run virt-vfio sriov set "$other" --vfs 0 --allow sriov-parent
expect 'an address is another' 3 net-up "$interface is up with 192.0.2.1"
ip address flush dev "$interface"
modprobe macvtap
ip link add link "$interface" name lab-macvtap type macvtap mode bridge
run virt-vfio sriov set "$other" --vfs 2 --allow sriov-parent
expect 'what stands on it is one, on the way to more too' 3 net-upper "the macvtap lab-macvtap stands on $interface"
ip link delete lab-macvtap
ip netns add lab-box
ip link set "$interface" netns lab-box
run virt-vfio sriov set "$other" --vfs 0 --allow sriov-parent
expect 'and a container has it' 3 net-up 'the network namespace of /run/netns/lab-box'
is 'all this has changed nothing' "$(count "$other") $(lab_driver "$vf")" '1 igbvf'
run virt-vfio sriov set "$other" --vfs 0 --allow "sriov-parent=$other" --allow "sriov-parent=$vf" --allow "net-up=$vf"
expect 'all agreed to' 0
ip netns delete lab-box
is 'it is gone' "$(count "$other")" 0

# NVMe.
disk=$(lab_disk nvme0)
run virt-vfio sriov set "$nvme" --vfs 2
expect 'an NVMe drive brings its controllers online' 0 '2 secondary controllers are online'
run virt-vfio sriov list "$nvme"
expect 'and the list shows them' 0 '1 online, 2 queues, 1 interrupt' '2 online'
vf=$(lab_vf nvme0 1)
echo nvme >"$sys/$vf/driver_override"
echo "$vf" >/sys/bus/pci/drivers_probe
lab_wait 30 compgen -G "$sys/$vf/nvme/nvme*/nvme*n*" >/dev/null || true
ok 'the drive is seen through a virtual function' compgen -G "$sys/$vf/nvme/nvme*/nvme*n*"
is 'and is the same one' "$(cat "$sys/$vf"/nvme/nvme*/serial)" "$(cat "$sys/$nvme"/nvme/nvme*/serial)"
is 'with the disk that it has' "$(head -c 24 "$disk" | tr -d '\0')" 'virt-vfio lab disk nvme0'
run virt-vfio sriov set "$nvme" --vfs 0
expect 'a host driver is a use here too' 3 sriov-parent "VF 1 has the driver nvme"
echo "$vf" >"$sys/$vf/driver/unbind"
printf '\n' >"$sys/$vf/driver_override"
run virt-vfio sriov save "$nvme"
expect 'a drive is kept by a unit' 0 "sriov set $nvme --vfs 2" 'ATTR{state}=="live"'
virt-vfio sriov save "$nvme" --apply >/dev/null
udevadm control --reload
is 'which udev wants when the drive takes commands' \
	"$(udevadm test --action=change "$sys/$nvme"/nvme/nvme* 2>/dev/null | grep ^SYSTEMD_WANTS=)" "SYSTEMD_WANTS=virt-vfio-sriov-$nvme.service"
virt-vfio sriov set "$nvme" --vfs 0 --allow sriov-parent >/dev/null
ok 'and which does it' sh -ec "$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/virt-vfio-sriov-$nvme.service")"
is 'as before' "$(count "$nvme")" 2
run virt-vfio sriov forget "$nvme" --apply
expect 'forgotten as well' 0

# A kill at each step.
if virt-vfio --help >/dev/null && VIRT_VFIO_SEAM_COUNT=$tap_tmp/steps virt-vfio sriov set "$nvme" --vfs 3 --allow sriov-parent >/dev/null &&
	[[ -s $tap_tmp/steps ]]; then
	steps=$(<"$tap_tmp/steps") wrong=''
	for ((step = 1; step <= steps; step++)); do
		virt-vfio sriov set "$nvme" --vfs 1 --allow sriov-parent >/dev/null || wrong+=" $step:start"
		{ VIRT_VFIO_SEAM=kill=$step virt-vfio sriov set "$nvme" --vfs 3 --allow sriov-parent || true; } >/dev/null 2>&1
		virt-vfio recover >/dev/null 2>&1 || wrong+=" $step:recover"
		[[ $(autoprobe "$nvme") == 1 && -z $(notes) && $(count "$nvme") == [13] ]] ||
			wrong+=" $step:$(autoprobe "$nvme"),$(count "$nvme"),$(notes)"
	done
	is "killed at each of $steps steps, all is in order after recover" "$wrong" ''
else
	note 'this build has no seam'
fi
virt-vfio sriov set "$nvme" --vfs 0 --allow sriov-parent >/dev/null
virt-vfio sriov set "$igb" --vfs 0 --allow sriov-parent >/dev/null
is 'nothing is left over at the end' "$(notes) $(count "$igb") $(count "$nvme")" ' 0 0'
journal_empty 'the journal is empty'
tap_done
