#!/usr/bin/env bash
# Runs on the lab machine, started by tests/bench/hook: measures and prints one line for each measurement, which
# tests/bench/summarise-hook turns into the table.
#
#   time ROUND hook|managed DEVICES start|stop MICROSECONDS
#   fact NAME VALUE
set -euo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

rounds=$1
install -D "$LAB_BUILD/hooks/virt-vfio-hook" /usr/local/sbin/virt-vfio-hook
install -D "$LAB_BUILD/hooks/virt-vfio-hook-run" /usr/local/libexec/virt-vfio/virt-vfio-hook-run
virt-vfio hook install >&2
sleep 1.2 # times are compared in seconds
modprobe vfio-pci
lab_libvirt

# hookN is ours; managedN is the same without our metadata, and libvirt's to look after. It has NICs of its own, of the same
# kind: libvirt 9.0 gives a device back in the state in which it last saw it, and after a domain with managed='no' that is
# on VFIO.
hosts() { # FIRST COUNT
	local number
	for ((number = $1; number < $1 + $2; number++)); do lab_dev "nic$number"; done
}
write_vm() { # NAME ADDRESS...
	cat >/tmp/vm.ini <<-VM
	[vm]
	name = $1
	memory = 64M
	cpus = 1
	firmware = bios
	accel = tcg
	kernel = $LAB_GUEST
	[device card]
	host = $(shift && IFS=';' && printf '%s' "$*")
	rombar = no
	VM
}
define() { # DEVICES
	local own theirs
	mapfile -t own < <(hosts 0 "$1")
	mapfile -t theirs < <(hosts 8 "$1")
	write_vm "hook$1" "${own[@]}"
	virt-vfio define /tmp/vm.ini >&2
	write_vm "managed$1" "${theirs[@]}"
	virt-vfio define /tmp/vm.ini >&2
	/usr/bin/virsh dumpxml "managed$1" | sed "/<metadata>/,/<\/metadata>/d; s/managed='no'/managed='yes'/" >/tmp/managed.xml
	/usr/bin/virsh -q define /tmp/managed.xml >&2
}

coproc SHELL_ONE { exec /usr/bin/virsh -q 2>&1; }
ask() { # WORDS: of virsh; sets answer
	local line
	answer=''
	# virsh prints what it reads, too: the quotes are in that only. Its echo ends no line, but an empty one does.
	printf '%s\necho "e""nd-of-answer"\n\n' "$1" >&"${SHELL_ONE[1]}"
	while IFS= read -r -u "${SHELL_ONE[0]}" line && [[ $line != *end-of-answer* ]]; do answer+="$line"; done
}

on_driver() { [[ $(lab_driver "$1") == "$2" ]]; } # ADDRESS DRIVER
check() { # WAY DEVICES DRIVER: what did not happen would be quick
	local first=0 device
	[[ $1 == hook ]] || first=8
	for device in $(hosts "$first" "$2"); do
		on_driver "$device" "$3" || lab_fail "$device is on '$(lab_driver "$device")' and not on $3: $answer"
	done
}

timed() { # ROUND WAY DEVICES start|stop
	local start verb=start driver=vfio-pci
	[[ $4 == start ]] || verb=destroy driver=e1000e
	start=${EPOCHREALTIME/./}
	ask "$verb $2$3"
	printf 'time %d %s %d %s %d\n' "$1" "$2" "$3" "$4" $((${EPOCHREALTIME/./} - start))
	check "$2" "$3" "$driver"
}

sizes=(1 4)
for size in "${sizes[@]}"; do define "$size"; done
printf 'fact kernel %s\nfact accel %s\nfact cpus %d\nfact libvirt %s\n' "$(uname -r)" "$LAB_ACCEL" "$(nproc)" \
	"$(/usr/bin/virsh --version)"
for ((round = -1; round < rounds; round++)); do # the first one is warm-up
	for size in "${sizes[@]}"; do
		ways=(hook managed)
		((round % 2)) || ways=(managed hook)
		for way in "${ways[@]}"; do
			for verb in start stop; do
				if ((round < 0)); then timed 0 "$way" "$size" "$verb" >/dev/null; else timed "$round" "$way" "$size" "$verb"; fi
			done
		done
	done
done
