# shellcheck shell=bash
# The lab machine without its PCI devices: which QEMU, which accelerator, firmware, kernel, channels. Sourced by run.

# shellcheck disable=SC2154,SC2054 # shares the variables of run; QEMU's options are full of commas

# The newer QEMU from the cache where there is one, for igb; else the installed one.
qemu_choose() {
	local own=$cache/qemu
	qemu=(qemu-system-x86_64 -L /usr/share/qemu)
	if [[ -e $own/complete ]]; then
		qemu=(env "QEMU_MODULE_DIR=$own/usr/lib/x86_64-linux-gnu/qemu" "$own/usr/bin/qemu-system-x86_64"
			-L "$own/usr/share/qemu" -L "$own/usr/share/seabios" -L /usr/share/qemu)
	fi
	qemu+=(-L /usr/share/seabios -L /usr/lib/ipxe/qemu -nodefaults -no-user-config -display none)
}

# /dev/kvm proves nothing: there are hosts where it opens and no stock kernel boots. So boot one, once per host boot.
qemu_accel() {
	local answer
	[[ -r /dev/kvm && -w /dev/kvm ]] || { echo tcg && return; }
	answer=$cache/kvm-$(</proc/sys/kernel/random/boot_id)
	if [[ ! -e $answer ]]; then
		rm -f -- "$cache"/kvm-*-*
		# Without the IOMMU and the devices a kernel is here in one second; ten are generous.
		timeout -k 1 10 "${qemu[@]}" -machine q35,kernel-irqchip=split -accel kvm -cpu host -m 512M -no-reboot \
			-bios qboot.rom -kernel "$(qemu_kernel)" -initrd "$initramfs" -append 'console=ttyS0 panic=-1 lab.probe' \
			-serial "file:$tmp/probe" </dev/null >/dev/null 2>&1 || true
		if grep -q 'probe reached user space' "$tmp/probe" 2>/dev/null; then
			echo kvm >"$tmp/accel"
		else
			echo tcg >"$tmp/accel"
		fi
		mv -- "$tmp/accel" "$answer"
	fi
	cat -- "$answer"
}

# The unpacked kernel where there is one: saves its decompression.
qemu_kernel() {
	local image
	image=$(realpath "$kernel_folder/vmlinuz")
	if [[ -e $image.elf ]]; then echo "$image.elf"; else echo "$image"; fi
}

# What "set iommu" and "set cmdline-iommu" ask for: qemu_iommu (options) and qemu_iommu_arguments (the kernel's).
qemu_choose_iommu() {
	local device=${machine_settings[iommu]:-intel} words=${machine_settings[cmdline-iommu]:-}
	case $device in
	intel) qemu_iommu=(-device intel-iommu,intremap=on,caching-mode=on) ;;
	noremap) qemu_iommu=(-device intel-iommu,intremap=off,caching-mode=on) ;;
	amd) qemu_iommu=(-device amd-iommu,intremap=on) ;;
	none) qemu_iommu=() ;;
	*) fail 2 "$machine_path: set iommu intel, noremap, amd or none, not $device" ;;
	esac
	# Where the parameter has no meaning, a host has none.
	[[ -n $words ]] || words=$([[ $device == amd || $device == none ]] && echo absent || echo on)
	case $words in
	on) qemu_iommu_arguments=(intel_iommu=on iommu=pt) ;;
	off) qemu_iommu_arguments=(intel_iommu=off) ;;
	absent) qemu_iommu_arguments=() ;;
	*) fail 2 "$machine_path: set cmdline-iommu on, off or absent, not $words" ;;
	esac
}

# Linux drives the IOMMU of the processor's vendor, and no other.
qemu_cpu() {
	local vendor=
	[[ ${machine_settings[iommu]:-intel} != amd ]] || vendor=,vendor=AuthenticAMD
	if [[ $accel == kvm ]]; then
		qemu_args+=(-accel kvm -cpu "host$vendor")
	else
		# One thread for all CPUs. With one each, QEMU 10.0 loses timer interrupts now and then (vector 236 stays in ISR and
		# IRR of a halted CPU): whatever sleeps there sleeps for ever. It is also slower, for these CPUs mostly wait.
		qemu_args+=(-accel tcg,thread=single -cpu "max$vendor")
	fi
}

