#!/usr/bin/env bash
# The card that this host shows its text console on: taken, with a guest, given back, and the console shows text again.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

card=$(lab_dev hostvga)
before=$(snapshot)

consoles() { # one word for each: is it bound
	local file words=()
	for file in /sys/class/vtconsole/*/name; do words+=("$(<"$file")=$(<"${file%name}bind")"); done
	printf '%s\n' "${words[@]}"
}
consoles_before=$(consoles)
ok 'the console is on a frame buffer' grep -q 'frame buffer device=1' <<<"$consoles_before"

# What the machine's screen shows; the picture is written by QEMU and seen here, because this root is the host's.
pictures=0
screen() {
	pictures=$((pictures + 1))
	# A new name each time: the share believes that files do not change.
	local file=$LAB_SCREENS/$BASHPID.$pictures.ppm
	lab_monitor "screendump $file"
	cksum <"$file"
}
shows() { # NAME: text that is written to the console changes the picture
	local first
	first=$(screen)
	printf '\n%s\n' "$1" >/dev/tty1
	changed() { [[ $(screen) != "$first" ]]; }
	ok "$1: the console shows text" lab_wait 20 changed
}
shows 'before'

run virt-vfio bind "$card"
expect 'not without a word' 3 display-boot 'text console'
run virt-vfio bind --allow display-boot "$card"
expect 'taken' 0 "$card"
ok 'no console is on it now' grep -q 'frame buffer device=0' <<<"$(consoles) frame buffer device=0"
is 'the journal knows which it was' "$(grep ^consoles= "$journal/$card")" "consoles=$(basename "$(dirname "$(grep -l 'frame buffer' /sys/class/vtconsole/*/name)")")"
run virt-vfio release "$card"
expect 'given back' 0 "$card"
unchanged 'its driver is back' "$before"
is 'and the console' "$(consoles)" "$consoles_before"
shows 'after bind and release'

lab_libvirt
define screen "$card" 'x-vga = yes' 'allow = display-boot'
run virt-vfio start --keep screen
expect 'a guest gets it as its only screen' 0 'screen is running'
ok 'the guest sees it' lab_expect 90 "$(guest_log screen)" 'guest: ready'
run virt-vfio stop screen
expect 'and gives it back' 0
unchanged 'its driver is back from the guest' "$before"
is 'and the console from the guest' "$(consoles)" "$consoles_before"
shows 'after the guest'

# Killed while it moves: recover brings the console back as well.
for step in 2 4 6 8; do
	VIRT_VFIO_SEAM=kill=$step run virt-vfio bind --allow display-boot "$card"
	run virt-vfio recover
	[[ $(drivers "$card") != vfio-pci ]] || run virt-vfio release "$card"
	is "killed at step $step: the console is back" "$(consoles)" "$consoles_before"
done
unchanged 'everything is as before' "$before"
journal_empty 'the journal is empty'
tap_done
