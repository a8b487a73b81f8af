#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: vf-lost
# A PF that goes while its virtual functions are taken: its driver is unbound or unloaded, the card is removed or torn out,
# under a guest and under a VF that was taken by hand. While the kernel waits for the guest, nothing else waits with it; then
# it is said whose the VF was and what to do, the guest can be stopped, and nothing is left in the journal.
# CI has an unbind and a card torn out under a guest, and an unbind under a VF taken by hand; --long has all. Or name ways.
# shellcheck disable=SC2317 # some functions are called through ok and lab_wait
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/limited.sh
. "$LAB_ROOT/tests/lab/tests/limited.sh"
# shellcheck source=tests/lab/inside/hotplug.sh
. "$LAB_ROOT/tests/lab/inside/hotplug.sh"
# shellcheck source=tests/lab/tests/vf-common.sh
. "$LAB_ROOT/tests/lab/tests/vf-common.sh"

guest_ways=(unbind yank) hand_ways=(unbind)
[[ " $* " != *' --long '* ]] || guest_ways=(unbind unload remove yank) hand_ways=(unbind unload remove yank)
for word; do
	case $word in
	--*) continue ;;
	hand-*) hand_ways=("${word#hand-}") guest_ways=() ;;
	*) guest_ways=("$word") hand_ways=() ;;
	esac
done
# All that is limited here ends soon, or hangs for good.
tap_limit=240
sys=/sys/bus/pci/devices
# A card with another one would be another card.
mac=$(<"/sys/class/net/$pf/address")
# What is said of the VF while the kernel waits for the guest, and when it has gone.
leaving="its card $igb loses its driver or is removed, and the kernel waits"
lost="$igb, whose virtual function number 0 it was, "
remedy="'virt-vfio sriov set $igb --vfs N' makes them again"

has_interface() { [[ -d $sys/$igb/net ]]; }
vf_is_gone() { [[ ! -e $sys/$vf0 ]]; }
vf_has_no_driver() { [[ ! -e $sys/$vf0/driver ]]; }

# In the background: it ends when nobody has a VF open any more. Sets what is said of the PF afterwards, and when the VFs can
# be made again.
goes() { # unbind|unload|remove|yank
	writer='' after='is gone too' when='when that card is back, '
	case $1 in
	unbind) echo "$igb" >"$sys/$igb/driver/unbind" & ;;
	unload) modprobe -r igb & ;;
	remove) echo 1 >"$sys/$igb/remove" & ;;
	yank) lab_yank igb0 && return ;;
	esac
	writer=$!
	[[ $1 == remove ]] || after='has none now' when='when that card has its driver again, '
}

comes_back() { # unbind|unload|remove|yank
	case $1 in
	unbind) echo "$igb" >/sys/bus/pci/drivers/igb/bind ;;
	unload) modprobe igb ;;
	remove) echo 1 >/sys/bus/pci/rescan ;;
	yank) lab_plug igb0 igb,netdev=igb0-net,mac=$mac ;;
	esac
	lab_wait 60 has_interface || bail "$igb does not come back after $1"
	pf=$(ls "$sys/$igb/net")
}

new_vfs() { # WHEN
	ip link set "$pf" up
	lab_wait 60 grep -qx up "/sys/class/net/$pf/operstate" || bail "$pf does not come up"
	run virt-vfio sriov set "$igb" --vfs 2
	expect "$1: two VFs" 0 'has 2 virtual functions'
	vf0=$(lab_vf igb0 0)
}

nothing_left() { # WHEN
	journal_empty "$1: the journal is empty"
	is "$1: no settings are noted" "$(leases)" ''
	limited virt-vfio recover
	expect "$1: recover finds nothing more" 0 'Nothing was left behind'
}

# Nobody may wait with the kernel: neither virt-vfio nor libvirt.
answers() { # WHEN
	limited virt-vfio status
	expect "$1: status" 0 "$vf0" "$leaving"
	limited virt-vfio status --json
	expect "$1: status --json" 0 "$vf0" "\"lost\": \"$leaving"
	for verb in list 'sriov list' "sriov list $igb" "show $igb" 'plan a'; do
		# shellcheck disable=SC2086 # the words are arguments
		limited virt-vfio $verb
		ok "$1: $verb answers" test "$run_rc" -lt 4
	done
	limited virt-vfio recover --dry-run
	expect "$1: recover --dry-run" 0 "$vf0" stays "$leaving"
	limited virt-vfio recover
	ok "$1: recover leaves it alone" test -e "$journal/$vf0"
	limited virsh list --all
	expect "$1: libvirt" 0 ' a '
}

under_guest() { # WAY
	local start=$SECONDS writer after when
	limited virt-vfio start a --keep
	expect "$1: start" 0 'a is running'
	is "$1: the VF has its settings" "$(by_ip 0)" "$all_settings"
	goes "$1"
	ok "$1: the VF is on its way out" lab_wait 30 vf_has_no_driver
	ok "$1: and the kernel waits for the guest" test -e "$sys/$vf0"
	answers "$1, while the kernel waits"
	limited virt-vfio stop a --timeout 1 --force
	expect "$1: stop" 0 'a has stopped' "$vf0 is gone from this host" "$lost" "$remedy"
	[[ -z $writer ]] || ok "$1: the kernel goes on" lab_wait 60 gone "$writer"
	ok "$1: the VF is gone" vf_is_gone
	nothing_left "$1"
	limited virt-vfio plan a
	expect "$1: plan" 3 'not-found' "$lost$after" "$when$remedy"
	comes_back "$1"
	new_vfs "$1, it is back"
	note "$1: $((SECONDS - start)) s"
}

under_hand() { # WAY: nobody has the VF open
	local start=$SECONDS writer after when
	limited virt-vfio bind "$vf0"
	expect "$1, by hand: bind" 0
	goes "$1"
	ok "$1, by hand: the kernel does not wait" lab_wait 60 vf_is_gone
	[[ -z $writer ]] || lab_wait 60 gone "$writer" || true
	! [[ $1 == remove || $1 == yank ]] || lab_wait 60 lab_is_gone "$igb" || true
	limited virt-vfio status
	expect "$1, by hand: status" 0 "$vf0" "$lost$after; $when$remedy"
	limited virt-vfio recover --dry-run
	expect "$1, by hand: recover --dry-run" 0 "$vf0" 'is forgotten' "$lost$after; $when$remedy"
	if [[ $1 == unbind ]]; then
		limited virt-vfio release "$vf0"
		expect "$1, by hand: release" 0 "$vf0 is gone from this host" "$lost$after; $when$remedy"
	else
		limited virt-vfio recover
		expect "$1, by hand: recover" 0 "$vf0 is gone from this host" "$lost$after; $when$remedy"
	fi
	nothing_left "$1, by hand"
	comes_back "$1"
	new_vfs "$1, by hand, it is back"
	note "$1, by hand: $((SECONDS - start)) s"
}

new_vfs first
for way in ${hand_ways[@]+"${hand_ways[@]}"}; do under_hand "$way"; done
lab_libvirt
define_vf a '[network wan]' "vf = $pf/0" "${settings[@]}"
for way in ${guest_ways[@]+"${guest_ways[@]}"}; do under_guest "$way"; done
if ((${#guest_ways[@]})); then
	limited virt-vfio start a --keep
	expect 'a guest gets a new one' 0 'a is running'
	is 'with its settings' "$(by_ip 0)" "$all_settings"
	limited virt-vfio stop a --timeout 1 --force
	expect 'and gives it back' 0 'a has stopped'
	nothing_left 'at the end'
fi
tap_done
