#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sweep
# Many cycles of bind and release, 2,000 with --long: neither the kernel nor the program holds more at the end.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/sweep.sh
. "$LAB_ROOT/tests/lab/tests/sweep.sh"

edu=$(lab_dev edu) rng=$(lab_dev rng) wdt=$(lab_dev wdt) nvme=$(lab_dev nvme)
devices=("$edu" "$rng" "$wdt" "$nvme")
modprobe vfio-pci
before=$(snapshot)
sweep_remember "${devices[@]}"
cycles=24 every=4
[[ $long == no ]] || cycles=2000 every=100

# Sets free_kib, slab_kib and files: what the kernel has left, what it cannot drop, and how many files it has open.
measure() {
	local key value rest
	# What can be given up at once is not in use; the second time drops what the first one has made free to go.
	echo 3 >/proc/sys/vm/drop_caches
	echo 3 >/proc/sys/vm/drop_caches
	while read -r key value rest; do
		case $key in
		MemAvailable:) free_kib=$value ;;
		SUnreclaim:) slab_kib=$value ;;
		esac
	done </proc/meminfo
	read -r files rest </proc/sys/fs/file-nr
}

cycle() {
	run virt-vfio bind "${devices[@]}"
	((run_rc == 0)) || { echo "bind: exit code $run_rc: $run_out" && return 1; }
	sweep_survey "${devices[@]}"
	[[ $sweep_found == taken ]] || { echo "after bind: $sweep_found" && return 1; }
	run virt-vfio release --all
	((run_rc == 0)) || { echo "release: exit code $run_rc: $run_out" && return 1; }
	sweep_survey "${devices[@]}"
	[[ $sweep_found == home ]] || { echo "after release: $sweep_found" && return 1; }
}

# --- the program, again and again. The first cycles load what the kernel then keeps.
said=''
for _ in 1 2 3 4 5; do said+=$(cycle) || break; done
measure
first_slab=$slab_kib first_files=$files start=$SECONDS
lock_files=("$locks"/*)
# What is available goes up and down by 30 MiB, with what the share of the host's files keeps. The best of the first third
# and the best of the last third do so by less; a leak lowers both.
early=0 late=0
for ((i = 1; i <= cycles && ${#said} == 0; i++)); do
	said=$(cycle) || said="cycle $i: $said"
	if ((i % every == 0)); then
		measure
		((i > cycles / 3 || free_kib < early)) || early=$free_kib
		((i <= cycles * 2 / 3 || free_kib < late)) || late=$free_kib
		note "cycle $i: $free_kib KiB available, $slab_kib KiB of slab that stays, $files files, $((SECONDS - start)) s"
	fi
done
is "$cycles cycles of ${#devices[@]} devices: each one took all and gave all back" "$said" ''

# In 2,000 cycles 12 KiB of each would show, and of the slab 2 KiB.
ok "memory: $((early - late)) KiB less than at first" test $((early - late)) -lt 24576
ok "slab: $((slab_kib - first_slab)) KiB more than before" test $((slab_kib - first_slab)) -lt 4096
ok "files: $((files - first_files)) more open than before" test $((files - first_files)) -lt 100
is 'nothing is left behind' "$(sweep_leftovers)" ''
ok 'nobody holds a lock' sweep_locks_free
lock_files_now=("$locks"/*)
is 'no lock file more' "${lock_files_now[*]}" "${lock_files[*]}"

# --- one process that goes on. ASan must not keep what was freed.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1:quarantine_size_mb=0:thread_local_quarantine_size_kb=0 run \
	"$LAB_BUILD/tests/lab/cycler" $((cycles * 2)) "$every" "$edu" "$rng"
while read -r line; do note "cycle, resident KiB, allocated bytes, files: $line"; done <<<"$run_out"
expect "$((cycles * 2)) cycles in one process" 0
read -r _ first_kib first_bytes first_files < <(sed -n 2p <<<"$run_out")
read -r _ last_kib last_bytes last_files < <(tail -n 1 <<<"$run_out")
is 'what it has allocated' "$last_bytes" "$first_bytes"
# The kernel may give it a huge page or two for what it has.
ok "its memory: from $first_kib to $last_kib KiB" test $((last_kib - first_kib)) -lt 6144
is 'its descriptors' "$last_files" "$first_files"
unchanged 'drivers, overrides and power settings are as before' "$before"
journal_empty 'the journal is empty'
tap_done
