#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: hang
# A driver that blocks in unbind or in probe, for a while or for ever: the command ends in time and says so, the other
# devices come back, and nothing that is asked later hangs in its turn.
# shellcheck disable=SC2317 # some functions are called through ok and lab_wait
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/limited.sh
. "$LAB_ROOT/tests/lab/tests/limited.sh"
# shellcheck source=tests/lab/inside/blocking.sh
. "$LAB_ROOT/tests/lab/inside/blocking.sh"

lab_blocking_load || bail 'there is no driver that blocks'
bad0=$(lab_dev bad0) bad1=$(lab_dev bad1) nic=$(lab_dev nic) audio=$(lab_dev audio) usb=$(lab_dev usb)
good=("$nic" "$audio" "$usb")
home='e1000e snd_hda_intel xhci_hcd'
is 'every device has its driver' "$(drivers "${good[@]}" "$bad0" "$bad1")" "$home blocking_driver blocking_driver"
before=$(snapshot)

# Seconds for a device that hangs, and milliseconds that a command may take on top.
deadline=4 options=(--deadline 4) grace=2000

timed() { # COMMAND...
	limited "$@"
	note "$run_ms ms: $*"
}

within() { # NAME MILLISECONDS
	if ((run_ms <= $2)); then tap_pass "$1"; else tap_fail "$1" "took $run_ms ms, more than $2: $run_words" "$run_out"; fi
}

workers() { # how many of our processes wait in state D, where no signal reaches
	local process name state count=0
	for process in /proc/[0-9]*; do
		{ read -r name <"$process/comm" && read -r _ _ state _ <"$process/stat"; } 2>/dev/null || continue
		[[ $name != virt-vfio || $state != D ]] || count=$((count + 1))
	done
	echo "$count"
}

state() { # ADDRESS: "STATE NOTE" as status --json has it
	virt-vfio status --json | python3 -c '
import json, sys
for device in json.load(sys.stdin)["devices"]:
    if device["address"] == sys.argv[1]:
        print(device["state"], device["note"])
' "$1"
}

stuck_in() { # NAME ADDRESS WORD...: status says where it waits
	local name=$1 said word
	said=$(state "$2")
	shift 2
	for word in 'stuck ' 'blocking_driver_wait' "$@"; do
		[[ $said == *"$word"* ]] || { tap_fail "$name" "not said: $word" "status says: $said" && return 0; }
	done
	tap_pass "$name"
}

settle_all() { # puts everything back after a part, and proves it
	lab_knobs_off "$bad0" "$bad1"
	lab_wait 60 no_worker || true
	is "$1: no worker is left when the driver lets go" "$(workers)" 0
	timed virt-vfio release --all
	expect "$1: all can be given back then" 0
	unchanged "$1: everything is as before" "$before"
	journal_empty "$1: the journal is empty"
}
no_worker() { [[ $(workers) == 0 ]]; }

# What the good ones alone take on this machine, there and back, is not the hanging device's fault.
timed virt-vfio bind "${good[@]}" # loads VFIO
((run_rc == 0)) || bail "the good ones cannot be bound: $run_out"
timed virt-vfio release --all
timed virt-vfio bind "${good[@]}"
grace=$((grace + run_ms))
timed virt-vfio release --all
grace=$((grace + run_ms))
unchanged 'the good ones are back' "$before"
note "on top of a deadline: $grace ms"

# --- a driver that is slow, but not too slow

lab_knob "$bad0" remove_seconds 2
timed virt-vfio bind "${options[@]}" "$bad0" "${good[@]}"
expect 'remove takes 2 s: all are taken' 0
is 'and are on vfio-pci' "$(drivers "$bad0" "${good[@]}")" 'vfio-pci vfio-pci vfio-pci vfio-pci'
lab_knob "$bad0" probe_seconds 2
timed virt-vfio release "${options[@]}" --all
expect 'probe takes 2 s: all come back' 0
settle_all 'slow driver'

# --- unbind blocks for ever

lab_knob "$bad0" remove_seconds -1
timed virt-vfio bind "${options[@]}" "$bad0" "${good[@]}"
expect 'remove blocks: bind fails and names the device' 1 "$bad0" stuck
within 'and ends in time' "$((deadline * 1000 + grace))"
is 'the others are back on their drivers' "$(drivers "${good[@]}")" "$home"
ok 'the driver is really blocked' lab_blocks "$bad0" remove
is 'one worker was left behind' "$(workers)" 1
stuck_in 'status: stuck, and where in the kernel' "$bad0" blocking_driver_remove unbind
is 'the journal has this one only' "$(ls -A "$journal")" "$bad0"

