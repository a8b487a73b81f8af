#!/usr/bin/env bash
# Runs on the lab machine sriov-bench, started by tests/bench/sriov: prints one line for each measurement, which
# tests/bench/summarise-sriov turns into the table.
#
#   return ROUND WAY MICROSECONDS         64 NVMe VFs without a host driver, from vfio-pci
#   list VFS ROUND WAY MICROSECONDS       all PFs, with so many VFs on the machine
#   count VFS list|bind|release CALLS     list: with so many NVMe VFs; bind, release: of so many
#   fact NAME VALUE
set -euo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

rounds=$1
sys=/sys/bus/pci/devices
loop=$LAB_BUILD/tests/bench/sriov-loop
returns=(ours alone children serial shell script)
lists=(json text brief whole)
nvme=$(lab_dev nvme0) vfs=() trace=()

perform() { # COMMAND...
	"$@" >/tmp/output 2>/tmp/errors || { cat /tmp/errors >&2 && lab_fail "$* failed"; }
}

# Taking, which is not timed. All but "script" keep the functions awake, as virt-vfio does; a script leaves them to
# vfio-pci, which puts into D3hot what nobody has open.
take() { # WAY
	local vf
	case $1 in
	ours | alone) perform virt-vfio bind "${vfs[@]}" ;;
	script)
		for vf in "${vfs[@]}"; do
			echo vfio-pci >"$sys/$vf/driver_override"
			echo "$vf" >/sys/bus/pci/drivers/vfio-pci/bind
		done
		;;
	*) perform "$loop" one-by-one take "${vfs[@]}" ;;
	esac
	for vf in "${vfs[@]}"; do
		[[ $sys/$vf/driver -ef /sys/bus/pci/drivers/vfio-pci ]] || lab_fail "$1: $vf is not on vfio-pci"
	done
}

# Giving back. What times itself prints it.
give_back() { # WAY
	local vf
	case $1 in
	ours) virt-vfio release "${vfs[@]}" ;;
	alone) "$LAB_BUILD/tests/bench/handover-loop" return 16 "${vfs[@]}" ;;
	children) "$loop" side-by-side return "${vfs[@]}" ;;
	serial) "$loop" one-by-one return "${vfs[@]}" ;;
	shell)
		for vf in "${vfs[@]}"; do
			echo >"$sys/$vf/driver_override"
			echo "$vf" >"$sys/$vf/driver/unbind"
			echo 1 >"$sys/$vf/d3cold_allowed"
		done
		;;
	script)
		for vf in "${vfs[@]}"; do
			echo >"$sys/$vf/driver_override"
			echo "$vf" >"$sys/$vf/driver/unbind"
		done
		;;
	esac
}

# One that did not happen would be a fast one.
verify() { # WAY
	local vf
	for vf in "${vfs[@]}"; do
		[[ ! -e $sys/$vf/driver && $(<"$sys/$vf/driver_override") == '(null)' ]] ||
			lab_fail "$1: $vf is not as before: on '$(lab_driver "$vf")', override $(<"$sys/$vf/driver_override")"
	done
	[[ -z $(compgen -G '/run/virt-vfio/devices/*') ]] || lab_fail "$1: there are journal entries left"
}

measure_return() { # ROUND WAY
	local start end us
	take "$2"
	start=$EPOCHREALTIME # nothing sets this machine's clock
	perform give_back "$2"
	end=$EPOCHREALTIME
	verify "$2"
	us=$((${end/./} - ${start/./}))
	case $2 in alone | children | serial) us=$(</tmp/output) ;; esac
	printf 'return %d %s %d\n' "$1" "$2" "$us"
}

# What somebody types who wants to know the same: who has which VF, its settings and its group. "brief" is without
# the groups; nothing of both tells what an NVMe VF's controller is like.
list() { # WAY
	case $1 in
	json) "${trace[@]}" virt-vfio sriov list --json ;;
	text) "${trace[@]}" virt-vfio sriov list ;;
	brief) ip -s -d -j link && lspci -Dnnk ;;
	whole) ip -s -d -j link && lspci -Dnnkv ;;
	esac
}

