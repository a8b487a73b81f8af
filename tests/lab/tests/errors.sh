#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sweep
# Every step of bind, release and recover fails once with each errno, and once never ends; and the journal's disk is full.
# Each time what was begun is undone, or said and brought back by recover.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/sweep.sh
. "$LAB_ROOT/tests/lab/tests/sweep.sh"

rng=$(lab_dev rng) edu=$(lab_dev edu) wdt=$(lab_dev wdt) nvme=$(lab_dev nvme) nic=$(lab_dev nic)
modprobe vfio-pci
sweep_needs_seam
echo pci-stub >"/sys/bus/pci/devices/$edu/driver_override"
echo auto >"/sys/bus/pci/devices/$wdt/power/control"
before=$(snapshot)
sweep_remember "$rng" "$edu" "$wdt" "$nvme" "$nic"

faults=0 trouble=''

wrong() { trouble=${trouble:-$1}; } # what is said first counts

succeed() { # COMMAND...
	run "$@"
	((run_rc == 0)) || wrong "$*: exit code $run_rc: $run_out"
}

# TRUE when the step was reached. The exit code is in run_rc, the number of steps in count.
failed_at() { # STEP ERRNO COMMAND...
	local step=$1 errno=$2
	shift 2
	VIRT_VFIO_SEAM=fail=$step:$errno VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run "$@"
	count=$(<"$tap_tmp/count")
	((step <= count)) || return 1
	faults=$((faults + 1))
	((run_rc <= 1)) || wrong "$*: exit code $run_rc: $run_out"
	# A failure that changes nothing for the user needs no words; any other names the device, or the journal's file of it.
	((run_rc == 0)) || [[ $run_out == *"virt-vfio: "*:* ]] || wrong "it does not say what failed: $run_out"
}

# Whatever has stayed behind was said, and comes back when asked.
brought_back() { # DEVICE...
	sweep_survey "$@"
	if [[ $sweep_found != home ]]; then
		((run_rc != 0)) || wrong "it says that all is well: $sweep_found"
		succeed virt-vfio recover
		sweep_survey "$@"
	fi
	# With a release that did not even begin, they are still taken by hand.
	[[ $sweep_found != *taken* ]] || succeed virt-vfio release --all
	sweep_survey "$@"
	[[ $sweep_found == home ]] || wrong "not all are at home: $sweep_found"
	[[ -n $trouble ]] || trouble=$(sweep_leftovers)
}

fail_bind() { # STEP ERRNO DEVICE...
	local step=$1 errno=$2
	shift 2
	failed_at "$step" "$errno" virt-vfio bind "$@" || { succeed virt-vfio release --all && return 1; }
	# All or nothing.
	sweep_survey "$@"
	if ((run_rc == 0)); then
		[[ $sweep_found == taken ]] || wrong "it says that all are taken: $sweep_found"
		succeed virt-vfio release --all
	else
		[[ $sweep_found == home ]] || wrong "not rolled back: $sweep_found; it said: $run_out"
	fi
	brought_back "$@"
}

fail_release() { # STEP ERRNO DEVICE...
	local step=$1 errno=$2
	shift 2
	succeed virt-vfio bind "$@"
	[[ -z $trouble ]] || return 1
	failed_at "$step" "$errno" virt-vfio release "$@" || { brought_back "$@" && return 1; }
	brought_back "$@"
}

