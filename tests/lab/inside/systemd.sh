# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A real systemd for tests of units: . "$LAB_ROOT/tests/lab/inside/systemd.sh"
#
# The lab's first process is a script, so this is the user manager of root. It is org.freedesktop.systemd1 on the system
# bus, where the host's manager would be, and its control groups begin at the root, as those of the host's do.

export XDG_RUNTIME_DIR=/run/user/0
lab_units=/etc/systemd/user

lab_systemctl() { systemctl --user "$@"; }

lab_unit() { # NAME LINE...: (re)writes a unit, sections and all
	local name=$1
	shift
	mkdir -p "$(dirname "$lab_units/$name")"
	printf '%s\n' "$@" >"$lab_units/$name"
	[[ ! -S $XDG_RUNTIME_DIR/systemd/private ]] || lab_systemctl daemon-reload
}

lab_is_active() { # UNIT
	[[ $(lab_systemctl is-active "$1") == active ]]
}

# To be called before lab_libvirt, which then uses this bus.
lab_systemd() {
	# Without that folder it says that the system was not booted with systemd (sd_booted(3)).
	mkdir -p "$XDG_RUNTIME_DIR" /run/systemd/system
	# The manager goes to a bus when the units with these names run.
	lab_unit dbus.socket '[Socket]' 'ListenStream=/run/dbus/system_bus_socket'
	lab_unit dbus.service '[Unit]' 'Requires=dbus.socket' '[Service]' \
		'ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile'
	DBUS_SESSION_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket /lib/systemd/systemd --user --unit=dbus.service \
		</dev/null >/dev/null 2>&1 &
	lab_wait 60 busctl --system status org.freedesktop.systemd1 >/dev/null 2>&1 ||
		lab_fail "systemd does not come up; what it says is on the console (run --console FILE)"
}