quick() { # NAME CODE TEXT... -- WORD...: the program answers at once and leaves no new worker
	local name=$1 code=$2 texts=()
	shift 2
	while [[ $1 != -- ]]; do texts+=("$1") && shift; done
	shift
	timed virt-vfio "$@"
	expect "$name" "$code" "${texts[@]}"
	# Less than the 15 s that it would wait for a driver: a busy machine may be slow, but nobody waited.
	within "$name: waits for nobody" 10000
	is "$name: no new worker" "$(workers)" "$stuck_workers"
}
stuck_workers=1
quick 'bind the stuck device again' 3 stuck "$bad0" -- bind "$bad0"
quick 'bind it and good ones' 3 stuck "$bad0" -- bind "$bad0" "${good[@]}"
is 'the good ones were not touched' "$(drivers "${good[@]}")" "$home"
quick 'plan with it' 3 stuck "$bad0" -- plan "$bad0"
quick 'status' 0 stuck "$bad0" -- status
quick 'list' 0 "$bad0" -- list
quick 'list --json' 0 "$bad0" -- list --json
quick 'show it' 0 "$bad0" -- show "$bad0"
quick 'give it back' 3 "$bad0" stuck -- release "$bad0"
quick 'give all back' 3 "$bad0" stuck -- release --all
quick 'recover' 1 "$bad0" 'stays stuck' -- recover
quick 'bind the good ones' 0 -- bind "${good[@]}"
quick 'give all back: the good ones come' 1 "$bad0" stuck -- release --all
is 'and are at home' "$(drivers "${good[@]}")" "$home"
quick 'bind the other edu, which has the same driver' 0 -- bind "$bad1"
quick 'and give it back' 0 -- release "$bad1"
stuck_in 'the note has not been lost' "$bad0" blocking_driver_remove
settle_all 'unbind for ever'

# --- two at once cost one deadline

lab_knob "$bad0" remove_seconds -1
lab_knob "$bad1" remove_seconds -1
timed virt-vfio bind "${options[@]}" "$bad0" "$bad1" "${good[@]}"
expect 'two block: bind fails and names both' 1 "$bad0" "$bad1" stuck
within 'two block: in the time of one' "$((deadline * 1000 + grace))"
is 'two block: the others are back' "$(drivers "${good[@]}")" "$home"
is 'two block: two workers were left behind' "$(workers)" 2
settle_all 'two for ever'

# --- it lets go, but too late

lab_knob "$bad0" remove_seconds "$((deadline + 3))"
timed virt-vfio bind "${options[@]}" "$bad0" "$nic"
expect 'remove takes longer than allowed: bind fails' 1 "$bad0" stuck
lab_wait 20 no_worker || true
is 'later it has let go' "$(workers) $(drivers "$bad0")" '0 none'
timed virt-vfio recover "${options[@]}"
expect 'then recover gives it back' 0 "$bad0"
is 'and it is at home' "$(drivers "$bad0")" blocking_driver
settle_all 'too late'

# --- the way back: the host driver's probe blocks

timed virt-vfio bind "${options[@]}" "$bad0" "${good[@]}"
expect 'all are taken' 0
lab_knob "$bad0" probe_seconds -1
timed virt-vfio release "${options[@]}" --all
expect 'probe blocks: release fails and names the device' 1 "$bad0" stuck
within 'probe blocks: and ends in time' "$((deadline * 1000 + grace))"
is 'probe blocks: the others are home' "$(drivers "${good[@]}")" "$home"
ok 'probe blocks: really' lab_blocks "$bad0" probe
stuck_in 'probe blocks: status says where' "$bad0" blocking_driver_probe
is 'probe blocks: the journal has this one only' "$(ls -A "$journal")" "$bad0"
quick 'release again' 3 "$bad0" stuck -- release "$bad0"
quick 'bind the one that is on its way back' 3 "$bad0" stuck -- bind "$bad0"
quick 'list while probe blocks' 0 "$bad0" -- list
settle_all 'probe for ever'

# --- the way back: the host driver does not want it any more

timed virt-vfio bind "${options[@]}" "$bad0" "${good[@]}"
expect 'all are taken again' 0
lab_knob "$bad0" probe_error 5
timed virt-vfio release "${options[@]}" --all
expect 'probe fails: release says why' 1 "$bad0" blocking_driver 'Input/output error'
is 'probe fails: the others are home' "$(drivers "${good[@]}")" "$home"
ok 'probe fails: the journal remembers it' test -s "$journal/$bad0"
timed virt-vfio release "${options[@]}" "$bad0"
expect 'probe fails: so it does the second time' 1 "$bad0" 'Input/output error'
settle_all 'probe fails'

# --- and while taking, the way back after a failure

lab_knob "$bad0" remove_seconds 2
lab_knob "$bad0" probe_seconds -1
lab_knob "$bad1" remove_seconds -1
timed virt-vfio bind "${options[@]}" "$bad0" "$bad1" "$nic"
expect 'one blocks in unbind, the other on its way back: bind fails' 1 "$bad0" "$bad1" stuck
within 'and ends after two deadlines' "$((2 * deadline * 1000 + grace))"
is 'the good one is back' "$(drivers "$nic")" e1000e
settle_all 'both ways'
tap_done
