#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov
# coverage
# Virtual functions in guests: pools, settings that last as long as the guest, a race for the last one, VFs by number and
# by address, teaming, and a VF that was bound by hand.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/vf-common.sh
. "$LAB_ROOT/tests/lab/tests/vf-common.sh"

# --- without virtual functions

lab_libvirt
run virt-vfio define "$(vf_file a '[network wan]' "vf = $pf")"
expect 'no VFs yet: define' 2 '[network wan] vf: ' 'has no virtual functions yet' 'sriov set'
run virt-vfio plan "$(vf_file a '[network wan]' "vf = $pf")"
expect 'no VFs yet: plan' 2 '[network wan] vf: ' 'sriov set'

two_vfs
define_vf a '[network wan]' "vf = $pf" "${settings[@]}"
define_vf b '[network wan]' "vf = $igb" 'mac = 52:54:00:00:00:0b'
define_vf c '[network wan]' "vf = $pf"

run virt-vfio start a --keep
expect 'a PF that is down' 3 'sriov-parent' "$pf" 'is down' "ip link set $pf up"
pf_up

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
is 'a: the PF enforces all that was asked for' "$(by_ip "$of_a")" "$all_settings"
is 'b: its MAC, and no VLAN; the rest as it was' "$(by_ip "$of_b")" \
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
is 'nothing of this has changed anything' "$(by_ip "$of_a")" "$all_settings"

stop_all a b
all_as_before 'after both'

# --- a race for the last one

run virt-vfio start a --keep
expect 'a: again' 0 'a is running'
start_background b --keep
start_background c --keep
finish_background b 120
first=$run_rc why=$run_out
finish_background c 120
is 'a race for the last VF has one winner' "$(((first == 0) + (run_rc == 0)))" 1
[[ $first == 0 ]] && winner=b loser=c why=$run_out || winner=c loser=b
ok "$loser is told why" grep -q 'none of the 2 virtual functions' <<<"$why"
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
is 'f: settings' "$(by_ip 0)" "$all_settings"
stop_all f
virt-vfio status >/dev/null 2>&1 || true
is 'f: stays on VFIO' "$(lab_driver "$vf0")" vfio-pci
is 'f: its settings do not stay' "$(every_vf)" "$before_settings"
run virt-vfio release "$vf0"
expect 'and goes back by hand' 0
all_as_before 'after the one by hand'

tap_done
