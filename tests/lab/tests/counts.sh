#!/usr/bin/env bash
# How many system calls a function costs the scan and list --json, and that nothing is done by another program: counts, so
# no test of time. tests/bench/scan measures the same with 500 functions, and the time.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

# LeakSanitizer cannot work beside strace. What the sanitizers do with memory is not the program's.
calls=0
count() { # COMMAND...
	ASAN_OPTIONS+=:detect_leaks=0 strace -f -qq -c -e 'trace=!%memory' -o "$tap_tmp/calls" -- "$@" >/dev/null 2>"$tap_tmp/said" ||
		(($? == 3)) || bail "$* failed: $(<"$tap_tmp/said")"
	calls=$(called total)
}

called() { # NAME...: by the last count
	awk -v names=" $* " 'index(names, " " $NF " ") { sum += $4 } END { print sum + 0 }' "$tap_tmp/calls"
}

functions() { find /sys/bus/pci/devices -type l | wc -l; }

at_most() { # NAME CALLS LIMIT-EACH
	if (($2 <= $3 * $(functions))); then
		tap_pass "$1: $((($2 * 10) / $(functions)))/10 each"
	else
		tap_fail "$1" "$2 calls for $(functions) functions; $3 each are allowed" "$(<"$tap_tmp/calls")"
	fi
}

no_programs() { # NAME: strace counts the execve that starts the program
	is "$1" "$(called execve execveat)" 1
}

no_children() {
	is "$1" "$(called fork vfork clone clone3)" 0
}

scan_costs() { # NAME
	local first
	count "$LAB_BUILD/tests/bench/scan-loop" 1
	first=$calls
	count "$LAB_BUILD/tests/bench/scan-loop" 3
	at_most "$1" $(((calls - first) / 2)) 6
	no_programs "$1: no other program"
	no_children "$1: no child"
}

list_costs() { # NAME
	count virt-vfio list --json
	at_most "$1" $((calls - start)) 24
	no_programs "$1: no other program"
	no_children "$1: no child"
}

# Starting the program costs what it costs on an empty machine.
mkdir -p "$tap_tmp/empty/sys/bus/pci"/{devices,drivers/vfio-pci}
count virt-vfio --sysroot "$tap_tmp/empty" list --json
start=$calls

count virt-vfio list --json
unloaded=$calls
modprobe vfio-pci
count virt-vfio list --json
if ((unloaded - calls <= 200)); then
	tap_pass "whether there is a vfio-pci module is asked once: $((unloaded - calls)) calls"
else
	tap_fail 'whether there is a vfio-pci module is asked once' "$((unloaded - calls)) calls more than with the module loaded"
fi

scan_costs 'scan'
list_costs 'list --json'
count virt-vfio list
no_programs 'list: no other program'
no_children 'list: no child'

# As many virtual functions as there may be; more of the same must not cost more each.
for name in nvme0 igb; do
	grep -q "^$name " /lab/devices || continue
	path=/sys/bus/pci/devices/$(lab_dev "$name")
	echo 0 >"$path/sriov_drivers_autoprobe"
	cat "$path/sriov_totalvfs" >"$path/sriov_numvfs"
done
scan_costs 'scan with VFs'
list_costs 'list --json with VFs'

# On vfio-pci a device has a journal entry, its group's name is asked for, and whether a process has it open.
taken=("$(lab_dev edu)" "$(lab_dev gpu)" "$(lab_dev audio)" "$(lab_dev hba)" "$(lab_dev nvme1)" "$(lab_dev nvme2)")
count virt-vfio bind "${taken[@]}"
no_programs 'bind: no other program'
is 'bind: they are taken' "$(drivers "${taken[@]}")" "$(printf 'vfio-pci %.0s' "${taken[@]}" | sed 's/ $//')"
scan_costs 'scan with six taken'
list_costs 'list --json with six taken'
for verb in "plan $(lab_dev nic0)" "show $(lab_dev nic0)" status; do
	# shellcheck disable=SC2086 # the verb's words
	count virt-vfio $verb
	no_programs "${verb%% *}: no other program"
done
count virt-vfio release --all
no_programs 'release: no other program'
journal_empty 'and given back'
tap_done
