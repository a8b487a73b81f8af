#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A display manager and a service hold the card, under a real systemd: named, refused, and with consent stopped and
# started again in reverse, whoever starts the guest and whatever is killed meanwhile.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"
# shellcheck source=tests/lab/inside/systemd.sh
. "$LAB_ROOT/tests/lab/inside/systemd.sh"

gpu=$(lab_dev gpu) audio=$(lab_dev audio)
card=/dev/dri/$(basename "/sys/bus/pci/devices/$gpu/drm/card"*)
mixer=/dev/snd/$(basename "/sys/bus/pci/devices/$audio/sound/card"*/controlC*)
notes=/run/virt-vfio/services
dm=display-manager.service
before=$(snapshot)

# What happened, in order, and which driver the card had then.
order=/run/order
cat >/run/tell <<TELL
#!/bin/bash
driver=\$(readlink /sys/bus/pci/devices/$gpu/driver)
echo "\$1 \${driver##*/}" >>$order
TELL
chmod 755 /run/tell
cp /bin/sleep /run/Xorg
cp /bin/sleep /run/mixer

# Drivers make their nodes in the background (sound above all); real ones wait for udev to tell.
dm_unit=('[Service]' 'ExecStartPre=/run/tell dm-starts' "ExecStart=/bin/bash -c 'until [[ -e $card ]]; do sleep 0.1; done; exec /run/Xorg infinity <$card'"
	'ExecStopPost=/run/tell dm-stopped')
mixer_unit=('[Service]' 'ExecStartPre=/run/tell mixer-starts' "ExecStart=/bin/bash -c 'until [[ -e $mixer ]]; do sleep 0.1; done; exec /run/mixer infinity <$mixer'"
	'ExecStopPost=/run/tell mixer-stopped')
lab_systemd
lab_unit "$dm" "${dm_unit[@]}"
lab_unit mixer.service "${mixer_unit[@]}"

holds() { # FILE UNIT: a process of the unit has the file open
	local fd
	for fd in "/proc/$(lab_systemctl show -P MainPID "$2")/fd/"*; do [[ ! $fd -ef $1 ]] || return 0; done
	return 1
}
both_hold() { holds "$card" "$dm" && holds "$mixer" mixer.service; }
start_both() {
	lab_systemctl start "$dm" mixer.service
	lab_wait 20 both_hold || bail 'the units do not hold the devices'
	: >"$order"
}
both_active() { lab_is_active "$dm" && lab_is_active mixer.service; }
back() { # NAME: all is as before
	ok "$1: the units run again" lab_wait 30 both_active
	unchanged "$1: the devices are back" "$before"
	journal_empty "$1: the journal is empty"
	is "$1: no note is left" "$(ls -A "$notes" 2>/dev/null)" ''
	start_both
}
start_both
lab_libvirt

# --- seen, and not without a word
run virt-vfio plan "$gpu" "$audio"
expect 'plan names unit and remedy' 3 "Xorg (pid $(lab_systemctl show -P MainPID "$dm"), $dm) holds $card open" \
	'display-manager = stop' 'mixer.service) holds' 'stop-services = mixer.service'
define keep "$gpu;$audio"
run virt-vfio start --keep keep
expect 'start without consent is refused' 3 process-holds "$dm"
ok 'nothing was stopped' both_hold
define half "$gpu;$audio" 'vm:display-manager = stop'
run virt-vfio start --keep half
expect 'a unit that was not named blocks still' 3 process-holds mixer.service
ok 'and nothing was stopped' both_hold

