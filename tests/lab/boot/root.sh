# shellcheck shell=bash
# The system on a disk of boot/image, as a root to work in: . "$LAB_ROOT/tests/lab/boot/root.sh" (in the lab, run --image or
# --disk).

# shellcheck disable=SC2034 # for those who source this
lab_root_folder=/run/lab-root

lab_root_open() {
	local place
	modprobe -a virtio_blk ext4
	udevadm settle
	mkdir -p "$lab_root_folder"
	mount /dev/vda1 "$lab_root_folder"
	# grub-probe looks for the disk there, and the program for the machine.
	for place in dev proc sys; do mount --rbind "/$place" "$lab_root_folder/$place"; done
	mount -t tmpfs tmpfs "$lab_root_folder/run"
	mkdir -p "$lab_root_folder/run/udev"
	mount --bind /run/udev "$lab_root_folder/run/udev"
}

# As if it ran with this command line: GRUB leaves BOOT_IMAGE= in it.
lab_root_cmdline() { # ARGUMENTS
	echo "$1" >/run/lab-root-cmdline
	mount --make-rprivate "$lab_root_folder/proc"
	mount --bind /run/lab-root-cmdline "$lab_root_folder/proc/cmdline"
}

lab_root() { chroot "$lab_root_folder" env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

lab_root_close() { umount -R "$lab_root_folder"; }

# As if LOADER had started it from UEFI, which has left its name in a variable: attributes, then UTF-16.
lab_root_efi() { # LOADER
	local sys=$lab_root_folder/sys part efi
	umount -l -R "$sys"
	mount -t tmpfs tmpfs "$sys"
	for part in /sys/*; do
		[[ $part != /sys/firmware ]] || continue
		mkdir "$lab_root_folder$part"
		mount --rbind "$part" "$lab_root_folder$part"
	done
	mkdir -p "$sys/firmware/acpi"
	mount --bind /sys/firmware/acpi "$sys/firmware/acpi"
	efi=$sys/firmware/efi/efivars
	mkdir -p "$efi"
	{
		printf '\6\0\0\0'
		printf '%s' "$1" | sed 's/./&\x00/g'
		printf '\0\0'
	} >"$efi/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

# All of its configuration and of what boots it, to the byte, but for initramfs images, which have times in them.
lab_root_files() {
	local folders=(etc boot)
	[[ ! -d $lab_root_folder/efi ]] || folders+=(efi)
	(cd "$lab_root_folder" && find "${folders[@]}" -xdev ! -name 'initrd*' -printf '%y %m %u %g %l %p\n' -type f \
		-exec sha256sum {} + | sort)
}
