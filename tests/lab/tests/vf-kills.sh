#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov
# kill -9 at the steps in which a guest gets a virtual function and gives it back, and at those of the recovery: devices,
# what the card enforces, journal and notes are as before. Most of it through libvirt's hook with a domain's XML, because
# a real guest takes the emulated machine long to start; then in `start` and `stop` themselves. CI kills at some steps,
# --long at every one. tests/unit/test-vf-kill.c has all steps combined with all of the recovery, on a fake kernel.
# shellcheck disable=SC2317 # functions are called through run
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/sweep.sh
. "$LAB_ROOT/tests/lab/tests/sweep.sh"
# shellcheck source=tests/lab/tests/vf-common.sh
. "$LAB_ROOT/tests/lab/tests/vf-common.sh"

sweep_needs_seam
stride=3
[[ $long == no ]] || stride=1
kills=0 trouble=()

# All that the card has of all its VFs, in one process.
enforced() { ip -d -j link show "$pf"; }
# Half a note is none, and stays until the next one.
notes() { find /run/virt-vfio/vfs /run/virt-vfio/sriov "$journal" -type f ! -name '*.new' -printf '%f ' 2>/dev/null || true; }

as_before() { # WHEN: what is not goes to trouble
	lab_wait 10 settled "$before" || trouble+=("$1: $(diff <(echo "$before") <(echo "$tap_snapshot") || true)")
	[[ $(enforced) == "$before_enforced" ]] || trouble+=("$1: $(every_vf)")
	[[ -z $(notes) ]] || trouble+=("$1: noted: $(notes)")
}

# TRUE when it was killed there, FALSE when it had ended before, as it must then.
killed_at() { # STEP COMMAND...
	local step=$1
	shift
	VIRT_VFIO_SEAM=kill=$step run "$@"
	((run_rc == 137)) && kills=$((kills + 1)) && return 0
	((run_rc == 0)) || trouble+=("$*: exit code $run_rc: $run_out")
	return 1
}

# Every second recovery is killed as well, at one of its steps in turn.
recover_at=0
recover_all() { # WHEN
	recover_at=$((recover_at % 14 + 1))
	((recover_at % 2)) || killed_at "$recover_at" virt-vfio recover || true
	run virt-vfio recover
	((run_rc == 0)) || trouble+=("$1: recover: $run_out")
}

told() { # NAME KILLS-BEFORE SECONDS-BEFORE KILLS: at least so many
	is "$1: as before after $((kills - $2)) kills ($((SECONDS - $3)) s)" "${trouble[*]}" ''
	ok "$1: there were some" test $((kills - $2)) -ge "$4"
	trouble=()
}

lab_libvirt
ip link set "$pf" up
two_vfs
# Something to put back.
virt-vfio sriov vf "$pf" 0 --mac 02:00:00:00:00:01 --vlan 7 --rate 50 >/dev/null
pf_up
before_enforced=$(enforced)
define_vf a '[network wan]' "vf = $pf/0" "${settings[@]}"
virsh dumpxml --inactive a >"$tap_tmp/a.xml"

# --- as libvirt calls the hook

hook() { "$LAB_BUILD/hooks/virt-vfio-hook-run" a "$1" begin - <"$tap_tmp/a.xml"; } # OPERATION
hook_fine() {
	run hook "$1"
	((run_rc == 0)) || trouble+=("$1: $run_out")
}
# What libvirt sets itself between its two calls, and what it does not know of: a priority.
libvirts() { ip link set "$pf" vf 0 mac 52:54:00:00:00:0a vlan 20; }
until_here() { # OPERATION: what comes before it
	[[ $1 != prepare ]] || return 0
	hook_fine prepare
	libvirts
	[[ $1 == start ]] || hook_fine start
}

for operation in prepare start release; do
	start=$SECONDS kills_before=$kills
	for ((step = 1; ; step += stride)); do
		until_here "$operation"
		[[ $operation != release ]] || [[ $(by_ip 0) == "$all_settings" ]] || trouble+=("no settings: $(by_ip 0)")
		killed_at "$step" hook "$operation" || break
		recover_all "$operation, step $step"
		as_before "$operation, step $step"
		((${#trouble[@]} == 0)) || break
	done
	hook_fine release
	as_before "$operation, the end"
	told "hook, $operation" "$kills_before" "$start" 2
done
note "$SECONDS s"

# --- a start, and a stop, with a guest

start=$SECONDS kills_before=$kills
VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run virt-vfio start a --keep
expect 'a: start' 0 'a is running'
starts=$(<"$tap_tmp/count")
VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run virt-vfio stop a --timeout 1 --force
expect 'a: stop' 0 'a has stopped'
stops=$(<"$tap_tmp/count")
as_before 'undisturbed'
note "$starts steps to start, $stops to stop; $SECONDS s"

[[ $long == yes ]] && first=1 || first=$starts
# In CI the last one of a start: its guest is there, paused, and has not all of its settings yet.
for ((step = first; step <= starts; step++)); do
	killed_at "$step" virt-vfio start a --keep || trouble+=("start, step $step: not killed")
	run virt-vfio stop a --timeout 1 --force
	((run_rc == 0)) || trouble+=("start, step $step: stop: $run_out")
	as_before "start, step $step"
done
told 'start' "$kills_before" "$start" 1

start=$SECONDS kills_before=$kills
[[ $long == yes ]] && first=1 last=$stops || first=$((stops / 2)) last=$((stops / 2))
for ((step = first; step <= last; step++)); do
	run virt-vfio start a --keep
	((run_rc == 0)) || trouble+=("stop, step $step: start: $run_out")
	killed_at "$step" virt-vfio stop a --timeout 1 --force || trouble+=("stop, step $step: not killed")
	recover_all "stop, step $step"
	as_before "stop, step $step"
done
told 'stop' "$kills_before" "$start" 1
tap_done
