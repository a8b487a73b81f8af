# shellcheck shell=bash
# Turns a machine file into QEMU arguments. Sourced by run.
#
# Result: machine_args (QEMU arguments), machine_devices (lines NAME SLOT BEHIND FUNCTION [DISK], from which the inside of the
# lab finds each device again), machine_settings (what "set" lines said).

# shellcheck disable=SC2154,SC2034 # shares the variables of run

machine_args=()
machine_devices=
declare -A machine_settings=()

# Slots 0x1a and up of the root complex belong to the lab's own devices and the chipset.
machine_last_slot=25

machine_fail() { printf 'lab: %s:%d: %s\n' "$machine_file" "$machine_line" "$1" >&2 && exit 2; }

# QEMU without igb (before 8.0) can still run a machine whose igb is marked optional.
# Its exit code does not tell: QEMU 7.2 answers 0 for a model that it does not know.
machine_has_model() { [[ $("${qemu[@]}" -machine q35 -device "$1,help" 2>/dev/null) == "$1 options:"* ]]; }

machine_disk() { # NAME SIZE: a throwaway disk that says whose it is in its first block
	local path=$machine_folder/$1.raw
	truncate -s "$2" "$path"
	printf 'virt-vfio lab disk %s\n' "$1" | dd of="$path" conv=notrunc status=none
	machine_args+=(-drive "if=none,id=$1-disk,file=$path,format=raw,cache=unsafe,file.locking=off")
}

# What has to stand in front of a device: a network to be plugged into, a subsystem for SR-IOV.
machine_before() { # NAME MODEL PROPERTIES
	case $2 in
	e1000* | igb | rtl8139 | vmxnet3 | virtio-net*)
		# One hub joins all NICs, so that they have a link and can talk to each other, and to nothing else.
		machine_args+=(-netdev "hubport,id=$1-net,hubid=0")
		machine_extra+=,netdev=$1-net,mac=02:1a:b0:00:$(printf '%02x:%02x' "$machine_slot" "$machine_function")
		;;
	nvme)
		machine_extra+=,serial=lab-$1
		if [[ $3 == *sriov_max_vfs=* ]]; then
			machine_args+=(-device "nvme-subsys,id=$1-subsys,nqn=lab-$1")
			machine_extra+=,subsys=$1-subsys
		fi
		;;
	esac
}

machine_namespace() { # NAME SUFFIX SIZE[,PROPERTY...]: one more disk of an NVMe drive
	machine_disk "$1-$2" "${3%%,*}"
	machine_args+=(-device "nvme-ns,drive=$1-$2-disk,bus=$1${3#"${3%%,*}"}")
}

machine_after() { # NAME MODEL DISK CHILD DISK2 DISK3
	if [[ -n $3 ]]; then
		machine_disk "$1" "${3%%,*}"
		case $2 in
		nvme) machine_args+=(-device "nvme-ns,drive=$1-disk,bus=$1${3#"${3%%,*}"}") ;;
		*xhci*) machine_args+=(-device "usb-storage,drive=$1-disk,bus=$1.0") ;;
		megasas* | mptsas* | lsi* | virtio-scsi*) machine_args+=(-device "scsi-hd,drive=$1-disk,bus=$1.0,serial=lab-$1") ;;
		ich9-ahci | ahci) machine_args+=(-device "ide-hd,drive=$1-disk,bus=$1.0,serial=lab-$1") ;;
		*) machine_fail "a $2 takes no disk" ;;
		esac
	fi
	[[ -z $5$6 || $2 == nvme ]] || machine_fail "a $2 takes no second disk"
	[[ -z $5 ]] || machine_namespace "$1" second "$5"
	[[ -z $6 ]] || machine_namespace "$1" third "$6"
	[[ $4 != hda-* ]] || machine_args+=(-audiodev "none,id=$1-sound")
	[[ -z $4 ]] || machine_args+=(-device "$4,bus=$1.0$([[ $4 != hda-* ]] || echo ",audiodev=$1-sound")")
}