# After a bind that was killed in the middle, when its devices are half there.
fail_recover() { # STEP ERRNO DEVICE...
	local step=$1 errno=$2
	shift 2
	VIRT_VFIO_SEAM=kill=$((7 * $#)) run virt-vfio bind "$@"
	((run_rc == 137)) || wrong "bind was not killed: exit code $run_rc: $run_out"
	failed_at "$step" "$errno" virt-vfio recover || { brought_back "$@" && return 1; }
	brought_back "$@"
}

sweep() { # VERB ERRNO DEVICE...
	local verb=$1 errno=$2 step start=$SECONDS faults_before=$faults
	shift 2
	trouble=''
	for ((step = 1; ; step++)); do
		"fail_$verb" "$step" "${!errno}" "$@" || break
		[[ -z $trouble ]] || break
	done
	[[ -z $trouble ]] || trouble="at step $step: $trouble"
	is "$verb of $# devices, $errno at each of $((faults - faults_before)) steps ($((SECONDS - start)) s)" "$trouble" ''
	((faults > faults_before)) || tap_fail 'no step has failed'
}

# Each errno with each verb; --long with more devices. Who fails at the same step with another errno takes the same way
# through the program, so CI spreads them over single devices.
sweep bind EIO "$wdt"
sweep bind EBUSY "$edu"
sweep bind ENODEV "$rng"
sweep bind ENOSPC "$nic"
sweep release EIO "$wdt"
sweep release EBUSY "$rng"
sweep release ENODEV "$nic"
sweep release ENOSPC "$edu"
sweep recover EIO "$rng"
sweep recover ENODEV "$edu"
sweep bind EIO "$rng" "$wdt"
sweep release EIO "$rng" "$wdt"
if [[ $long == yes ]]; then
	for errno in EIO EBUSY ENODEV ENOSPC; do
		for verb in bind release recover; do
			sweep "$verb" "$errno" "$wdt"
			sweep "$verb" "$errno" "$edu" "$wdt"
			sweep "$verb" "$errno" "$rng" "$wdt" "$nvme"
			sweep "$verb" "$errno" "$rng" "$edu" "$wdt" "$nic"
		done
	done
fi
unchanged 'drivers, overrides and power settings are as before' "$before"

# --- steps that never end: a worker's runs into its deadline, the program's own ends when somebody kills it

hang_at() { # STEP COMMAND... &: its exit code, and in FILE what it said
	local step=$1
	shift
	VIRT_VFIO_SEAM=hang=$step timeout -s KILL 10 "$@" >"$tap_tmp/hang-$step" 2>&1 </dev/null
}

# Four at a time, each with a device of its own: nearly all of the time is waiting.
hang_all() { # bind|release STEP...
	local verb=$1 step i=0 code jobs=() steps=()
	local devices=("$rng" "$edu" "$wdt" "$nic")
	shift
	[[ $verb == bind ]] || succeed virt-vfio bind "${devices[@]}"
	for step; do
		hang_at "$step" virt-vfio "$verb" --deadline 2 "${devices[i]}" &
		jobs+=($!) steps+=("$step") i=$((i + 1))
	done
	for ((i = 0; i < ${#jobs[@]}; i++)); do
		code=0
		wait "${jobs[i]}" || code=$?
		hung+="${steps[i]}:$code "
		[[ $code != 1 || $(<"$tap_tmp/hang-${steps[i]}") == *"${devices[i]}"*'no answer in time'* ]] ||
			wrong "step ${steps[i]} hung, and it said: $(<"$tap_tmp/hang-${steps[i]}")"
		faults=$((faults + 1))
	done
	succeed virt-vfio recover
	sweep_survey "${devices[@]}"
	[[ $sweep_found != *taken* ]] || succeed virt-vfio release --all
	run_rc=1
	brought_back "${devices[@]}"
}

for verb in bind release; do
	trouble='' hung='' start=$SECONDS
	for step in 1 5; do hang_all "$verb" "$step" $((step + 1)) $((step + 2)) $((step + 3)); done 2>/dev/null
	is "$verb: steps that never end ($((SECONDS - start)) s)" "$trouble" ''
	# The first ones are the journal's, then come the worker's.
	[[ $hung == *:137\ * && $hung == *:1\ * ]] && found=yes || found=no
	is "some were the program's own, others a worker's: $hung" "$found" yes
done
unchanged 'drivers, overrides and power settings are as before' "$before"

# --- a full disk under the journal, really

journal_empty 'the journal is empty'
fill() {
	local count=0
	if [[ $full == blocks ]]; then
		dd if=/dev/zero of=/run/virt-vfio/ballast bs=4k 2>/dev/null || true
	else
		while true >"/run/virt-vfio/ballast$count"; do count=$((count + 1)); done 2>/dev/null
	fi
}

for full in blocks inodes; do
	mount -t tmpfs -o "size=64k,nr_inodes=$([[ $full == blocks ]] && echo 1k || echo 12)" tmpfs /run/virt-vfio
	fill
	run virt-vfio bind "$rng" "$wdt"
	expect "no $full left: bind fails and names the cause" 1 'No space left on device' /run/virt-vfio
	unchanged "no $full left: nothing was changed" "$before"
	rm /run/virt-vfio/ballast*
	run virt-vfio bind "$rng" "$wdt"
	expect 'with room it works' 0
	fill
	run virt-vfio bind "$edu"
	expect "no $full left: the next bind fails" 1 'No space left on device'
	is 'and takes nothing' "$(drivers "$edu")" none
	run virt-vfio release "$rng"
	expect "no $full left: release works" 0
	VIRT_VFIO_SEAM=kill=5 run virt-vfio release "$wdt"
	expect "no $full left: release is killed" 137
	run virt-vfio recover
	expect "no $full left: recover works" 0
	run virt-vfio release --all
	expect "no $full left: and so does a second release" 0
	unchanged "no $full left: all is as before" "$before"
	journal_empty 'the journal is empty'
	umount /run/virt-vfio
done
note "$faults faults in $SECONDS s"
ok 'nobody holds a lock' sweep_locks_free
tap_done
