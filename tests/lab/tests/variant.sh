#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: hang
# coverage
# The VFIO driver that fits best: a variant driver is chosen by its alias, loaded, bound and left again; where it is
# unwanted or refuses, vfio-pci takes the device.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

[[ -n ${LAB_MODULE:-} ]] || bail 'the module was not built: the headers of this kernel are not to be had'
nic=$(lab_dev nic) usb=$(lab_dev usb)
aliases=/usr/lib/modules/$(uname -r)/modules.alias
before=$(snapshot)

# As depmod and modprobe would know it, had it been installed: the kernel's folder cannot be written here.
installed() { # ALIAS-LINE...
	cp "$aliases" "$tap_tmp/aliases"
	printf '%s\n' "$@" >>"$tap_tmp/aliases"
	mount --bind "$tap_tmp/aliases" "$aliases"
}
modinfo -F alias "$LAB_MODULE/lab-vfio-pci.ko" >"$tap_tmp/alias"
is 'the kernel calls the alias as we read it' "$(<"$tap_tmp/alias")" \
	'vfio_pci:v00008086d000010D3sv*sd*bc*sc*i*'
note "variants of this kernel: $(grep -c '^alias vfio_pci:' "$aliases"), $(grep '^alias vfio_pci:' "$aliases")"

takes() { # NAME ADDRESS DRIVER
	run virt-vfio bind "$2"
	expect "$1: bound" 0
	is "$1: by the right driver" "$(drivers "$2")" "$3"
	run virt-vfio release "$2"
	expect "$1: released" 0
	unchanged "$1: nothing is left" "$before"
}

takes 'no variant is installed' "$nic" vfio-pci

installed "alias $(<"$tap_tmp/alias") lab_vfio_pci"
takes 'a variant that cannot be loaded' "$nic" vfio-pci

# An install line is a command for a shell, and this program runs none.
printf 'install lab_vfio_pci modprobe vfio-pci-core && insmod %s/lab-vfio-pci.ko\n' "$LAB_MODULE" >/etc/modprobe.d/lab.conf
run virt-vfio plan "$nic"
expect 'a plan names the variant' 0 lab_vfio_pci
ok 'and has not loaded it' test ! -e /sys/module/lab_vfio_pci
takes 'a variant that only a command loads' "$nic" vfio-pci
ok 'the command was not run' test ! -e /sys/module/lab_vfio_pci
modprobe lab_vfio_pci
takes 'a variant' "$nic" lab-vfio-pci
run virt-vfio plan "$nic"
expect 'a plan names the driver that is loaded' 0 lab-vfio-pci
takes 'a variant, once more' "$nic" lab-vfio-pci
takes 'a device that it is not for' "$usb" vfio-pci

echo 'blacklist lab_vfio_pci' >>/etc/modprobe.d/lab.conf
takes 'a variant that is blacklisted' "$nic" vfio-pci
sed -i '/^blacklist/d' /etc/modprobe.d/lab.conf

echo 22 >/sys/module/lab_vfio_pci/parameters/refuse
takes 'a variant that refuses' "$nic" vfio-pci
journal_empty 'the journal is empty'
tap_done
