#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov
# coverage
# Virtual functions in guests: pools, settings that last as long as the guest, a race for the last one, NVMe controllers
# that read the drive, teaming, libvirt's hook, what is lost with its PF, and a kill at each step of a start and a stop.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"

igb=$(lab_dev igb0) || bail 'this QEMU has no igb'
other=$(lab_dev igb1) nvme=$(lab_dev nvme0)
pf=$(ls "/sys/bus/pci/devices/$igb/net")
leases() { ls -A /run/virt-vfio/vfs 2>/dev/null || true; }

# What iproute2 says of a VF.
by_ip() { # VF
	ip -d -j link show "$pf" | python3 -c '
import json, sys
vf = json.load(sys.stdin)[0]["vfinfo_list"][int(sys.argv[1])]
vlan = vf["vlan_list"][0]
print("mac=%s vlan=%d qos=%d trust=%s spoofchk=%s rate=%d,%d link=%s" % (
    vf["address"], vlan.get("vlan", 0), vlan.get("qos", 0), "on" if vf["trust"] else "off",
    "on" if vf["spoofchk"] else "off", vf["rate"]["max_tx"], vf["rate"]["min_tx"], vf["link_state"]))' "$1"
}
every_vf() { for vf in 0 1; do by_ip "$vf"; done; }

# A VM file for a tiny guest whose only device is in the lines given: vf_file NAME LINE... prints its path.
vf_file() {
	local path=$tap_tmp/$1.ini
	printf '%s\n' '[vm]' "name = $1" 'memory = 64M' 'cpus = 1' 'firmware = bios' 'accel = tcg' "kernel = $LAB_GUEST" \
		"serial-log = $(guest_log "$1")" "${@:2}" >"$path"
	printf '%s\n' "$path"
}

define_vf() { # NAME LINE...
	run virt-vfio define "$(vf_file "$@")"
	expect "$1: define" 0 "defined $1"
}

vf_of() { # NAME: the VF in its stored XML
	virsh dumpxml --inactive "$1" | sed -n "s/.*<vv:vf .*address=\"\([0-9a-f:.]*\)\".*/\1/p; s/.*<vv:vf .*address='\([0-9a-f:.]*\)'.*/\1/p"
}

says() { # NAME CHECK TEXT: the guest does, within two minutes
	if lab_expect 120 "$(guest_log "$1")" "$3"; then
		tap_pass "$1: $2"
	else
		tap_fail "$1: $2" "$(cat "$(guest_log "$1")" 2>&1)"
	fi
}

stop_all() { # NAME...
	local name
	for name; do
		run virt-vfio stop "$name" --timeout 5 --force
		expect "$name: stop" 0 "$name has stopped"
	done
}

all_as_before() { # WHEN
	unchanged "$1: the devices are as before" "$before"
	is "$1: so are the settings" "$(every_vf)" "$before_settings"
	journal_empty "$1: the journal is empty"
	is "$1: and no settings are noted" "$(leases)" ''
}

# --- without virtual functions

lab_libvirt
run virt-vfio define "$(vf_file a '[network wan]' "vf = $pf")"
expect 'no VFs yet: define' 2 '[network wan] vf: ' 'has no virtual functions yet' 'sriov set'
run virt-vfio plan "$(vf_file a '[network wan]' "vf = $pf")"
expect 'no VFs yet: plan' 2 '[network wan] vf: ' 'sriov set'

run virt-vfio sriov set "$igb" --vfs 2
expect 'two VFs' 0 'has 2 virtual functions'
vf0=$(lab_vf igb0 0) vf1=$(lab_vf igb0 1)
settings=('mac = 52:54:00:00:00:0a' 'vlan = 20' 'qos = 3' 'trust = yes' 'spoofchk = no' 'rate = 100')
define_vf a '[network wan]' "vf = $pf" "${settings[@]}"
define_vf b '[network wan]' "vf = $igb" 'mac = 52:54:00:00:00:0b'
define_vf c '[network wan]' "vf = $pf"

run virt-vfio start a --keep
expect 'a PF that is down' 3 'sriov-parent' "$pf" 'is down' "ip link set $pf up"
ip link set "$pf" up
lab_wait 20 grep -qx up "/sys/class/net/$pf/operstate" || bail "$pf does not come up"
before=$(snapshot) before_settings=$(every_vf)

# --- what the driver cannot do

define_vf h '[network wan]' "vf = $pf" 'trust = yes' 'link = enable'
run virt-vfio start h --keep
expect 'h: a setting that igb does not have' 1 'h was not started' '[network wan]' 'cannot set the link state'
all_as_before 'after the refusal'

# --- two guests at once, from one pool

