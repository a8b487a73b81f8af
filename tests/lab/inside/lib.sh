# shellcheck shell=bash
# Helpers for scripts that run inside the lab: . "$LAB_ROOT/tests/lab/inside/lib.sh"

lab_say() { printf 'lab: %s\n' "$*" >&2; }
lab_fail() { lab_say "$*" && exit 1; }

# The names of the machine file, root devices and ports included, in its order.
lab_names() { cut -d' ' -f1 /lab/devices; }

# Bus numbers are the firmware's choice; what is fixed is the slot on the root complex and the function behind it.
lab_dev() { # NAME: prints its full address
	local name slot behind function path
	while read -r name slot behind function _; do
		[[ $name == "$1" ]] || continue
		printf -v path '/sys/bus/pci/devices/0000:00:%02x.%x' "$slot" "$((behind ? 0 : function))"
		((!behind)) || path=$(compgen -G "$path/*:*:00.$function") || break
		[[ -e $path ]] || break
		printf '%s\n' "${path##*/}"
		return 0
	done </lab/devices
	lab_say "no device $1 on this machine"
	return 1
}

lab_vf() { # NAME NUMBER: the address of a virtual function
	local path
	path=$(readlink -e "/sys/bus/pci/devices/$(lab_dev "$1")/virtfn$2") && printf '%s\n' "${path##*/}"
}

lab_driver() { # ADDRESS: prints the bound driver's name, or nothing
	local path
	path=$(readlink -e "/sys/bus/pci/devices/$1/driver") || return 0
	printf '%s\n' "${path##*/}"
}

lab_group() { # ADDRESS: prints the IOMMU group's number, or nothing
	local path
	path=$(readlink -e "/sys/bus/pci/devices/$1/iommu_group") || return 0
	printf '%s\n' "${path##*/}"
}

lab_disk() { # NAME: prints the block device of a device that has a disk, like /dev/nvme0n1
	local path found=''
	for path in "/sys/bus/pci/devices/$(lab_dev "$1")"/{nvme/nvme*/nvme*n*,*/*/*/*/block/*}; do
		[[ ! -d $path ]] || found=${path##*/}
	done
	# A drive in a subsystem shows its path, nvme0c0n1; the disk is nvme0n1.
	[[ $found =~ ^nvme([0-9]+)c[0-9]+(n[0-9]+)$ ]] && found=nvme${BASH_REMATCH[1]}${BASH_REMATCH[2]}
	[[ -n $found ]] && printf '/dev/%s\n' "$found"
}

