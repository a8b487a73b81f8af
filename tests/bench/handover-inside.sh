#!/usr/bin/env bash
# Runs on the lab machine, started by tests/bench/handover: measures and prints one line for each measurement, which
# tests/bench/summarise turns into the table.
#
#   time ROUND TOOL take|return MICROSECONDS        all devices
#   count TOOL take|return SYSCALLS PROCESSES WRITES  all devices; WRITES are those to /sys
#   fact NAME VALUE
set -euo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

rounds=$1
host_driver=e1000e
tools=(floor forked ours serial alone virsh driverctl)
devices=() detach='' reattach='' trace=()
for ((number = 0; number < 16; number++)); do
	devices+=("$(lab_dev "nic$number")")
	detach+="nodedev-detach pci_${devices[-1]//[:.]/_} --driver vfio;"
	reattach+="nodedev-reattach pci_${devices[-1]//[:.]/_};"
done

# What is measured. Each of these is called with "take" or "return"; the program starts are part of it.
floor() { # [MODE]
	local mode=one-by-one
	[[ -z ${2:-} ]] || mode=$2
	case $1 in
	take) "${trace[@]}" "$LAB_BUILD/floor" "$mode" take "${devices[@]}" ;;
	return) "${trace[@]}" "$LAB_BUILD/floor" "$mode" return "$host_driver" "${devices[@]}" ;;
	esac
}

forked() { floor "$1" side-by-side; }

ours() { # take|return [OPTION...]
	case $1 in
	take) "${trace[@]}" virt-vfio bind "${@:2}" "${devices[@]}" ;;
	return) "${trace[@]}" virt-vfio release "${@:2}" "${devices[@]}" ;;
	esac
}

serial() { ours "$1" --parallel 1; }

# The same without what comes before it: the plan, what the host would lose, the start of the program. It says itself
# how long that took.
alone() { "${trace[@]}" "$LAB_BUILD/tests/bench/handover-loop" "$1" 1 "${devices[@]}"; }

virsh() {
	case $1 in
	take) "${trace[@]}" /usr/bin/virsh -q "$detach" ;;
	return) "${trace[@]}" /usr/bin/virsh -q "$reattach" ;;
	esac
}

driverctl() {
	local device
	for device in "${devices[@]}"; do
		case $1 in
		take) "${trace[@]}" /usr/sbin/driverctl --nosave set-override "$device" vfio-pci ;;
		return) "${trace[@]}" /usr/sbin/driverctl --nosave unset-override "$device" ;;
		esac
	done
}

# A hand-over that did not happen would be a fast one.
verify() { # TOOL take|return
	local device driver=vfio-pci override=vfio-pci
	[[ $2 == take ]] || driver=$host_driver override='(null)'
	for device in "${devices[@]}"; do
		[[ /sys/bus/pci/devices/$device/driver -ef /sys/bus/pci/drivers/$driver ]] ||
			lab_fail "$1 $2: $device is on '$(lab_driver "$device")' and not on $driver"
		[[ $(<"/sys/bus/pci/devices/$device/driver_override") == "$override" ]] ||
			lab_fail "$1 $2: driver_override of $device is not $override"
	done
	[[ $2 != return ]] || [[ -z $(compgen -G '/run/virt-vfio/devices/*') ]] ||
		lab_fail 'there are journal entries left'
}

perform() { # TOOL take|return
	"$1" "$2" >/tmp/output 2>&1 || { cat /tmp/output >&2 && lab_fail "$1 $2 failed"; }
}

measure() { # ROUND TOOL take|return
	local start end
	start=$EPOCHREALTIME # nothing sets this machine's clock
	perform "$2" "$3"
	end=$EPOCHREALTIME
	verify "$2" "$3"
	if [[ $2 == alone ]]; then
		printf 'time %d %s %s %d\n' "$1" "$2" "$3" "$(</tmp/output)"
		return
	fi
	printf 'time %d %s %s %d\n' "$1" "$2" "$3" $((${end/./} - ${start/./}))
}

count() { # TOOL take|return
	local daemon='' runs=1 calls children
	rm -f /tmp/calls /tmp/calls-daemon
	if [[ $1 == virsh ]]; then # the work is done in the daemon
		strace -f -qq -y -o /tmp/calls-daemon -p "$(</run/libvirtd.pid)" 2>/dev/null &
		daemon=$!
		lab_wait 20 test -s /tmp/calls-daemon || true
	fi
	trace=(strace -f -qq -y -A -o /tmp/calls)
	perform "$1" "$2"
	trace=()
	[[ -z $daemon ]] || { kill "$daemon" && wait "$daemon"; } || true
	verify "$1" "$2"
	calls=$(cat /tmp/calls* | grep -cvE 'resumed>|^[0-9]+ +(\+\+\+|---)' || true)
	# Forks by their results: one that a signal interrupted is tried again. The program itself is a process too.
	children=$(cat /tmp/calls* | grep -cE '^[0-9]+ +(<\.\.\. )?(clone|v?fork)(\(| resumed).* = [0-9]+$' || true)
	[[ $1 != driverctl ]] || runs=${#devices[@]}
	printf 'count %s %s %d %d %d\n' "$1" "$2" "$calls" $((children + runs)) \
		"$(cat /tmp/calls* | grep -cE '^[0-9]+ +write\([0-9]+</sys/' || true)"
}

modprobe vfio-pci
lab_libvirt
printf 'fact devices %d\nfact kernel %s\nfact accel %s\nfact cpus %d\n' "${#devices[@]}" "$(uname -r)" "$LAB_ACCEL" "$(nproc)"
for tool in "${tools[@]}"; do # files come into the cache, modules are loaded
	for direction in take return; do
		perform "$tool" "$direction"
		verify "$tool" "$direction"
	done
done
for ((round = 0; round < rounds; round++)); do
	for ((place = 0; place < ${#tools[@]}; place++)); do
		tool=${tools[(round + place) % ${#tools[@]}]}
		for direction in take return; do
			measure "$round" "$tool" "$direction"
		done
	done
done
command -v strace >/dev/null || exit 0
for tool in "${tools[@]}"; do
	for direction in take return; do
		count "$tool" "$direction"
	done
done