run virt-vfio plan "$tap_tmp/a.ini"
expect 'a plan of the file' 0 "$vf0" 'takes 1 function'
start_background a --keep
start_background b --keep
finish_background a 120
expect 'a: start' 0 'a is running'
finish_background b 120
expect 'b: start' 0 'b is running'
says a 'the guest sees its VF' 'guest: pci 01:00.0 8086:10ca'
says b 'the guest sees its VF' 'guest: pci 01:00.0 8086:10ca'
is 'the two have both VFs' "$(printf '%s\n' "$(vf_of a)" "$(vf_of b)" | sort)" "$(printf '%s\n' "$vf0" "$vf1" | sort)"
is 'on VFIO' "$(drivers "$vf0" "$vf1")" 'vfio-pci vfio-pci'
[[ $(vf_of a) == "$vf0" ]] && of_a=0 of_b=1 || of_a=1 of_b=0
is 'a: the PF enforces all that was asked for' "$(by_ip $of_a)" \
	'mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=auto'
is 'b: its MAC, and no VLAN; the rest as it was' "$(by_ip $of_b)" \
	'mac=52:54:00:00:00:0b vlan=0 qos=0 trust=off spoofchk=on rate=0,0 link=auto'
is 'both are noted' "$(leases | sort | tr '\n' ' ')" "$vf0 $vf1 "

# --- in use

run virt-vfio start c --keep
expect 'a third guest' 3 'claimed' 'none of the 2 virtual functions' 'domain a' 'domain b'
run virt-vfio plan c
expect 'its plan' 3 'claimed' 'none of the 2 virtual functions'
run virt-vfio plan "$tap_tmp/c.ini"
expect 'the plan of its file' 3 'claimed' 'none of the 2 virtual functions'
run virt-vfio sriov set "$pf" --vfs 0 --allow sriov-parent
expect 'the number of VFs' 3 'claimed' 'domain a'
run virt-vfio sriov vf "$pf" 0 --vlan 7
expect 'settings' 3 'claimed'
run virt-vfio bind "$igb"
expect 'the PF itself' 3 'sriov-parent'
is 'nothing of this has changed anything' "$(by_ip $of_a)" \
	'mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=auto'

stop_all a b
all_as_before 'after both'

# --- a race for the last one

run virt-vfio start a --keep
expect 'a: again' 0 'a is running'
start_background b --keep
start_background c --keep
finish_background b 120
first=$run_rc words=$run_out
finish_background c 120
is 'a race for the last VF has one winner' "$(((first == 0) + (run_rc == 0)))" 1
[[ $first == 0 ]] && winner=b loser=c words=$run_out || winner=c loser=b
ok "$loser is told why" grep -q 'none of the 2 virtual functions' <<<"$words"
says "$winner" 'the winner runs' 'guest: pci 01:00.0 8086:10ca'
stop_all a "$winner"
all_as_before 'after the race'

# --- by number, and by an address that is another domain's

define_vf d '[network wan]' "vf = $pf/1"
is 'd: VF 1 is the second' "$(vf_of d)" "$vf1"
run virt-vfio start d --keep
expect 'd: start' 0 'd is running'
define_vf e '[network wan]' "vf = $vf1"
run virt-vfio start e --keep
expect 'e: another one has it' 3 'claimed' 'domain d'
stop_all d

# --- teaming

