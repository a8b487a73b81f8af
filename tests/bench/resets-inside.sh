#!/usr/bin/env bash
# Runs on the lab machine nvmes16, started by tests/bench/resets: resets NVMe drives, and prints one line for each
# measurement, which tests/bench/summarise-resets turns into the table.
#
#   time ROUND WAY FUNCTIONS MICROSECONDS
#   fact NAME VALUE
set -euo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

rounds=$1
ways=('workers 1' 'workers 16' 'forked 1' 'forked 16' 'serial 16')

measure() { # ROUND WAY FUNCTIONS
	local us
	us=$("$LAB_BUILD/tests/bench/resets-loop" "$2" "${devices[@]:0:$3}") || lab_fail "$2 of $3 failed"
	# An FLR waits for 100 ms (PCI Express Base Specification, 6.6.2): less was no reset.
	((us >= 100000)) || lab_fail "$2: $3 resets in $us us"
	printf 'time %d %s %d %d\n' "$1" "$2" "$3" "$us"
}

devices=()
for ((number = 0; number < 16; number++)); do devices+=("$(lab_dev "nvme$number")"); done
# Awake, as the program keeps what it took: out of D3hot a reset has more to do.
virt-vfio bind "${devices[@]}" >/tmp/output 2>&1 || { cat /tmp/output >&2 && lab_fail 'they cannot be taken'; }
for device in "${devices[@]}"; do echo flr >"/sys/bus/pci/devices/$device/reset_method"; done
printf 'fact kernel %s\nfact accel %s\nfact cpus %d\n' "$(uname -r)" "$LAB_ACCEL" "$(nproc)"
measure 0 workers 16 >/dev/null # files come into the cache
for ((round = 0; round < rounds; round++)); do
	for ((place = 0; place < ${#ways[@]}; place++)); do
		read -r way functions <<<"${ways[(round + place) % ${#ways[@]}]}"
		measure "$round" "$way" "$functions"
	done
done
