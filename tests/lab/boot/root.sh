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

lab_root() { chroot "$lab_root_folder" env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

lab_root_close() { umount -R "$lab_root_folder"; }