define_vf team '[network lan]' 'user = yes' '[network wan]' "vf = $pf" 'teaming = lan'
run virsh dumpxml --inactive team
expect 'team: the pair in the XML' 0 "<teaming type='persistent'/>" "<teaming type='transient' persistent='ua-lan-net'/>"
is 'team: one MAC for both' "$(grep -c "<mac address='$(sed -n "s/.*<mac address='\([^']*\)'.*/\1/p" <<<"$run_out" | head -n1)'" <<<"$run_out")" 2
mac=$(sed -n "s/.*<mac address='\([^']*\)'.*/\1/p" <<<"$run_out" | head -n1)
run virt-vfio define "$tap_tmp/team.ini"
expect 'team: keeps its MAC' 0 'nothing to do'
run virt-vfio start team --keep
expect 'team: start' 0 'team is running'
says team 'the guest sees both' 'guest: ready'
is 'team: the VF has the MAC' "$(every_vf | grep -c "mac=$mac ")" 1
stop_all team
all_as_before 'after the team'

# --- by hand

run virt-vfio bind "$vf0"
expect 'a VF bound by hand' 0
define_vf f '[network wan]' "vf = $vf0" "${settings[@]}"
run virt-vfio start f --keep
expect 'f: start' 0 'f is running'
is 'f: settings' "$(by_ip 0)" 'mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=auto'
stop_all f
virt-vfio status >/dev/null 2>&1 || true
is 'f: stays on VFIO' "$(lab_driver "$vf0")" vfio-pci
is 'f: its settings do not stay' "$(every_vf)" "$before_settings"
run virt-vfio release "$vf0"
expect 'and goes back by hand' 0
all_as_before 'after the one by hand'

# --- libvirt's hook

lab_libvirt_stop
hook_installed
lab_libvirt
run virsh start a
expect 'a: by virsh' 0
is 'a: with all its settings' "$(by_ip $of_a)" \
	'mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=auto'
run virt-vfio define "$(vf_file g '[network wan]' "vf = $(vf_of a)")"
run virsh start g
expect 'g: the same VF' 1 'claimed' 'domain a'
virsh dumpxml --inactive c | sed "s/address=\(['\"]\)$(vf_of c)/address=\1$(vf_of a)/" >"$tap_tmp/c.xml"
if [[ $(vf_of c) != "$(vf_of a)" ]]; then
	a=$(vf_of a) c=$(vf_of c)
	sed -i "s/bus='0x${c:5:2}' slot='0x${c:8:2}' function='0x${c:11:1}'/bus='0x${a:5:2}' slot='0x${a:8:2}' function='0x${a:11:1}'/" "$tap_tmp/c.xml"
	virsh define "$tap_tmp/c.xml" >/dev/null
fi
run virsh start c
expect 'c: the hook cannot choose, and says who can' 1 'claimed' 'virt-vfio start c'
run virt-vfio start c
expect 'c: which does' 0 'c is running' 'the hook is live'
is 'c: has the other one' "$(vf_of c)" "$([[ $(vf_of a) == "$vf0" ]] && echo "$vf1" || echo "$vf0")"
run virsh destroy a
run virsh destroy c
lab_wait 20 settled "$before" || true
all_as_before 'after virsh destroy'
run virt-vfio hook remove
lab_libvirt_stop
lab_libvirt

# --- NVMe

run virt-vfio sriov set "$nvme" --vfs 2
expect 'VFs of a drive' 0 'has 2 virtual functions'
define_vf n1 '[device disk]' "vf = $nvme"
define_vf n2 '[device disk]' "vf = $nvme"
before_nvme=$(snapshot)
run virt-vfio start n1 --keep
expect 'n1: start' 0 'n1 is running'
run virt-vfio start n2 --keep
expect 'n2: start' 0 'n2 is running'
says n1 'reads the drive through its VF' 'block 0: virt-vfio lab disk nvme0'
says n2 'reads the drive through its VF' 'block 0: virt-vfio lab disk nvme0'
is 'the drive stays with the host' "$(lab_driver "$nvme")" nvme
stop_all n1 n2
unchanged 'after the drives: as before' "$before_nvme"
run virt-vfio start n1 --keep
expect 'n1: a second time' 0 'n1 is running'
says n1 'reads the drive again' 'block 0: virt-vfio lab disk nvme0'
stop_all n1

# --- a kill at each step of a start, and of a stop

# CI kills at every third step.
[[ " $* " == *' --long '* ]] && stride=1 || stride=3
VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run virt-vfio recover
[[ -s $tap_tmp/count ]] || bail 'this program is not built with -Dtest_seam=true (tests/dev.ini)'

recovered() { # WHAT: from a kill, guest or not
	virsh destroy a >/dev/null 2>&1 || true
	run virt-vfio recover
	((run_rc == 0)) || trouble+=("$1: recover: $run_out")
	lab_wait 10 settled "$before_nvme" || trouble+=("$1: $(diff <(echo "$before_nvme") <(echo "$tap_snapshot"))")
	[[ $(every_vf) == "$before_settings" ]] || trouble+=("$1: settings: $(every_vf)")
	[[ -z $(leases)$(ls -A "$journal" 2>/dev/null) ]] || trouble+=("$1: noted: $(leases) $(ls -A "$journal")")
}

killed_at() { # STEP COMMAND...: TRUE when it was killed there, FALSE when it had ended before, as it must then
	local step=$1
	shift
	VIRT_VFIO_SEAM=kill=$step run "$@"
	((run_rc == 137)) && kills=$((kills + 1)) && return 0
	((run_rc == 0)) || trouble+=("$*: exit code $run_rc: $run_out")
	return 1
}

trouble=() kills=0 step=1
while killed_at "$step" virt-vfio start a --keep; do
	recovered "start, step $step"
	step=$((step + stride))
done
stop_all a
is "$kills kills of a start" "${trouble[*]}" ''
((kills > 2)) && tap_pass 'there were some' || tap_fail 'there were some'

trouble=() kills=0 step=1
while run virt-vfio start a --keep && ((run_rc == 0)) && killed_at "$step" virt-vfio stop a --timeout 1 --force; do
	recovered "stop, step $step"
	step=$((step + stride))
done
recovered 'the last stop'
is "$kills kills of a stop" "${trouble[*]}" ''
((kills > 2)) && tap_pass 'there were some' || tap_fail 'there were some'

# --- the PF goes, and its VFs with it

run virt-vfio start a --keep
expect 'a: once more' 0 'a is running'
run virsh destroy a
ip link set "$pf" down
echo "$igb" >/sys/bus/pci/drivers/igb/unbind
run virt-vfio recover --dry-run
expect 'a VF that went with its PF' 0 'is forgotten' "$igb, whose virtual function number" 'has none now'
run virt-vfio recover
expect 'is accounted for' 0
journal_empty 'the journal is empty'
is 'nothing is noted' "$(leases)" ''
run virt-vfio plan a
expect 'a plan says whose it was' 3 'not-found' "$igb, whose virtual function it was, has none now" 'sriov set'
echo "$igb" >/sys/bus/pci/drivers/igb/bind

tap_done
