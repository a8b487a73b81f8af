#!/bin/bash
# Run by tests/lab/run: is the default machine what README.md promises? Prints TAP.
# shellcheck disable=SC2317 # the checks are called through ok
set -uo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

number=0 failed=0
ok() { # TEXT COMMAND...
	local text=$1 word=ok
	shift
	"$@" || { word='not ok' && failed=1; }
	number=$((number + 1))
	printf '%s %d - %s\n' "$word" "$number" "$text"
}

group_of() { lab_group "$(lab_dev "$1")"; }
same_group() { [[ -n $(group_of "$1") && $(group_of "$1") == "$(group_of "$2")" ]]; }
alone() { [[ $(ls "/sys/kernel/iommu_groups/$(group_of "$1")/devices") == "$(lab_dev "$1")" ]]; }
driver_is() { [[ $(lab_driver "$(lab_dev "$1")") == "$2" ]]; }
has_marker() { [[ $(head -c 64 "$(lab_disk "$1")" | tr -d '\0') == "virt-vfio lab disk $1" ]]; }
is_boot_vga() { [[ $(<"/sys/bus/pci/devices/$(lab_dev "$1")/boot_vga") == "$2" ]]; }
keyboard_there() { grep -qs 'QEMU USB Keyboard' /sys/bus/pci/devices/"$(lab_dev usb)"/usb*/*/*/*/input/input*/name; }
vfs() { cat "/sys/bus/pci/devices/$(lab_dev "$1")/sriov_totalvfs"; }
has_vfs() { [[ $(vfs "$1") == "$2" ]]; }
has_rom() { [[ -e /sys/bus/pci/devices/$(lab_dev "$1")/rom ]]; }
no_vfio() { ! grep -q '^vfio' /proc/modules; }
lower_is_read_only() { awk '$2 == "/usr/lib/modules/'"$(uname -r)"'" { print $4 }' /proc/mounts | grep -q '^ro,'; }

ok 'vfio is not loaded' no_vfio
ok 'gpu and audio share a group' same_group gpu audio
ok 'gpu has a ROM' has_rom gpu
ok 'gpu is not the boot display' is_boot_vga gpu 0
ok 'hostvga is the boot display' is_boot_vga hostvga 1
ok 'both NIC functions share a group' same_group nic0 nic1
ok 'the functions behind the port without ACS share a group' same_group noacs0 noacs1
ok 'and the port is in it' same_group noacs0 noacs-port
for name in nvme0 nvme1 nvme2 nvme3 hba usb; do
	ok "$name is alone in its group" alone "$name"
done
for pair in gpu:bochs-drm audio:snd_hda_intel nic0:e1000e nic1:e1000e hba:megaraid_sas nvme0:nvme nvme1:nvme nvme2:nvme \
	nvme3:nvme usb:xhci_hcd noacs0:e1000e noacs1:xhci_hcd; do
	ok "${pair%:*} is driven by ${pair#*:}" driver_is "${pair%:*}" "${pair#*:}"
done
for name in nvme0 nvme1 nvme2 nvme3 hba; do
	ok "the disk of $name says so" has_marker "$name"
done
ok 'the keyboard is there' keyboard_there
ok 'nvme0 can have 2 VFs' has_vfs nvme0 2
if lab_names | grep -qx igb; then
	ok 'igb is driven by igb' driver_is igb igb
	ok 'igb can have 7 VFs' has_vfs igb 7
fi
ok 'the host is mounted read-only' lower_is_read_only
ok 'vfio-pci loads' modprobe vfio-pci
for name in gpu audio nvme1 nic1 hba usb; do
	address=$(lab_dev "$name") before=$(lab_driver "$(lab_dev "$name")")
	ok "$name goes to vfio-pci" lab_bind "$address" vfio-pci
	lab_bind "$address" ''
	ok "$name comes back to $before" driver_is "$name" "$before"
done
printf '1..%d\n' "$number"
exit "$failed"
