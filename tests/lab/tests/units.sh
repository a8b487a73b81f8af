#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units, under a real systemd: guests end before libvirt at shutdown, the host does not sleep while devices are taken.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/inside/systemd.sh
. "$LAB_ROOT/tests/lab/inside/systemd.sh"

nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) edu=$(lab_dev edu)
before=$(snapshot)
lab_systemd
lab_libvirt

for unit in virt-vfio-guests.service virt-vfio-recover.service; do
	sed "s#@sbindir@#$LAB_BUILD/launcher#" "$LAB_ROOT/hooks/$unit.in" >"$lab_units/$unit"
	# What systemd itself has to say of it; that the manual is not installed here is not the unit's fault.
	run systemd-analyze --man=no --user --recursive-errors=no verify "$lab_units/$unit"
	is "$unit is right" "$run_rc $run_out" '0 '
done

# --- sleep: systemd's own units, with something that can be seen in the place of the sleep
mkdir -p "$lab_units/sleep.target.d"
cp "$LAB_ROOT/hooks/sleep.conf" "$lab_units/sleep.target.d/virt-vfio.conf"
cp /lib/systemd/system/{sleep,suspend,hibernate}.target "$lab_units"
for unit in systemd-suspend systemd-hibernate; do
	sed "s#^ExecStart=.*#ExecStart=/usr/bin/touch /run/$unit#" "/lib/systemd/system/$unit.service" >"$lab_units/$unit.service"
done
lab_systemctl daemon-reload
sleeps() { # NAME WANTED(yes|no): may it sleep, both ways
	local way got
	for way in suspend hibernate; do
		rm -f "/run/systemd-$way"
		run lab_systemctl start "$way.target"
		[[ -e /run/systemd-$way ]] && got=yes || got=no
		is "$1: $way" "$got" "$2"
	done
}
sleeps 'nothing is taken' yes
run virt-vfio bind "$edu"
sleeps 'a device is taken' no
expect 'and systemd says so' 1 'A dependency job for hibernate.target failed'
run virt-vfio release "$edu"
sleeps 'it is back' yes

# --- shutdown
define one "$nic0;$nic1"
define two "$edu"
lab_systemctl start virt-vfio-guests.service
ok 'the unit is up' lab_is_active virt-vfio-guests.service
run virt-vfio start --keep one
run virt-vfio start --keep two
ok 'both guests run' lab_expect 90 "$(guest_log two)" 'guest: ready'
lab_expect 90 "$(guest_log one)" 'guest: ready' || true
run virt-vfio stop --all --dry-run
expect 'stop --all --dry-run' 0 'one would be asked' 'two would be asked' "$nic0" "$edu"
run virt-vfio stop --all one
expect 'not both' 2 --all
run lab_systemctl stop virt-vfio-guests.service
expect 'its stop' 0
is 'both guests are off' "$(virsh domstate one | head -n 1) $(virsh domstate two | head -n 1)" 'shut off shut off'
unchanged 'the devices are back' "$before"
journal_empty 'the journal is empty'
run virt-vfio stop --all
expect 'nothing to do' 0 'No guest has devices'

# A guest that does not listen, beside one that does.
define deaf "$edu" 'vm:cmdline = deaf'
run virt-vfio start --keep one
run virt-vfio start --keep deaf
lab_expect 90 "$(guest_log one)" 'guest: ready' || true
lab_expect 90 "$(guest_log deaf)" 'guest: ready' || true
run virsh suspend deaf
run virt-vfio stop --all --timeout 10
expect 'one of two stops' 1 'still running, with devices: deaf'
is 'its devices are back' "$(drivers "$nic0" "$nic1")" 'e1000e e1000e'
is "the other one's are not" "$(drivers "$edu")" vfio-pci
run virt-vfio stop --all --timeout 2 --force
expect 'the plug is pulled' 0 'switched off now'
unchanged 'all devices are back' "$before"
journal_empty 'the journal is empty at the end'
tap_done
