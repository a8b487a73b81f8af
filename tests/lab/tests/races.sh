#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sweep
# Two and eight at once want overlapping sets of devices: never two owners, never a deadlock, and each loser is told who
# was quicker. As many rounds as fit a minute; with --long a thousand each.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/sweep.sh
. "$LAB_ROOT/tests/lab/tests/sweep.sh"

edu=$(lab_dev edu) edu1=$(lab_dev edu1) edu2=$(lab_dev edu2) edu3=$(lab_dev edu3) rng=$(lab_dev rng)
devices=("$edu" "$edu1" "$edu2" "$edu3" "$rng")
modprobe vfio-pci
before=$(snapshot)
sweep_remember "${devices[@]}"

rounds=1000 seconds=22 commands=8
[[ $long == no ]] || seconds=0 commands=100
seed=${VIRT_VFIO_RACE_SEED:-$RANDOM}

for racers in 2 8; do
	start=$SECONDS code=0
	said=$("$LAB_BUILD/tests/lab/racer" "$rounds" "$seconds" "$racers" "$seed" "${devices[@]}" 2>&1) || code=$?
	if ((code == 0 && said >= 5)); then
		tap_pass "$said races of $racers for ${#devices[@]} devices ($((SECONDS - start)) s, seed $seed)"
	else
		tap_fail "races of $racers for ${#devices[@]} devices (seed $seed)" "exit code $code" "$said"
	fi
	is 'nothing is left behind' "$(sweep_leftovers)" ''
	unchanged 'drivers, overrides and power settings are as before' "$before"
done

# The same with the program itself. All that is taken by hand has one owner, but who came second wants something that is
# not free any more, and must not get the rest of it.
race() { # DEVICE...: "bind A B" against "bind B C"; sets said to what is wrong
	local first=("$edu" "$rng") second=("$@") code_first=0 code_second=0 loser job entries
	virt-vfio bind "${first[@]}" >"$tap_tmp/first" 2>&1 </dev/null &
	job=$!
	virt-vfio bind "${second[@]}" >"$tap_tmp/second" 2>&1 </dev/null || code_second=$?
	wait "$job" || code_first=$?
	case $code_first,$code_second in
	0,3) loser=second && sweep_survey "${first[@]}" ;;
	3,0) loser=first && sweep_survey "${second[@]}" ;;
	*) said="exit codes $code_first and $code_second: $(cat "$tap_tmp/first" "$tap_tmp/second")" && return ;;
	esac
	winners+="$loser lost, "
	[[ $sweep_found == taken ]] || said="the winner's are not taken: $sweep_found"
	[[ $(<"$tap_tmp/$loser") == *claimed*"$rng"*'by hand'* || $(<"$tap_tmp/$loser") == *"$rng"*claimed*'by hand'* ]] ||
		said="the loser does not say what was claimed: $(<"$tap_tmp/$loser")"
	entries=("$journal"/*)
	((${#entries[@]} == 2)) || said="the loser has left something: ${entries[*]}"
}

winners='' said='' start=$SECONDS
for ((round = 0; round < commands && ${#said} == 0; round++)); do
	race "$rng" "${devices[round % 3 + 1]}"
	run virt-vfio release --all
	((run_rc == 0)) || said=${said:-$run_out}
	sweep_survey "${devices[@]}"
	[[ $sweep_found == home ]] || said="${said:-$sweep_found}"
done
is "$commands races of two commands ($((SECONDS - start)) s): ${winners%, }" "$said" ''
is 'nothing is left behind' "$(sweep_leftovers)" ''
unchanged 'drivers, overrides and power settings are as before' "$before"
ok 'nobody holds a lock' sweep_locks_free
tap_done
