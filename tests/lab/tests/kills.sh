#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sweep
# kill -9 at every step of bind, release, start and of the recovery itself, with one to four devices; then recover.
# With --long every step of each is combined with every step of its recovery: 5,000 kills.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/sweep.sh
. "$LAB_ROOT/tests/lab/tests/sweep.sh"

rng=$(lab_dev rng) edu=$(lab_dev edu) wdt=$(lab_dev wdt) nvme=$(lab_dev nvme)
modprobe vfio-pci
sweep_needs_seam
# Something to put back: an override that was there, power management that was on.
echo pci-stub >"/sys/bus/pci/devices/$edu/driver_override"
echo auto >"/sys/bus/pci/devices/$wdt/power/control"
before=$(snapshot)
sweep_remember "$rng" "$edu" "$wdt" "$nvme"

kills=0 recover_at=0 trouble=''

wrong() { trouble=${trouble:-$1}; } # what is said first counts

succeed() { # COMMAND...
	run "$@"
	((run_rc == 0)) || wrong "$*: exit code $run_rc: $run_out"
}

killed_at() { # STEP COMMAND...: TRUE when it was killed there, FALSE when it had ended before, as it must then
	local step=$1
	shift
	VIRT_VFIO_SEAM=kill=$step run "$@"
	((run_rc != 137)) || kills=$((kills + 1))
	((run_rc == 137 || run_rc == 0)) || wrong "$*: exit code $run_rc: $run_out"
	((run_rc == 137))
}

# From whatever state the kill left, with a recovery that is killed too, and so is the next one, and the one after that:
# sweep_found tells where the devices are. Sets more: is there more to kill in the recovery?
recovered() { # STEP(0: none) DEVICE...
	local step=$1
	shift
	more=no
	if ((step)) && killed_at "$step" virt-vfio recover; then
		more=yes
		killed_at "$((step / 2 + 1))" virt-vfio recover && killed_at "$((step / 4 + 1))" virt-vfio recover || true
	fi
	succeed virt-vfio recover
	sweep_survey "$@"
}

# What may be left taken is so on purpose and goes back when asked; then nothing is left of anything.
finished() { # DEVICE...
	if [[ -z $trouble && $sweep_found == *taken* ]]; then
		succeed virt-vfio release --all
		sweep_survey "$@"
	fi
	[[ $sweep_found == home ]] || wrong "not all are at home: $sweep_found"
	[[ -n $trouble ]] || trouble=$(sweep_leftovers)
}

# Both return FALSE when the verb had ended before the step.
kill_bind() { # STEP RECOVER-STEP DEVICE...
	local step=$1 again=$2 wanted=home ended=0
	shift 2
	if ! killed_at "$step" virt-vfio bind "$@"; then
		ended=1 wanted=taken
		sweep_survey "$@"
	else
		! sweep_committed || wanted=taken
		recovered "$again" "$@"
	fi
	[[ $sweep_found == "$wanted" ]] || wrong "they should be $wanted: $sweep_found"
	finished "$@"
	return "$ended"
}

# Those that it had not begun with stay taken: nobody has said yet that they go back.
kill_release() { # STEP RECOVER-STEP DEVICE...
	local step=$1 again=$2 ended=0
	shift 2
	succeed virt-vfio bind "$@"
	[[ -z $trouble ]] || return 1
	if ! killed_at "$step" virt-vfio release "$@"; then
		ended=1
		sweep_survey "$@"
	else
		recovered "$again" "$@"
	fi
	finished "$@"
	return "$ended"
}