count_vfs() { find /sys/bus/pci/devices/*/ -maxdepth 1 -name physfn | wc -l; }

measure_list() { # VFS ROUND WAY
	local start end seen
	start=$EPOCHREALTIME
	perform list "$3"
	end=$EPOCHREALTIME
	case $3 in
	json) seen=$(grep -c '"claimed_by"' /tmp/output) ;;
	text) seen=$(grep -cE '^ +[0-9]+ +[0-9a-f]{4}:' /tmp/output) ;;
	*) seen=$(grep -cE '^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] ' /tmp/output) ;;
	esac
	# lspci has the PFs in these too.
	((seen >= $1)) || lab_fail "$3 knows $seen VFs of $1"
	printf 'list %d %d %s %d\n' "$1" "$2" "$3" $((${end/./} - ${start/./}))
}

all_lists() {
	local round place vf_count
	vf_count=$(count_vfs)
	for way in "${lists[@]}"; do perform list "$way"; done
	for ((round = 0; round < rounds; round++)); do
		for ((place = 0; place < ${#lists[@]}; place++)); do
			measure_list "$vf_count" "$round" "${lists[(round + place) % ${#lists[@]}]}"
		done
	done
}

calls() { # COMMAND...: system calls of it and its children
	perform strace -f -qq -c -o /tmp/calls "$@"
	awk '$NF == "total" { print $4 }' /tmp/calls
}

# The loops are fair only while they do what virt-vfio does.
sysfs_writes() { # COMMAND...
	perform strace -f -qq -y -e trace=write,pwrite64 -o /tmp/writes "$@"
	grep -oE 'write(64)?\([0-9]+</sys/[^>]*>, "[^"]*"' /tmp/writes | sed -E 's/^[^<]*<([^>]*)>, /\1 /' | sort
}
same_writes() { # take|return VERB
	local theirs ours
	if [[ $1 == take ]]; then
		ours=$(sysfs_writes virt-vfio bind "${vfs[0]}")
		perform virt-vfio release "${vfs[0]}"
		theirs=$(sysfs_writes "$loop" one-by-one take "${vfs[0]}")
		perform "$loop" one-by-one return "${vfs[0]}"
	else
		perform virt-vfio bind "${vfs[0]}"
		ours=$(sysfs_writes virt-vfio release "${vfs[0]}")
		perform "$loop" one-by-one take "${vfs[0]}"
		theirs=$(sysfs_writes "$loop" one-by-one return "${vfs[0]}")
	fi
	[[ $ours == "$theirs" ]] || lab_fail "$1: virt-vfio writes" "$ours" 'and the loop' "$theirs"
}

modprobe vfio-pci
printf 'fact kernel %s\nfact accel %s\nfact cpus %d\n' "$(uname -r)" "$LAB_ACCEL" "$(nproc)"
for name in igb0 igb1 igb2 igb3; do
	grep -q "^$name " /lab/devices || continue
	pf=$(lab_dev "$name")
	echo 0 >"$sys/$pf/sriov_drivers_autoprobe"
	cat "$sys/$pf/sriov_totalvfs" >"$sys/$pf/sriov_numvfs"
done
printf 'fact igb %d\n' "$(count_vfs)"
(($(count_vfs) == 0)) || all_lists
printf 'count 0 list %d\n' "$(calls virt-vfio sriov list --json)"
for number in 16 32 64 127; do
	perform virt-vfio sriov set "$nvme" --vfs "$number" --allow sriov-parent
	perform virt-vfio sriov list
	printf 'count %d list %d\n' "$number" "$(calls virt-vfio sriov list --json)"
done
all_lists

for ((number = 0; number < 64; number++)); do vfs+=("$(lab_vf nvme0 "$number")"); done
same_writes take
same_writes return
for way in "${returns[@]}"; do # files come into the cache
	take "$way"
	perform give_back "$way"
	verify "$way"
done
for ((round = 0; round < rounds; round++)); do
	for ((place = 0; place < ${#returns[@]}; place++)); do
		measure_return "$round" "${returns[(round + place) % ${#returns[@]}]}"
	done
done
for number in 16 32 64; do
	printf 'count %d bind %d\n' "$number" "$(calls virt-vfio bind "${vfs[@]:0:number}")"
	printf 'count %d release %d\n' "$number" "$(calls virt-vfio release "${vfs[@]:0:number}")"
done