lab_wait() { # SECONDS COMMAND...: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# A command for the monitor of the QEMU that is this machine: set_link, device_del, pcie_aer_inject_error ...
# The devices' QEMU ids are their names in the machine file.
lab_monitor() { # COMMAND...
	local name port='' line
	for name in /sys/class/virtio-ports/*/name; do
		[[ $(<"$name") != lab.monitor ]] || port=/dev/$(basename "$(dirname "$name")")
	done
	[[ -n $port ]] || return 1
	exec {lab_port}<>"$port"
	printf '%s\n' "$*" >&"$lab_port"
	# The answer ends where the next prompt begins, which has no line end.
	while IFS= read -r -t 1 -u "$lab_port" line; do
		line=${line%$'\r'}
		# The monitor draws what it is told, letter by letter, with escape sequences.
		[[ $line == *$'\e'* || $line == *'(qemu)'* || $line == 'QEMU '*' monitor '* ]] || printf '%s\n' "$line"
	done
	exec {lab_port}>&-
}

lab_add_users() {
	getent group kvm >/dev/null || echo 'kvm:x:107:' >>/etc/group
	getent group libvirt >/dev/null || echo 'libvirt:x:64054:' >>/etc/group
	getent group libvirt-qemu >/dev/null || echo 'libvirt-qemu:x:64055:' >>/etc/group
	getent passwd libvirt-qemu >/dev/null ||
		echo 'libvirt-qemu:x:64055:64055:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin' >>/etc/passwd
}

# Starts what "virsh -c qemu:///system" needs, and returns when it answers.
lab_libvirt() {
	lab_add_users
	mkdir -p /etc/libvirt/qemu /etc/libvirt/hooks /var/lib/libvirt/images /var/log/libvirt/qemu
	export LIBVIRT_DEFAULT_URI=qemu:///system
	[[ -S /run/dbus/system_bus_socket ]] || dbus-daemon --system --fork --nopidfile >/dev/null 2>&1
	# The daemons must not hold the script's output open.
	virtlogd -d </dev/null >/dev/null 2>&1
	libvirtd -d </dev/null >/dev/null 2>&1
	lab_wait 60 test -S /run/libvirt/libvirt-sock || lab_fail 'libvirtd does not come up'
	virsh uri >/dev/null || lab_fail 'libvirtd does not answer'
}

lab_libvirt_stop() {
	local daemon
	for daemon in libvirtd virtlogd; do
		[[ ! -e /run/$daemon.pid ]] || kill "$(<"/run/$daemon.pid")"
	done
	lab_wait 30 test ! -e /run/libvirtd.pid
}

lab_expect() { # SECONDS FILE TEXT: until the file has the text
	lab_wait "$1" grep -qsF -- "$3" "$2"
}

# The plain way to vfio-pci and back, for tests of the lab itself and to compare with.
lab_bind() { # ADDRESS DRIVER: "" gives the device back to whatever drives it
	local device=/sys/bus/pci/devices/$1
	printf '%s\n' "$2" >"$device/driver_override"
	[[ ! -e $device/driver ]] || printf '%s\n' "$1" >"$device/driver/unbind"
	printf '%s\n' "$1" >/sys/bus/pci/drivers_probe
	[[ -z $2 || $(lab_driver "$1") == "$2" ]]
}

# QEMU 7.2 emulates cmpxchg16b wrongly now and then: Linux guests crash. Nothing needs it. A newer CPU model costs time.
lab_guest_cpu="<cpu mode='custom' match='exact'><model>qemu64</model><feature policy='disable' name='cx16'/></cpu>"
# What makes the Linux guest quick; the time that each saves is in the README.
lab_linux_arguments='console=ttyS0 quiet mitigations=off nokaslr no_timer_check tsc=reliable lsm= audit=0 cryptomgr.notests'

lab_hostdev() { # ADDRESS BUS FUNCTION MULTIFUNCTION(yes|no) [EXTRA-XML]
	printf "<hostdev mode='subsystem' type='pci' managed='no'><driver name='vfio'/><source><address domain='0x%s' bus='0x%s'
		slot='0x%s' function='0x%s'/></source>%s<address type='pci' domain='0' bus='%d' slot='0' function='%d'%s/></hostdev>\n" \
		"${1:0:4}" "${1:5:2}" "${1:8:2}" "${1:11}" "${5:-}" "$2" "$3" "$([[ $4 == no ]] || echo " multifunction='on'")"
}

# Prints the XML of a domain with one of the two guests; its serial port goes to /tmp/NAME.serial. Names joined with + become
# functions of one slot. $LAB_ARGUMENTS is added to the guest's command line.
lab_domain() { # NAME tiny|linux [NAME[+NAME...]...]
	local name=$1 kind=$2 bus=1 function slot part parts
	shift 2
	printf "<domain type='qemu'><name>%s</name><vcpu>1</vcpu><features><acpi/></features>\n" "$name"
	if [[ $kind == tiny ]]; then
		printf "<memory unit='MiB'>32</memory><os><type machine='q35'>hvm</type><kernel>%s</kernel>" "$LAB_GUEST"
		printf '<cmdline>%s</cmdline></os>\n' "${LAB_ARGUMENTS:-none}"
	else
		printf "<memory unit='MiB'>256</memory>%s<os><type machine='q35'>hvm</type>" "$lab_guest_cpu"
		printf "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"
		printf "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'/><kernel>%s</kernel><initrd>%s</initrd>" \
			"$LAB_LINUX" "$LAB_LINUX_INITRD"
		printf '<cmdline>%s %s</cmdline></os>\n' "$lab_linux_arguments" "${LAB_ARGUMENTS:-}"
	fi
	# The installed QEMU, which fits the installed libvirt; the newer one in the cache runs the lab only.
	printf "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/>\n"
	printf "<memballoon model='none'/><serial type='file'><source path='/tmp/%s.serial'/></serial>\n" "$name"
	for slot; do
		IFS=+ read -ra parts <<<"$slot"
		function=0
		for part in "${parts[@]}"; do
			lab_hostdev "$(lab_dev "$part")" "$bus" "$function" "$( ((function == 0 && ${#parts[@]} > 1)) && echo yes || echo no)"
			function=$((function + 1))
		done
		bus=$((bus + 1))
	done
	printf '</devices></domain>\n'
}

# A program that the host need not have: it is installed, or was fetched for the lab.
lab_tool() { # NAME ARGUMENT...
	local PATH=$PATH:$LAB_TOOLS/sbin:$LAB_TOOLS/usr/sbin:$LAB_TOOLS/bin:$LAB_TOOLS/usr/bin
	LD_LIBRARY_PATH=$LAB_TOOLS/lib/x86_64-linux-gnu:$LAB_TOOLS/usr/lib/x86_64-linux-gnu command "$@"
}
