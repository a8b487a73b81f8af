# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands that may hang, source it after tap.sh. In state D not even SIGKILL ends them, so timeout(1), which waits for what
# it has killed, would hang as well: the test ends instead, and says where the command waits.

# shellcheck disable=SC2034,SC2154 # shares the variables of tap.sh and of the test

# Seconds that no command here may need.
tap_limit=60

run_start() { # COMMAND...: in the background; run_join waits for it
	run_words=$* tap_started=${EPOCHREALTIME/./}
	"$@" >"$tap_tmp/limited" 2>&1 </dev/null &
	tap_job=$!
}

run_join() { # sets run_rc, run_out and run_ms
	if ! lab_wait "$tap_limit" gone "$tap_job"; then
		note "$(<"$tap_tmp/limited")" "$(cat "/proc/$tap_job/wchan" "/proc/$tap_job/stack")"
		bail "after $tap_limit s it still runs: $run_words"
	fi
	run_rc=0
	wait "$tap_job" || run_rc=$?
	run_ms=$(((${EPOCHREALTIME/./} - tap_started) / 1000))
	run_out=$(<"$tap_tmp/limited")
}

limited() { run_start "$@" && run_join; }
