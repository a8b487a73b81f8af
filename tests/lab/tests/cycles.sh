#!/usr/bin/env bash
# coverage
# All endpoint devices at once, to VFIO and back, fifty times; and interrupted at any moment.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

cycles=50
[[ ! ${1:-} =~ ^[0-9]+$ ]] || cycles=$1
names=(gpu audio nic0 nic1 igb hba nvme0 nvme1 nvme2 nvme3 usb noacs0 noacs1 edu)
devices=()
for name in "${names[@]}"; do
	! grep -q "^$name " /lab/devices || devices+=("$(lab_dev "$name")")
done
before=$(snapshot)
home=$(drivers "${devices[@]}")
away=$(for _ in "${devices[@]}"; do echo vfio-pci; done | xargs)

open_files() { local used rest && read -r used rest </proc/sys/fs/file-nr && echo "$used"; }
our_processes() {
	local file name count=0
	for file in /proc/[0-9]*/comm; do
		name=''
		{ read -r name <"$file"; } 2>/dev/null || true
		[[ $name != virt-vfio ]] || count=$((count + 1))
	done
	echo "$count"
}

cycle() {
	run virt-vfio bind "${devices[@]}"
	((run_rc == 0)) || { echo "bind: exit code $run_rc: $run_out" && return 1; }
	[[ $(drivers "${devices[@]}") == "$away" ]] || { echo "after bind: $(drivers "${devices[@]}")" && return 1; }
	run virt-vfio release --all
	((run_rc == 0)) || { echo "release: exit code $run_rc: $run_out" && return 1; }
	[[ $(drivers "${devices[@]}") == "$home" ]] || { echo "after release: $(drivers "${devices[@]}")" && return 1; }
}

# The first one loads VFIO, and what the kernel keeps for it is not a leak.
ok 'the first cycle' cycle
unchanged 'drivers, overrides and power settings are as before' "$before"
files=$(open_files) said=''
for ((i = 2; i <= cycles; i++)); do
	said=$(cycle) || { said="cycle $i: $said" && break; }
	((i % 10)) || note "$i cycles, $SECONDS s"
done
is "$cycles cycles of ${#devices[@]} devices: each one took all and gave all back" "$said" ''
unchanged 'drivers, overrides and power settings are as before' "$before"
journal_empty 'the journal is empty'
is 'no process is left' "$(our_processes)" 0
# Udev, libvirt and other bystanders do not run here; what moves the figure is a handful of passing processes.
grown=$(($(open_files) - files))
ok "no file is left open (the kernel counts $grown more)" test "$grown" -lt 100

# --- signals: at whatever moment one comes, each device is either here or there, and the journal says which

consistent() { # is every device taken and journalled, or at home and not; prints taken, home or what is wrong
	local address
	for address in "${devices[@]}"; do
		if [[ -e $journal/$address ]]; then
			grep -q '^state=taken$' "$journal/$address" && [[ $(lab_driver "$address") == vfio-pci ]] && echo taken && continue
		else
			[[ $(lab_driver "$address") != vfio-pci ]] && echo home && continue
		fi
		echo "$address is on $(lab_driver "$address") and the journal says: $(cat "$journal/$address" 2>&1)"
	done | sort -u | xargs -d '\n'
}

interrupt() { # SIGNAL SECONDS: sends it to a bind that is under way
	local job code=0
	# A shell has its background jobs ignore SIGINT.
	(trap - INT && exec virt-vfio bind "${devices[@]}") >"$tap_tmp/interrupted" 2>&1 </dev/null &
	job=$!
	sleep "$2"
	kill -"$1" "$job" 2>/dev/null || true
	wait "$job" || code=$?
	echo "$code $(consistent)"
}

for moment in 'INT 0.02' 'TERM 0.2' 'INT 0.4' 'TERM 0.7' 'HUP 1.0'; do
	# shellcheck disable=SC2086 # signal and seconds
	result=$(interrupt $moment)
	case $result in
	'0 taken' | '1 home' | '130 home' | '143 home' | '129 home') tap_pass "bind and SIG${moment% *} after ${moment#* } s: $result" ;;
	*) tap_fail "bind and SIG${moment% *} after ${moment#* } s" "exit code and devices: $result" "$(<"$tap_tmp/interrupted")" ;;
	esac
	run virt-vfio release --all
	expect 'what was taken can be given back' 0
done
unchanged 'drivers, overrides and power settings are as before' "$before"
journal_empty 'the journal is empty'
is 'no process is left' "$(our_processes)" 0

# Two at once wait for each other, or one is told; none gets in between.
virt-vfio bind "${devices[@]}" >"$tap_tmp/one" 2>&1 </dev/null &
one=$!
virt-vfio bind "${devices[@]}" >"$tap_tmp/two" 2>&1 </dev/null &
two=$! code_one=0 code_two=0
wait "$one" || code_one=$?
wait "$two" || code_two=$?
is 'two binds at once: everything is taken' "$(consistent)" taken
[[ $code_one == 0 || $code_two == 0 ]] && one_done=yes || one_done="no: $code_one and $code_two, $(cat "$tap_tmp/one" "$tap_tmp/two")"
is 'and at least one says so' "$one_done" yes
run virt-vfio release --all
expect 'and all comes back' 0
unchanged 'drivers, overrides and power settings are as before' "$before"
tap_done
