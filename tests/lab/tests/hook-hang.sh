#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: hang
# A device whose driver blocks, while libvirt waits for the hook: virsh gets its answer within the 30 s that libvirt's
# clients wait, the other devices go home, and the daemon serves everybody else meanwhile.
# shellcheck disable=SC2317 # some functions are called through ok and lab_wait
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/limited.sh
. "$LAB_ROOT/tests/lab/tests/limited.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"
# shellcheck source=tests/lab/inside/blocking.sh
. "$LAB_ROOT/tests/lab/inside/blocking.sh"

lab_blocking_load || bail 'there is no driver that blocks'
bad=$(lab_dev bad0) nic=$(lab_dev nic) audio=$(lab_dev audio)
home='blocking_driver e1000e snd_hda_intel'
is 'every device has its driver' "$(drivers "$bad" "$nic" "$audio")" "$home"
before=$(snapshot)

hook_installed
lab_libvirt
define three "$bad;$nic;$audio"
define other "$(lab_dev usb)"

ask_start
answered 'at rest' other

during() { # NAME KNOB-WORD COMMAND...: while it runs and the driver blocks, the daemon answers; sets run_rc, run_out, run_ms
	local name=$1 word=$2
	shift 2
	run_start "$@"
	ok "$name: the driver is really blocked" lab_wait 20 lab_blocks "$bad" "$word"
	answered "$name: meanwhile" other
	run_join
	note "$run_ms ms: $*"
	if ((run_ms < 30000)); then tap_pass "$name: within 30 s"; else tap_fail "$name: within 30 s" "$run_ms ms"; fi
}

settled_again() { # NAME
	lab_knobs_off "$bad"
	lab_wait 60 no_worker || true
	run virt-vfio recover
	expect "$1: the driver lets go, and recover brings it home" 0
	unchanged "$1: everything is as before" "$before"
	journal_empty "$1: the journal is empty"
	answered "$1" three
}
no_worker() { # in state D, where no signal reaches
	local process name state
	for process in /proc/[0-9]*; do
		{ read -r name <"$process/comm" && read -r _ _ state _ <"$process/stat"; } 2>/dev/null || continue
		[[ $name != virt-vfio* || $state != D ]] || return 1
	done
}

# --- unbind blocks for ever, in prepare
lab_knob "$bad" remove_seconds -1
during 'unbind for ever' remove virsh start three
expect 'unbind for ever: the start fails, and says of which device' 1 "$bad" 'Failed to start domain'
is 'unbind for ever: the others are at home' "$(drivers "$nic" "$audio")" 'e1000e snd_hda_intel'
run virt-vfio status
expect 'unbind for ever: status knows' 0 "$bad" stuck blocking_driver_remove
run_start virsh start three
run_join
expect 'a second start: refused at once, nothing hangs in its turn' 1 stuck "$bad"
if ((run_ms < 20000)); then tap_pass 'a second start: waits for nobody'; else tap_fail 'a second start: waits for nobody' "$run_ms ms"; fi
settled_again 'unbind for ever'

# --- probe blocks for ever, in release
run virsh start three
expect 'start' 0 started
lab_knob "$bad" probe_seconds -1
during 'probe for ever' probe virsh destroy three
expect 'probe for ever: the domain stops' 0 destroyed
is 'probe for ever: the others are at home' "$(drivers "$nic" "$audio")" 'e1000e snd_hda_intel'
run virt-vfio status
expect 'probe for ever: status knows' 0 "$bad" stuck blocking_driver_probe
settled_again 'probe for ever'
tap_done
