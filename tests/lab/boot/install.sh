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
systemd-boot) lab_root sh -c 'for v in /lib/modules/*; do kernel-install add "${v##*/}" "/boot/vmlinuz-${v##*/}"; done' ;;
esac
lab_root_close