machine_device() { # BUS BEHIND(0|1) MORE(yes|no) NAME MODEL[,PROPERTY...] [WORD...]
	local bus=$1 behind=$2 more=$3 name=$4 model=${5%%,*} properties=${5#"${5%%,*}"} word disk='' child='' disk2='' disk3=''
	shift 5
	for word; do
		case $word in
		disk=*) disk=${word#disk=} ;;
		disk2=*) disk2=${word#disk2=} ;;
		disk3=*) disk3=${word#disk3=} ;;
		child=*) child=${word#child=} ;;
		optional) ;;
		*) machine_fail "unknown word: $word" ;;
		esac
	done
	machine_extra=
	machine_before "$name" "$model" "$properties"
	if [[ $more == yes && $machine_function == 0 ]]; then
		machine_extra+=,multifunction=on
	fi
	local address=0x0.$machine_function
	((behind)) || address=$(printf '0x%x.0' "$machine_slot")
	machine_args+=(-device "$model,id=$name,bus=$bus,addr=$address$machine_extra$properties")
	machine_after "$name" "$model" "$disk" "$child" "$disk2" "$disk3"
	local shown=
	# Where the kernel shows the disk, below the device: the inside waits for it.
	case ${disk:+$model} in
	'') ;;
	nvme) shown='nvme/nvme*/nvme*n*' ;;
	*xhci*) shown='usb*/*/*/host*/*/*/block/*' ;;
	*ahci) shown='ata*/host*/*/*/block/*' ;;
	virtio-scsi*) shown='virtio*/host*/*/*/block/*' ;;
	mptsas*) shown='host*/port*/end_device*/target*/*/block/*' ;;
	*) shown='host*/*/*/block/*' ;;
	esac
	machine_devices+="$name $machine_slot $behind $machine_function $shown"$'\n'
}

machine_next_slot() {
	machine_slot=$((machine_slot + 1))
	((machine_slot <= machine_last_slot)) || machine_fail "no more than $machine_last_slot ports and root devices"
}

# A port is written out when its last function has been read, because function 0 has to know whether it is alone.
machine_flush() {
	local count=${#machine_pending[@]} i words
	((count)) || return 0
	if [[ $machine_section == port ]]; then
		machine_next_slot
		machine_args+=(-device "pcie-root-port,id=$machine_port,bus=pcie.0,chassis=$machine_slot,slot=$machine_slot,$(
			printf 'addr=0x%x.0' "$machine_slot")$machine_port_extra")
		machine_devices+="$machine_port $machine_slot 0 0"$'\n'
	fi
	for ((i = 0; i < count; i++)); do
		read -ra words <<<"${machine_pending[i]}"
		machine_function=$i
		if [[ $machine_section == port ]]; then
			machine_device "$machine_port" 1 "$( ((count > 1)) && echo yes || echo no)" "${words[@]}"
		else
			machine_next_slot
			machine_function=0
			machine_device pcie.0 0 no "${words[@]}"
		fi
	done
	machine_pending=()
}

machine_open_port() { # NAME [WORD...]
	machine_section=port
	machine_port=$1
	machine_port_extra=
	shift
	local word
	for word; do
		case $word in
		acs=off) machine_port_extra+=,disable-acs=on ;;
		acs=on) ;;
		# Anything else is a property of QEMU's pcie-root-port.
		*=*) machine_port_extra+=,$word ;;
		*) machine_fail "unknown word: $word" ;;
		esac
	done
}

machine_keep() { # NAME MODEL [WORD...]
	(($# >= 2)) || machine_fail 'a device is written as NAME MODEL[,PROPERTY=VALUE...] [disk=SIZE[,PROPERTY=VALUE...]] [disk2=...] [disk3=...] [child=MODEL] [optional]'
	[[ -n $machine_section ]] || machine_fail 'a device needs a "port" or "root" line before it'
	if [[ " $* " == *' optional '* ]] && ! machine_has_model "${2%%,*}"; then
		printf 'lab: this QEMU has no %s: going on without %s\n' "${2%%,*}" "$1" >&2
		return 0
	fi
	machine_pending+=("$*")
}

machine_read() { # FILE FOLDER; uses the array qemu
	machine_file=$1 machine_folder=$2
	machine_line=0 machine_slot=0 machine_section='' machine_pending=()
	local line words
	while IFS= read -r line || [[ -n $line ]]; do
		machine_line=$((machine_line + 1))
		read -ra words <<<"${line%%#*}"
		case ${words[0]:-} in
		'') ;;
		set)
			((${#words[@]} >= 3)) || machine_fail 'a setting is written as: set NAME VALUE'
			machine_settings[${words[1]}]=${words[*]:2}
			;;
		root) machine_flush && machine_section=root ;;
		port)
			((${#words[@]} >= 2)) || machine_fail 'a port needs a name'
			machine_flush && machine_open_port "${words[@]:1}"
			;;
		*) machine_keep "${words[@]}" ;;
		esac
	done <"$1"
	machine_flush
}
