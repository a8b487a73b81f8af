#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov-many
# A drive with 127 virtual functions: made, listed, 64 of them taken and given back. Time and system calls grow with the
# number and no faster.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

sys=/sys/bus/pci/devices
nvme=$(lab_dev nvme0)
now() { date +%s%N; }
ms() { echo $((($(now) - $1) / 1000000)); }
calls() { # COMMAND...: system calls of it and its children
	# LeakSanitizer does not work under ptrace.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -c -o "$tap_tmp/calls" "$@" >/dev/null 2>&1
	awk '$NF == "total" { print $4 }' "$tap_tmp/calls"
}
list_calls() { calls virt-vfio sriov list "$nvme"; }

declare -A made listed asked
for count in 16 32 64 127; do
	start=$(now)
	run virt-vfio sriov set "$nvme" --vfs "$count" --allow sriov-parent
	made[$count]=$(ms "$start")
	expect "$count are made" 0 "$count virtual functions" "$count secondary controllers are online"
	start=$(now)
	run virt-vfio sriov list "$nvme"
	listed[$count]=$(ms "$start")
	is "$count are listed" "$(grep -c ' online, ' <<<"$run_out")" "$count"
	asked[$count]=$(list_calls)
	[[ ${asked[$count]} =~ ^[0-9]+$ ]] || bail 'strace does not count'
	note "$count: made in ${made[$count]} ms, listed in ${listed[$count]} ms with ${asked[$count]} system calls"
done
# What 127 cost more than 64, against what 64 cost more than 16: for what is linear the same for each.
each() { # OF-WHAT FROM TO
	local -n cost=$1
	echo $(((cost[$3] - cost[$2]) * 100 / ($3 - $2)))
}
note "system calls of the list for each more: $(each asked 16 64)/100, then $(each asked 64 127)/100"
ok 'the list asks the kernel no more for each of many than for each of few' \
	test "$(each asked 64 127)" -le "$(($(each asked 16 64) * 12 / 10 + 100))"
ok 'making many takes no more for each than making few, twice over' \
	test "$((made[127] * 100 / 127))" -le "$((made[32] * 200 / 32))"

start=$(now)
{ ip -d -j link && lspci -nnk -D; } >/dev/null
others=$(ms "$start")
note "listed in ${listed[127]} ms; 'ip -d -j link' and 'lspci -nnk' take $others ms"

# 64 of them.
before=$(snapshot)
mapfile -t vfs < <(for ((i = 0; i < 64; i++)); do lab_vf nvme0 "$i"; done)
start=$(now)
run virt-vfio bind "${vfs[@]}"
bound=$(ms "$start")
expect '64 are taken' 0
is 'all of them' "$(drivers "${vfs[@]}" | tr ' ' '\n' | sort | uniq -c | xargs)" '64 vfio-pci'
run virt-vfio sriov list "$nvme"
is 'for somebody' "$(grep -c ' manual ' <<<"$run_out")" 64
run virt-vfio sriov set "$nvme" --vfs 0 --allow sriov-parent
expect 'and the card is not changed under them' 3 'VF 63 is taken by hand'
start=$(now)
run virt-vfio release --all
returned=$(ms "$start")
expect 'they come back' 0
unchanged 'as they were' "$before"
journal_empty 'the journal is empty'
note "64 taken in $bound ms, given back in $returned ms"

# One after the other, as scripts do it: not kept awake, so that each sleeps in D3hot until it is unbound. tests/bench/sriov
# has this and more side by side, in ratios.
start=$(now)
for vf in "${vfs[@]}"; do
	echo vfio-pci >"$sys/$vf/driver_override"
	echo "$vf" >/sys/bus/pci/drivers_probe
done
loop_bound=$(ms "$start")
start=$(now)
for vf in "${vfs[@]}"; do
	echo "$vf" >"$sys/$vf/driver/unbind"
	echo >"$sys/$vf/driver_override"
done
loop_returned=$(ms "$start")
note "a loop of the same writes: $loop_bound ms, and $loop_returned ms back"
start=$(now)
run virt-vfio sriov set "$nvme" --vfs 0 --allow sriov-parent
expect 'all are taken away' 0 '0 virtual functions'
note "taken away in $(ms "$start") ms"
tap_done