# The disk of --disk, or a copy of that of --image: an overlay.
qemu_disk() {
	local file=${disk:-$tmp/disk.qcow2} format=raw tool=qemu-img
	[[ -n $disk$image ]] || return 0
	if [[ -n $image && ! -e $file ]]; then
		command -v "$tool" >/dev/null || tool=$cache/qemu/usr/bin/qemu-img
		"$tool" create -q -f qcow2 -b "$image" -F raw "$file"
	fi
	[[ $file != *.qcow2 ]] || format=qcow2
	qemu_args+=(-drive "if=none,id=lab-disk,file=$file,format=$format,cache=unsafe"
		-device "virtio-blk-pci,drive=lab-disk,bus=pcie.0,addr=0x1b.0$([[ $boot != disk ]] || echo ,bootindex=0)")
}

# From the lab's kernel to the host's root, or from the firmware to what the disk says.
qemu_boot() {
	local cmdline=(console=ttyS0 quiet panic=-1)
	qemu_choose_iommu
	if [[ $boot == disk ]]; then
		qemu_args+=(-fsdev "local,id=lab-env,path=$tmp/initrd/lab,security_model=none,readonly=on"
			-device virtio-9p-pci,fsdev=lab-env,mount_tag=lab.env,bus=pcie.0,addr=0x1a.0)
		return 0
	fi
	cmdline+=("${qemu_iommu_arguments[@]}")
	# On a busy host the kernel's test of the timer fails, and with interrupt remapping that is a panic.
	cmdline+=(no_timer_check)
	# Nothing here needs defending, and the mitigations, the tests of ciphers and address randomisation cost time.
	cmdline+=(mitigations=off nokaslr cryptomgr.notests apparmor=0 audit=0)
	[[ -z ${machine_settings[kernel]:-} ]] || cmdline+=("${machine_settings[kernel]}")
	# SeaBIOS resets the machine when a VGA card sits behind a root port beside NVMe; qboot does not, and is faster.
	qemu_args+=(-bios qboot.rom -kernel "$(qemu_kernel)" -initrd "$tmp/initrd.all" -append "${cmdline[*]}")
}

qemu_arguments() {
	local cpus
	cpus=$(nproc)
	qemu_args=(
		# Interrupt remapping needs the split irqchip. SeaBIOS, called by GRUB, hangs in system management mode under TCG.
		-machine "q35,kernel-irqchip=split$([[ $boot != disk ]] || echo ,smm=off)"
		-smp "$((cpus > 4 ? 4 : cpus))" -m "${memory:-${machine_settings[memory]:-4G}}" -no-reboot
		# The guest turns the machine off through this port at once, without a minute of device shutdowns.
		-device isa-debug-exit,iobase=0x501,iosize=1
		-serial "file:$tmp/console"
		-fsdev "local,id=lab-root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=lab-root,mount_tag=lab.root,bus=pcie.0,addr=0x1e.0
		-device virtio-serial-pci,id=lab-serial,bus=pcie.0,addr=0x1d.0
		-chardev "file,id=lab-out,path=$tmp/out" -device virtserialport,chardev=lab-out,name=lab.out,nr=1
		-chardev "file,id=lab-code,path=$tmp/code" -device virtserialport,chardev=lab-code,name=lab.code,nr=2
		# The machine's own monitor, for scripts that pull a cable or a card (lab_monitor).
		-chardev "socket,id=lab-hmp,path=$tmp/hmp,server=on,wait=off" -mon chardev=lab-hmp
		-chardev "socket,id=lab-mon,path=$tmp/hmp" -device virtserialport,chardev=lab-mon,name=lab.monitor,nr=3
	)
	qemu_boot
	qemu_disk
	qemu_cpu
	# QEMU's machine has ACPI plug cards by default, and hides from Linux that the ports can do it themselves (pciehp).
	if [[ ${machine_settings[hotplug]:-acpi} == native ]]; then
		qemu_args+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	fi
	if [[ ${machine_settings[pci-hole64]:-yes} == no ]]; then
		qemu_args+=(-global q35-pcihost.pci-hole64-size=0)
	fi
	if [[ $shell == yes ]]; then
		qemu_args+=(-chardev stdio,id=lab-shell,signal=off -serial chardev:lab-shell)
	fi
	if [[ -n $out ]]; then
		qemu_args+=(-fsdev "local,id=lab-share,path=$out,security_model=none,multidevs=remap"
			-device virtio-9p-pci,fsdev=lab-share,mount_tag=lab.out,bus=pcie.0,addr=0x1c.0)
	fi
	# Last, because AMD's puts a PCI function of its own into the first slot that is free.
	qemu_args+=("${machine_args[@]}" "${qemu_iommu[@]}")
}
