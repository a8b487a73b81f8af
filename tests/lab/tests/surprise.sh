#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: hang
# Cards that leave while they are taken, used, or given back: torn out, or by the slot's attention button. The command ends
# and says which one is gone, the others come back, and the journal does not remember what is not there.
# shellcheck disable=SC2317 # some functions are called through ok and lab_wait
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/limited.sh
. "$LAB_ROOT/tests/lab/tests/limited.sh"
# shellcheck source=tests/lab/inside/blocking.sh
. "$LAB_ROOT/tests/lab/inside/blocking.sh"
# shellcheck source=tests/lab/inside/hotplug.sh
. "$LAB_ROOT/tests/lab/inside/hotplug.sh"

# How many cards leave at random moments, of each kind: bind and release.
rounds=6
[[ ${1:-} != --long ]] || rounds=60

lab_blocking_load || bail 'there is no driver that blocks'
bad0=$(lab_dev bad0) bad1=$(lab_dev bad1) nic=$(lab_dev nic) audio=$(lab_dev audio) usb=$(lab_dev usb)
names=(bad0 nic audio usb)
devices=("$bad0" "$nic" "$audio" "$usb")
declare -A model=([bad0]=edu [bad1]=edu [nic]='e1000e,netdev=nic-net,mac=02:1a:b0:00:03:00' [audio]=intel-hda [usb]=qemu-xhci)
declare -A home=([$bad0]=blocking_driver [$bad1]=blocking_driver [$nic]=e1000e [$audio]=snd_hda_intel [$usb]=xhci_hcd)
before=$(snapshot)

has_driver() { [[ $(lab_driver "$1") == "${home[$1]}" ]]; } # ADDRESS

put_back() { # NAME...: those that are gone
	local name address
	for name; do
		address=$(address_of "$name")
		! lab_is_there "$address" || continue
		lab_plug "$name" "${model[$name]}" || return 1
		lab_wait 20 lab_is_there "$address" && lab_wait 20 has_driver "$address" || return 1
	done
}
# lab_dev asks sysfs, which does not know what is gone.
address_of() { local -n address_ref=$1 && echo "$address_ref"; }

# Every card is at home and not in the journal, or on vfio-pci and in it as taken, or gone and not in the journal. Prints
# what is wrong.
inconsistent() { # ADDRESS...
	local address driver entry
	for address; do
		entry=none
		[[ ! -e $journal/$address ]] || entry=$(sed -n 's/^state=//p' "$journal/$address")
		driver=gone
		! lab_is_there "$address" || driver=$(lab_driver "$address")
		case "$driver $entry" in
		'gone none' | 'vfio-pci taken' | "${home[$address]} none") ;;
		*) echo "$address: driver ${driver:-none}, journal $entry" ;;
		esac
	done
}

consistent() { is "$1: devices and journal agree" "$(inconsistent "${devices[@]}" "$bad1")" ''; } # NAME

all_as_before() { # NAME
	journal_empty "$1: the journal is empty"
	lab_knobs_off "$bad0" "$bad1"
	ok "$1: the card is plugged in again and has its driver" put_back bad0 bad1 nic audio usb
	# Only for the sake of the next part, after a failure of this one.
	[[ ! $(ls -A "$journal" 2>/dev/null) ]] || limited virt-vfio release --all
	unchanged "$1: everything is as before" "$before"
}

# --- the ways out, without us

lab_yank nic
ok 'a card can be torn out' lab_wait 5 lab_is_gone "$nic"
ok 'the kernel takes that for a surprise' lab_wait 5 bash -c 'dmesg | grep -q "pciehp: Slot(.*): Card not present"'
lab_eject audio
ok 'a card leaves by its attention button' lab_wait 15 lab_is_gone "$audio"
all_as_before 'without us'

# --- in the middle of bind: the program is held at a known point by a driver that takes 3 s

yank() { lab_yank "$1" && lab_wait 10 lab_is_gone "$(address_of "$1")"; }         # NAME
eject() { lab_eject "$1" >/dev/null && lab_wait 20 lab_is_gone "$(address_of "$1")"; } # NAME

lab_knob "$bad0" remove_seconds 3
run_start virt-vfio bind "${devices[@]}"
lab_wait 10 lab_blocks "$bad0" remove || bail 'bind does not get as far as the unbind'
yank nic
run_join
# The other one had been taken by then, or was just being: what is true at the end is what counts.
expect 'bind, and another card is torn out: it fails and names that card' 1 "$nic"
consistent 'bind, torn out'
is 'the rest has come back' "$(drivers "$bad0" "$audio" "$usb")" 'blocking_driver snd_hda_intel xhci_hcd'
ok 'the journal has no trace of it' test ! -e "$journal/$nic"
all_as_before 'bind, torn out'

