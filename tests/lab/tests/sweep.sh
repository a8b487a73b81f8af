# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the sweeps share: . "$LAB_ROOT/tests/lab/tests/sweep.sh" after tap.sh.
#
# They run the program hundreds of times, each time stopped at another step (VIRT_VFIO_SEAM, vfio/seam.h), and look at
# everything after each. Looking starts no process, for on the emulated machine that takes as long as the program itself.

[[ " $* " == *' --long '* ]] && long=yes || long=no

EIO=5 ENODEV=19 EBUSY=16 ENOSPC=28
locks=/run/virt-vfio/locks
declare -A sweep_home=() sweep_path=()

# Without the seam no step would ever be stopped at, and all would look well.
sweep_needs_seam() {
	VIRT_VFIO_SEAM_COUNT=$tap_tmp/count run virt-vfio recover
	[[ -s $tap_tmp/count ]] || bail 'this program is not built with -Dtest_seam=true (tests/dev.ini)'
}

# Sets sweep_state: what one device shows that a hand-over may change.
sweep_look() { # ADDRESS
	local path=/sys/bus/pci/devices/$1 attribute value
	sweep_state=other-driver
	if [[ ! -e $path/driver ]]; then
		sweep_state=no-driver
	elif [[ $path/driver -ef /sys/bus/pci/drivers/vfio-pci ]]; then
		sweep_state=vfio-pci
	elif [[ $path/driver -ef ${sweep_path[$1]:-/none} ]]; then
		sweep_state=its-driver
	fi
	for attribute in driver_override power/control d3cold_allowed; do
		value=-
		[[ ! -e $path/$attribute ]] || IFS= read -r value <"$path/$attribute" || true
		sweep_state+=" $value"
	done
}

# Sets sweep_consoles: which consoles are on the screen.
sweep_look_consoles() {
	local file value
	sweep_consoles=
	for file in /sys/class/vtconsole/*/bind; do
		read -r value <"$file" && sweep_consoles+=$value
	done
}

sweep_remember() { # ADDRESS...: this is how they have to come back
	local address
	for address; do
		sweep_path[$address]=$(readlink -e "/sys/bus/pci/devices/$address/driver") || sweep_path[$address]=
		sweep_look "$address"
		sweep_home[$address]=$sweep_state
	done
	sweep_look_consoles
	sweep_consoles_home=$sweep_consoles
}

# Sets sweep_found: "home", "taken", "home taken" where there are both, or else what is wrong with one. Taken is a device
# that is on vfio-pci and whose entry says so; at home one that is as it was and has no entry.
sweep_survey() { # ADDRESS...
	local address entry home=0 taken=0
	for address; do
		entry=
		[[ ! -e $journal/$address ]] || entry=$(<"$journal/$address")
		sweep_look "$address"
		if [[ -z $entry && $sweep_state == "${sweep_home[$address]}" ]]; then
			home=1
		elif [[ $entry == *$'\nstate=taken\n'* && $sweep_state == 'vfio-pci vfio-pci on '* ]]; then
			taken=1
		else
			sweep_found="$address is '$sweep_state', was '${sweep_home[$address]}', and the journal says: ${entry:-nothing}"
			return
		fi
	done
	sweep_found=
	((!home)) || sweep_found=home
	((!taken)) || sweep_found+="${sweep_found:+ }taken"
}

# Does the journal say of any device that it was taken? From then on a bind is finished, not undone.
sweep_committed() {
	local file
	for file in "$journal"/*; do
		[[ $file != *.new && -e $file && $(<"$file") == *$'\nstate=taken\n'* ]] && return 0
	done
	return 1
}

sweep_processes() { # sets sweep_alive: those of the program that still run
	local file line
	sweep_alive=
	for file in /proc/[0-9]*/stat; do
		line=
		{ read -r line <"$file"; } 2>/dev/null || true
		[[ $line != *' (virt-vfio) '[!ZX]* ]] || sweep_alive+="${line%% *} "
	done
}

sweep_quiet() { sweep_processes && [[ -z $sweep_alive ]]; }

# Nothing but the lock files, which stay, is left of whatever was done. Says what is, or nothing.
sweep_leftovers() {
	local file line
	for file in "$journal"/*; do
		[[ ! -e $file ]] || echo "there is $file: $(<"$file")"
	done
	lab_wait 5 sweep_quiet || echo "these processes are left: $sweep_alive"
	while read -r line; do
		[[ $line != *FLOCK* ]] || echo "this lock is held: $line"
	done </proc/locks
	sweep_look_consoles
	[[ $sweep_consoles == "$sweep_consoles_home" ]] || echo "consoles: $sweep_consoles, and they were $sweep_consoles_home"
}

# The same for the locks as a program that comes now would see it.
sweep_locks_free() {
	local file
	for file in "$locks"/*; do
		[[ ! -e $file ]] || flock -n "$file" true || { echo "$file is locked" && return 1; }
	done
}