# Each step of the verb; for each, --long tries every step of the recovery, else one of them in turn.
sweep() { # bind|release STRIDE DEVICE...
	local verb=$1 stride=$2 step again start=$SECONDS kills_before=$kills more
	shift 2
	trouble=''
	for ((step = 1; ; step += stride)); do
		for ((again = 0; ; again++)); do
			recover_at=$((recover_at % (4 * $#) + 1))
			[[ $long == yes ]] || again=$recover_at
			"kill_$verb" "$step" "$again" "$@" || break 2
			[[ -z $trouble ]] || break 2
			[[ $long == yes ]] && { ((again == 0)) || [[ $more == yes ]]; } || break
		done
	done
	[[ -z $trouble ]] || trouble="killed at step $step, and its recovery at step $again: $trouble"
	is "$verb of $# devices: as before after $((kills - kills_before)) kills ($((SECONDS - start)) s)" "$trouble" ''
	ok 'nobody holds a lock' sweep_locks_free
}

few=1 many=1 wanted=5000
[[ $long == yes ]] || few=4 many=7 wanted=190
for verb in bind release; do
	sweep "$verb" 1 "$rng"
	sweep "$verb" 1 "$edu" "$wdt"
	sweep "$verb" "$few" "$wdt" "$edu" "$rng"
	sweep "$verb" "$many" "$rng" "$edu" "$wdt" "$nvme"
done
until ((kills >= wanted || tap_failed)); do
	sweep bind "$few" "$wdt" "$rng"
	sweep release "$few" "$nvme" "$edu"
done
unchanged 'drivers, overrides and power settings are as before' "$before"

# --- a start that fails: libvirt refuses after everything was taken, and the way back is killed as well

cat >/usr/local/bin/qemu-unwilling <<'QEMU'
#!/bin/bash
case " $* " in
*' -machine none'*) exec /usr/bin/qemu-system-x86_64 "$@" ;;
esac
if [[ -e /run/patience ]]; then
	echo 'thinking about it' >&2
	sleep 6
fi
exit 1
QEMU
chmod 755 /usr/local/bin/qemu-unwilling
lab_libvirt
define unwilling "$rng;$wdt" 'vm:emulator = /usr/local/bin/qemu-unwilling'
VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run virt-vfio start --wait unwilling
expect 'a start that fails gives its devices back' 1 'did not start'
steps=$(<"$tap_tmp/count")
ok "it takes many steps ($steps)" test "$steps" -gt 20

stride=1 start=$SECONDS kills_before=$kills trouble=''
[[ $long == yes ]] || stride=$((steps / 5))
for ((step = 2; step <= steps && ${#trouble} == 0; step += stride)); do
	killed_at "$step" virt-vfio start --wait unwilling || wrong "not killed, but exit code $run_rc: $run_out"
	recovered "$((step % 7))" "$rng" "$wdt"
	# The domain is off and has nobody who waits for it: what was taken for it goes back without being asked.
	[[ $sweep_found == home ]] || wrong "not at home: $sweep_found"
	finished "$rng" "$wdt"
done
[[ -z $trouble ]] || trouble="killed at step $((step - stride)): $trouble"
is "start: as before after $((kills - kills_before)) kills ($((SECONDS - start)) s)" "$trouble" ''

# Killed while libvirt is at it: nobody may take the devices away under a guest that is about to come up.
touch /run/patience
start_background unwilling --wait
ok 'QEMU is on its way' lab_expect 30 /var/log/libvirt/qemu/unwilling.log 'thinking about it'
kill -KILL "${tap_jobs[unwilling]}"
finish_background unwilling 5 2>/dev/null
run virt-vfio recover
expect 'recover, while the domain is coming up' 0
is 'leaves its devices alone' "$(drivers "$rng" "$wdt")" 'vfio-pci vfio-pci'
domain_is_off() { [[ $(virsh domstate unwilling) == 'shut off' ]]; }
ok 'the domain has not come up' lab_wait 30 domain_is_off
run virt-vfio recover
expect 'recover, when it has failed' 0
ok 'nobody holds a lock' sweep_locks_free
unchanged 'drivers, overrides and power settings are as before' "$before"
journal_empty 'the journal is empty'
ok "these were enough: $kills kills in $SECONDS s" test "$kills" -ge "$((wanted + 10))"
tap_done
