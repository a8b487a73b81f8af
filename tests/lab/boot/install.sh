#!/usr/bin/env bash
# Puts the boot loader onto the disk that boot/image has made, with the distribution's own tools. Runs in the lab.
set -euo pipefail
# shellcheck source=tests/lab/boot/root.sh
. "$LAB_ROOT/tests/lab/boot/root.sh"

lab_root_open
case $1 in
grub | dracut)
	lab_root grub-install --target=i386-pc /dev/vda
	lab_root update-grub
	;;
esac
# Only now can they see what this machine needs: quicker than what every machine might.
case $1 in
grub | systemd-boot)
	sed -i 's/^MODULES=.*/MODULES=dep/' "$lab_root_folder/etc/initramfs-tools/conf.d/lab"
	lab_root update-initramfs -u -k all
	;;
dracut) lab_root dracut -f --regenerate-all ;;
esac
if [[ $1 == systemd-boot ]]; then
	# As bootctl leaves it: kernel-install looks there for what kind of entries the loader reads.
	echo type1 >"$lab_root_folder/efi/loader/entries.srel"
	for version in "$lab_root_folder"/lib/modules/*; do
		version=${version##*/}
		lab_root kernel-install add "$version" "/boot/vmlinuz-$version" "/boot/initrd.img-$version"
	done
	lab_root ls -R /efi
fi
lab_root_close
