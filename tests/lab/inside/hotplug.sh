# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pulling cards out and putting them back: . "$LAB_ROOT/tests/lab/inside/hotplug.sh". A card is called as in the machine
# file and sits alone behind the port NAME-port.
#
# QEMU's device_del is the polite way: it presses the slot's attention button, Linux (pciehp) blinks for five seconds,
# unbinds the driver, switches the slot off, and only then the card goes. A card that is torn out has no such manners, and
# the monitor has no word for it. But QEMU lets go of a card as soon as the slot's power control and power indicator both
# say off (PCI Express Base Specification, 7.5.3.10, Slot Control), whoever wrote that. So lab_yank writes it behind the
# kernel's back, with the slot's interrupt off (0x0020) so that pciehp does not see a slot that was switched off, and then
# puts everything back: pciehp hears that presence changed, finds the slot empty, and calls that a surprise removal.

lab_yank_port() { setpci -s "$1" CAP_EXP+18.w=0700:0720 CAP_EXP+18.w=0120:0720; } # ADDRESS of the port

lab_yank() { lab_yank_port "$(lab_dev "$1-port")"; } # NAME

lab_eject() { lab_monitor "device_del $1"; } # NAME: gone in five seconds, if its driver lets go

lab_is_there() { [[ -e /sys/bus/pci/devices/$1 ]]; } # ADDRESS
lab_is_gone() { [[ ! -e /sys/bus/pci/devices/$1 ]]; } # ADDRESS

# pciehp waits a second after it switched a slot off; a card that comes before that is not noticed.
lab_slot_is_off() { (($(setpci -s "$(lab_dev "$1-port")" CAP_EXP+18.w | sed 's/^/0x/') & 0x0400)); } # NAME

lab_plug() { # NAME MODEL[,PROPERTY=VALUE...]
	lab_wait 20 lab_slot_is_off "$1" || return 1
	sleep 1.2
	lab_monitor "device_add $2,id=$1,bus=$1-port,addr=0x0.0"
}