# The card that the worker is busy with.
lab_knob "$bad0" remove_seconds 3
run_start virt-vfio bind "${devices[@]}"
lab_wait 10 lab_blocks "$bad0" remove || bail 'bind does not get as far as the unbind'
lab_yank bad0
run_join
expect 'bind, and the card that is being unbound is torn out: it fails and names that card' 1 "$bad0"
ok 'it is gone' lab_wait 10 lab_is_gone "$bad0"
consistent 'bind, torn out under the worker'
is 'the rest has come back' "$(drivers "$nic" "$audio" "$usb")" 'e1000e snd_hda_intel xhci_hcd'
all_as_before 'bind, torn out under the worker'

# --- while taken

for way in yank eject; do
	limited virt-vfio bind "${devices[@]}"
	expect "$way while taken: all are taken" 0
	"$way" nic
	ok "$way while taken: the card leaves vfio-pci" lab_is_gone "$nic"
	limited virt-vfio status
	expect "$way while taken: status still answers" 0 "$nic"
	limited virt-vfio bind "$nic"
	expect "$way while taken: it cannot be bound again" 3 not-found "$nic"
	limited virt-vfio release --all
	expect "$way while taken: release gives the others back, and forgets it" 0 "$bad0" "$audio" "$usb"
	consistent "$way while taken"
	all_as_before "$way while taken"
done

# It comes back before we look: then it has its host driver, and there is nothing left to do.
limited virt-vfio bind "${devices[@]}"
expect 'replugged: all are taken' 0
yank usb
put_back usb
limited virt-vfio release --all
expect 'replugged: release gives all back' 0 "$usb"
consistent 'replugged'
all_as_before 'replugged'

limited virt-vfio bind "${devices[@]}"
expect 'replugged and bound again: all are taken' 0
yank usb
put_back usb
limited virt-vfio bind "$usb"
expect 'replugged and bound again: it can be taken' 0
is 'replugged and bound again: it is on vfio-pci' "$(drivers "$usb")" vfio-pci
limited virt-vfio release --all
expect 'replugged and bound again: release gives all back' 0 "$usb"
consistent 'replugged and bound again'
all_as_before 'replugged and bound again'

# --- in the middle of release: held by a probe that takes 3 s

limited virt-vfio bind "${devices[@]}"
expect 'release: all are taken' 0
lab_knob "$bad0" probe_seconds 3
run_start virt-vfio release --all
lab_wait 10 lab_blocks "$bad0" probe || bail 'release does not get as far as the probe'
yank nic
run_join
expect 'release, and another card is torn out: nothing to complain about' 0
consistent 'release, torn out'
all_as_before 'release, torn out'

limited virt-vfio bind "${devices[@]}"
expect 'release: all are taken again' 0
lab_knob "$bad0" probe_seconds 3
run_start virt-vfio release --all
lab_wait 10 lab_blocks "$bad0" probe || bail 'release does not get as far as the probe'
lab_yank bad0
run_join
note "exit code $run_rc" "$run_out"
ok 'release, and the card that is being bound is torn out: it is gone' lab_wait 10 lab_is_gone "$bad0"
limited virt-vfio release --all
expect 'release, torn out under the worker: nothing is left to do' 0
consistent 'release, torn out under the worker'
all_as_before 'release, torn out under the worker'

# --- a program holds the device: then its removal waits for that program, and the slot with it

holder() { # ADDRESS: opens the device as a guest would, says so, and keeps it until it is killed
	exec python3 - "$1" "$(lab_group "$1")" <<-'PYTHON'
		import fcntl, os, struct, sys, time
		VFIO = 0x3b64  # linux/vfio.h: _IO(';', 100 + n)
		container = os.open("/dev/vfio/vfio", os.O_RDWR)
		group = os.open("/dev/vfio/" + sys.argv[2], os.O_RDWR)
		fcntl.ioctl(group, VFIO + 4, struct.pack("i", container))  # VFIO_GROUP_SET_CONTAINER
		fcntl.ioctl(container, VFIO + 2, 1)  # VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU
		device = fcntl.ioctl(group, VFIO + 6, sys.argv[1].encode() + b"\0")  # VFIO_GROUP_GET_DEVICE_FD
		open("/run/holder-ready", "w").close()
		time.sleep(600)
	PYTHON
}
limited virt-vfio bind "${devices[@]}"
expect 'held: all are taken' 0
rm -f /run/holder-ready
(holder "$nic") >"$tap_tmp/holder" 2>&1 &
held_by=$!
lab_wait 20 test -e /run/holder-ready || bail "the device cannot be opened: $(<"$tap_tmp/holder")"
lab_yank nic
sleep 1
ok 'held: the card is out, and the kernel waits for the program' lab_is_there "$nic"
is 'held: what is read from it is nothing' "$(setpci -s "$nic" VENDOR_ID.w 2>&1)" ffff
for words in status list "show $nic" "plan $audio"; do
	# shellcheck disable=SC2086 # the words are arguments
	limited virt-vfio $words
	ok "held: virt-vfio $words ends (exit code $run_rc)" test "$run_rc" -lt 4
	ok "held: and at once ($run_ms ms)" test "$run_ms" -lt 5000
