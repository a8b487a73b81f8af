#!/usr/bin/env bash
# Runs on the lab machine functions500, started by tests/bench/scan: measures while there are more and more functions, and
# prints one line for each measurement, which tests/bench/summarise-scan turns into the table.
#
#   time FUNCTIONS ROUND TOOL MICROSECONDS     the whole command, program start included
#   inner FUNCTIONS ROUND MICROSECONDS         one scan inside of a program that runs
#   count FUNCTIONS TOOL SYSCALLS EXECS FORKS  FUNCTIONS 0: an empty machine, which is what starting the program costs
#   memory FUNCTIONS TOOL KIB                  the most that was resident
#   fact NAME VALUE
set -euo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

rounds=$1
tools=(scan list json lspci)
trace=() sysroot=() lspci_options=()

# What is measured. The output goes to a file, as a pipe's reader would take part of the time.
scan() { "${trace[@]}" "$LAB_BUILD/tests/bench/scan-loop" "${1:-1}"; }
list() { "${trace[@]}" virt-vfio "${sysroot[@]}" list; }
json() { "${trace[@]}" virt-vfio "${sysroot[@]}" list --json; }
lspci() { "${trace[@]}" /usr/bin/lspci "${lspci_options[@]}" -Dvmmnnk; }
# Refused, for it is the boot display; what that costs is the same.
plan() { "${trace[@]}" virt-vfio plan "$(lab_dev hostvga)" || (($? == 3)); }

functions() { printf '%s\n' /sys/bus/pci/devices/* | wc -l; }

perform() { # TOOL [ARGUMENT]
	"$@" >/tmp/output 2>/tmp/errors || { cat /tmp/errors >&2 && lab_fail "$* failed"; }
}

# A list that is short would be a fast one.
verify() { # TOOL FUNCTIONS
	local seen
	case $1 in
	scan) read -r seen _ </tmp/output ;;
	json) seen=$(grep -c '^ *"boot_vga"' /tmp/output) ;;
	lspci) seen=$(grep -c '^Slot' /tmp/output) ;;
	list) # without bridges
		seen=$(($(wc -l </tmp/output) - 1 + $(cat /sys/bus/pci/devices/*/class | grep -c '^0x06')))
		;;
	esac
	((seen == $2)) || lab_fail "$1 knows $seen functions of $2"
}

measure() { # FUNCTIONS ROUND TOOL
	local start end
	start=$EPOCHREALTIME # nothing sets this machine's clock
	perform "$3"
	end=$EPOCHREALTIME
	verify "$3" "$1"
	printf 'time %d %d %s %d\n' "$1" "$2" "$3" $((${end/./} - ${start/./}))
}

inner() { # FUNCTIONS ROUND
	local us
	read -r _ us < <(scan 5)
	printf 'inner %d %d %d\n' "$1" "$2" "$us"
}

# strace -c adds up threads and children too; a name that is not in the table was never called.
called() { # NAME...
	awk -v names=" $* " 'index(names, " " $NF " ") { sum += $4 } END { print sum + 0 }' /tmp/calls
}

count() { # FUNCTIONS TOOL [ARGUMENT]
	trace=(strace -f -qq -c -o /tmp/calls)
	perform "${@:2}"
	trace=()
	printf 'count %d %s %d %d %d\n' "$1" "$2${3:-}" "$(called total)" "$(called execve execveat)" \
		"$(called fork vfork clone clone3)"
}

memory() { # FUNCTIONS TOOL
	trace=(/usr/bin/time -q -f %M -o /tmp/memory)
	perform "$2"
	trace=()
	printf 'memory %d %s %d\n' "$1" "$2" "$(tail -n 1 /tmp/memory)"
}

everything() {
	local number round place tool
	number=$(functions)
	for ((round = 0; round < rounds; round++)); do
		for ((place = 0; place < ${#tools[@]}; place++)); do
			measure "$number" "$round" "${tools[(round + place) % ${#tools[@]}]}"
		done
		inner "$number" "$round"
	done
	for tool in list json lspci plan; do count "$number" "$tool"; done
	# What the second and the third scan of a program add is two scans.
	count "$number" scan 1
	count "$number" scan 3
	for tool in scan list json lspci; do memory "$number" "$tool"; done
}

# A module that is not loaded yet is looked for by every plan; here it is the devices that count.
modprobe vfio-pci
printf 'fact kernel %s\nfact accel %s\nfact cpus %d\n' "$(uname -r)" "$LAB_ACCEL" "$(nproc)"
for tool in "${tools[@]}"; do perform "$tool"; done # files come into the cache
mkdir -p /tmp/empty/sys/bus/pci/{devices,slots,drivers/vfio-pci}
sysroot=(--sysroot /tmp/empty) lspci_options=(-O sysfs.path=/tmp/empty/sys/bus/pci)
for tool in list json lspci; do count 0 "$tool"; done
sysroot=() lspci_options=()
everything
for name in nvme0 nvme1 nvme2 nvme3; do
	path=/sys/bus/pci/devices/$(lab_dev "$name")
	echo 0 >"$path/sriov_drivers_autoprobe"
	cat "$path/sriov_totalvfs" >"$path/sriov_numvfs"
	everything
done