# --- with consent
define desk "$gpu;$audio" 'vm:display-manager = stop' 'vm:stop-services = mixer.service'
run virt-vfio plan desk
expect 'the plan with consent' 0 '(allowed)' "$dm is stopped first" 'mixer.service is stopped first'
run virt-vfio plan --json desk
expect 'its steps' 0 "\"stop $dm\"" '"stop mixer.service"' '"verdict": "ok"'
ok 'a plan stops nothing' both_hold
run virt-vfio start --keep desk
expect 'start' 0 "$dm is stopped" 'mixer.service is stopped' 'desk is running'
is 'both were stopped, in order, with their drivers still there' "$(<"$order")" $'dm-stopped bochs-drm\nmixer-stopped bochs-drm'
is 'the devices are with VFIO' "$(drivers "$gpu" "$audio")" 'vfio-pci vfio-pci'
run virt-vfio status
expect 'status says what is stopped' 0 "$dm, mixer.service: stopped for desk"
run virt-vfio status --json
expect 'and so for scripts' 0 '"services": [' '"mixer.service"'
run virt-vfio recover --dry-run
expect 'and recover --dry-run' 0 "$dm, mixer.service: stopped for desk"
run virt-vfio recover
expect 'recover leaves it so while the guest runs' 0
ok 'they are stopped still' bash -c '! systemctl --user is-active display-manager.service mixer.service'
: >"$order"
run virt-vfio stop desk
expect 'stop' 0 "$dm is started again" 'mixer.service is started again'
is 'both were started in reverse, with their drivers back' "$(<"$order")" $'mixer-starts bochs-drm\ndm-starts bochs-drm'
back 'start and stop'

start_background desk --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-desk" || true
run virsh destroy desk
finish_background desk 60
expect 'start --wait' 0 "$dm is started again"
back 'start --wait'

# --- what goes wrong
define broken "$gpu;$audio" 'vm:display-manager = stop' 'vm:stop-services = mixer.service' 'vm:emulator = /usr/bin/qemu-system-x86_64'
virsh -q dumpxml broken | sed 's#<kernel>.*</kernel>#<kernel>/nowhere</kernel>#' >"$tap_tmp/broken.xml"
virsh -q define "$tap_tmp/broken.xml"
run virt-vfio start --keep broken
expect 'a guest that does not start' 1 "$dm is started again" 'did not start'
back 'a guest that does not start'

lab_unit "$dm" "${dm_unit[@]}" 'KillSignal=SIGCONT' 'TimeoutStopSec=12'
run virt-vfio start --keep --deadline 1 desk
expect 'a unit that does not stop in time' 1 "$dm has not stopped within 2 s"
lab_wait 40 both_active || true
lab_unit "$dm" "${dm_unit[@]}"
back 'a unit that does not stop in time'

lab_unit "$dm" "${dm_unit[@]/exec/sleep 1000 <$card \& exec}" 'KillMode=process'
lab_systemctl restart "$dm"
start_both
run virt-vfio start --keep --deadline 1 desk
expect 'a process that survives its unit' 3 'process-holds' 'although what was agreed to is stopped'
pkill -x -f 'sleep 1000' || true
lab_unit "$dm" "${dm_unit[@]}"
lab_systemctl restart "$dm"
back 'a process that survives its unit'

# --- killed at each of the first steps (note, stops, journal), and again while it recovers
for step in 2 3 4 5 8 12; do
	VIRT_VFIO_SEAM=kill=$step run virt-vfio start --keep desk
	is "killed at step $step" "$run_rc" 137
	[[ $step != 4 ]] || VIRT_VFIO_SEAM=kill=1 run virt-vfio recover
	run virt-vfio recover
	expect "killed at step $step: recover" 0
	back "killed at step $step"
done

# --- libvirt's hook
lab_libvirt_stop
hook_installed
lab_libvirt
run virsh start desk
expect 'virsh start: the hook stops them' 0 started
is 'virsh start: the devices are with VFIO' "$(drivers "$gpu" "$audio")" 'vfio-pci vfio-pci'
ok 'virsh start: they are stopped' bash -c '! systemctl --user is-active display-manager.service mixer.service'
run virsh destroy desk
back 'virsh destroy'
run virsh start keep
expect 'virsh start without consent' 1 process-holds "$dm" 'display-manager = stop'
back 'virsh start without consent'
lab_unit "$dm" "${dm_unit[@]}" 'KillSignal=SIGCONT' 'TimeoutStopSec=20'
run virsh start desk
expect 'virsh start: a unit that does not stop in time' 1 "$dm has not stopped within 12 s"
lab_wait 40 both_active || true
lab_unit "$dm" "${dm_unit[@]}"
back 'virsh start: a unit that does not stop in time'
run virt-vfio hook remove
tap_done