done
limited virt-vfio release "$nic"
expect 'held: release refuses while it is held' 3 process-holds "$nic"
limited virt-vfio release "$bad0" "$audio" "$usb"
expect 'held: the others can be given back' 0
kill -KILL "$held_by"
wait "$held_by" 2>/dev/null || true
ok 'held: the program ends, and the card is gone' lab_wait 20 lab_is_gone "$nic"
limited virt-vfio release --all
expect 'held: release forgets it' 0
consistent 'held'
all_as_before 'held'

# --- at random moments

# Milliseconds that a whole one takes here: moments are drawn from that.
declare -A duration=() ports=()
limited virt-vfio bind "${devices[@]}"
duration[bind]=$run_ms
limited virt-vfio release --all
duration[release]=$run_ms
note "bind takes ${duration[bind]} ms, release ${duration[release]} ms"
# Looked up beforehand, because every process takes tens of milliseconds here.
for name in "${names[@]}"; do ports[$name]=$(lab_dev "$name-port"); done

RANDOM=20240
sweep() { # bind|release ROUND
	local verb=$1 name=${names[RANDOM % 4]} way=yank delay
	(($2 % 4)) || way=eject
	delay=$((RANDOM % ${duration[$verb]}))
	moment="round $2: $way of $name after $delay ms"
	if [[ $verb == release ]]; then
		limited virt-vfio bind "${devices[@]}"
		((run_rc == 0)) || { echo "bind: exit code $run_rc: $run_out" && return 1; }
	fi
	if [[ $way == eject ]]; then
		# The button counts five seconds first.
		lab_eject "$name" >/dev/null &
		sleep 4.8
	fi
	if [[ $verb == bind ]]; then
		run_start virt-vfio bind "${devices[@]}"
	else
		run_start virt-vfio release --all
	fi
	was_code=none
	sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
	[[ $way == eject ]] || lab_yank_port "${ports[$name]}"
	run_join
	was_code=$run_rc
	lab_wait 20 lab_is_gone "$(address_of "$name")" || { echo "$name does not leave" && return 1; }
	case $verb-$run_rc in
	# Whichever came first. A refusal: it was gone before the plan was made.
	bind-0 | bind-1 | bind-3 | release-0) ;;
	release-1) [[ $run_out == *"$(address_of "$name")"* ]] || { echo "exit code 1, but not for the card that left" && return 1; } ;;
	*) echo "exit code $run_rc" && return 1 ;;
	esac
	limited virt-vfio release --all
	((run_rc == 0)) || { echo "release: exit code $run_rc: $run_out" && return 1; }
	inconsistent "${devices[@]}" "$bad1" >"$tap_tmp/wrong"
	[[ ! -s $tap_tmp/wrong && ! $(ls -A "$journal") ]] || { cat "$tap_tmp/wrong" && ls "$journal" && return 1; }
	put_back "$name" || { echo "$name does not come back" && return 1; }
}

for verb in bind release; do
	declare -A codes=()
	wrong='' moment=''
	for ((round = 1; round <= rounds; round++)); do
		# Not in a subshell, which could not wait for the job.
		sweep "$verb" "$round" >"$tap_tmp/sweep" || wrong+="$moment: $(<"$tap_tmp/sweep")"$'\n'"$run_words: $run_out"$'\n'
		codes[$was_code]=$((${codes[$was_code]:-0} + 1))
	done
	is "$verb: $rounds cards leave at random moments, and all ends well" "$wrong" ''
	all_as_before "$verb, at random moments"
	# If the cards always left too early or too late, this would have tested nothing.
	note "$verb: exit codes $(for code in "${!codes[@]}"; do printf '%s: %d times, ' "$code" "${codes[$code]}"; done) $SECONDS s so far"
done
tap_done
