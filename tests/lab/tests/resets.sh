#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: resets
# Each method of reset on a device that has it, who is protected from it, and what becomes of a device whose reset fails.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/inside/hotplug.sh
. "$LAB_ROOT/tests/lab/inside/hotplug.sh"

gpu=$(lab_dev gpu) audio=$(lab_dev audio) edu=$(lab_dev edu) nvme0=$(lab_dev nvme0) nvme1=$(lab_dev nvme1)
nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) host=$(lab_dev hostvga)
notes=/run/virt-vfio/resets
before=$(snapshot)

refused() { # NAME TEXT...: nothing was changed
	local name=$1
	shift
	expect "$name" 3 "$@"
}
register() { python3 "$LAB_ROOT/tests/lab/inside/register.py" "$@"; }
method_of() { sed '/^virt-vfio:/d' <<<"$run_out" | python3 -c 'import json, sys; print(json.load(sys.stdin)["method"])'; }
no_notes() { is "$1" "$(ls -A "$notes" 2>/dev/null)" ''; }
list_of() { cat "/sys/bus/pci/devices/$1/reset_method"; }

# --- what there is
run virt-vfio reset "$edu" --dry-run
expect 'what a device has, and what would be tried' 0 "$edu" bus hot_reset 'is not with VFIO' reset_subordinate slot_power remove_rescan
unchanged 'a dry run changes nothing' "$before"
run virt-vfio reset "$edu" --method sing
expect 'a method that there is not' 2 sing
run virt-vfio reset "$edu" --method flr
refused 'a method that the device has not' reset-none 'it has no flr'
run virt-vfio reset "$(lab_dev edu-port)"
refused 'a bridge' not-endpoint

# --- who is protected
run virt-vfio reset "$nvme0"
refused 'a host driver has it' driver-bound nvme 'virt-vfio bind'
run virt-vfio reset "$host"
refused 'the display of this host' driver-bound "$host"
run virt-vfio bind "$gpu" --allow "group-shared=$gpu" --json
if ((run_rc == 0)); then
	# Both functions went; give the audio function back to see it protected.
	lab_bind "$audio" '' || true
fi
run virt-vfio reset "$gpu"
refused 'a function beside it is used' reset-siblings "$audio" snd_hda_intel
run virt-vfio reset "$gpu" --method hot_reset --allow reset-siblings --allow reset-none
refused 'VFIO would refuse as well' reset-none "$audio is not with VFIO"
is 'both are as they were' "$(drivers "$gpu" "$audio")" 'vfio-pci snd_hda_intel'
run virt-vfio release "$gpu"
expect 'the GPU is back' 0

run virt-vfio bind "$gpu" "$audio" "$nvme0" "$nic0" "$nic1"
expect 'all are with VFIO' 0
sleep 600 3<>"/dev/vfio/$(lab_group "$nvme0")" &
holder=$!
lab_wait 5 test -e "/proc/$holder/fd/3"
run virt-vfio reset "$nvme0" --allow process-holds
refused 'a running program has it' process-holds "/dev/vfio/$(lab_group "$nvme0")"
kill "$holder"
wait "$holder" || true

# --- each method
ok 'a register that a reset clears' test "$(register "$nvme0" 0x0c 0x10001)" == 0x10001
methods=$(list_of "$nvme0")
run virt-vfio reset "$nvme0" --json
expect 'flr: of its own accord' 0
is 'flr: it says so' "$(method_of)" flr
is 'flr: the register is clear' "$(register "$nvme0" 0x0c)" 0x0
is 'flr: the list of methods is as it was' "$(list_of "$nvme0")" "$methods"
run virt-vfio reset "$nic0" --method pm
expect 'pm' 0 'by pm; it answers'
run virt-vfio reset "$nic0" --method bus --allow reset-none
refused 'bus: not for one that is not alone' reset-none "$nic1 is there too"
run virt-vfio reset "$edu" --method bus
expect 'bus' 0 'by bus; it answers'

# The controller out of reset (High Definition Audio Specification, 3.3.7: GCTL): a reset of the bus puts it back.
ok 'the audio function is awake' test "$(register "$audio" 0x08 1)" == 0x1
run virt-vfio reset "$gpu" --json
expect 'the GPU: its bus' 0 "$audio"
is 'hot_reset comes before the bridge' "$(method_of)" hot_reset
is 'hot_reset: the function beside it was reset too' "$(register "$audio" 0x08)" 0x0
ok 'the audio function is awake again' test "$(register "$audio" 0x08 1)" == 0x1
run virt-vfio reset "$gpu" --method reset_subordinate
expect 'reset_subordinate' 0 'by reset_subordinate; it answers'
is 'reset_subordinate: the function beside it was reset too' "$(register "$audio" 0x08)" 0x0
sleep 600 3<>"/dev/vfio/$(lab_group "$audio")" &
holder=$!
lab_wait 5 test -e "/proc/$holder/fd/3"
run virt-vfio reset "$gpu" --method reset_subordinate --allow reset-siblings
refused 'reset_subordinate: a program has what is beside it' process-holds
kill "$holder"
wait "$holder" || true

ok 'the register is set' test "$(register "$nvme0" 0x0c 0x10001)" == 0x10001
run virt-vfio reset "$nvme0" --method slot_power
refused 'slot_power: only with consent' reset-removes "--allow reset-removes=$nvme0"
method=remove_rescan
run virt-vfio reset "$nvme0" --method "$method" --allow "reset-removes=$nvme0"
expect "$method" 0 "by $method; it answers"
is "$method: it is with VFIO again" "$(drivers "$nvme0")" vfio-pci
is "$method: nobody else may have it" "$(cat "/sys/bus/pci/devices/$nvme0/driver_override")" vfio-pci
is "$method: it stays awake" "$(cat "/sys/bus/pci/devices/$nvme0/power/control")" on
no_notes 'nothing is left over'
# QEMU lets go of a card whose slot is off (tests/lab/inside/hotplug.sh): as a slot that ejects.
run virt-vfio reset "$edu" --method slot_power --allow "reset-removes=$edu"
expect 'slot_power: a slot that ejects its card' 1 "slot_power: $edu did not come back"
no_notes 'slot_power: nothing is left over'
lab_plug edu edu
ok 'slot_power: plugged in again' lab_wait 20 test -e "/sys/bus/pci/devices/$edu"

# --- kills. On the fake tree it is killed at each step (tests/unit/test-reset-kill.c); what switches slots takes long here.
declare -A strides=([flr]=1 [remove_rescan]=3)
for method in "${!strides[@]}"; do
	for ((step = 1; step < 30; step += strides[$method])); do
		rc=0
		VIRT_VFIO_SEAM=kill=$step virt-vfio reset "$nvme0" --method "$method" --allow reset-removes >/dev/null 2>&1 || rc=$?
		((rc == 137)) || break
		# The worker dies with the program, but only when the kernel has let go of it.
		run virt-vfio recover
		expect "$method: killed at step $step: recovered" 0
		lab_wait 10 test -e "/sys/bus/pci/devices/$nvme0" || true
		is "$method: killed at step $step: the list of methods" "$(list_of "$nvme0")" "$methods"
		# Gone from VFIO in between, it has gone home: nothing is known any more that could keep it.
		[[ $(lab_driver "$nvme0") == vfio-pci ]] || virt-vfio bind "$nvme0" >/dev/null 2>&1 || bail "cannot take it again"
	done
	is "$method: not killed at step $step" "$rc" 0
	ok "$method: there were steps to be killed at" test "$step" -gt 3
done
no_notes 'nothing is left over from all that'

# --- a reset that fails
run env VIRT_VFIO_SEAM=fail=5:5 virt-vfio reset "$nvme0" --method flr
expect 'an error of the kernel' 1 'flr: Input/output error' "$nvme0 was not reset"
run virt-vfio status
expect 'it is quarantined, with the reason' 0 quarantined 'Input/output error'
run virt-vfio recover
expect 'and not tried again by itself' 1 "$nvme0 stays quarantined"
run virt-vfio reset "$nvme0"
expect 'on request it is' 0 'stays in quarantine until it is released'
run virt-vfio release "$gpu" "$audio" "$nvme0" "$nic0" "$nic1"
expect 'all are back' 0
journal_empty 'the journal is empty'

# --- a domain's policy
lab_libvirt
uri=urn:virt-vfio:domain:1
policy() { # METHODS: the domain "policy" has both drives, the first with this policy
	local xml
	define policy "$nvme0;$nvme1"
	xml=$(virsh dumpxml --inactive policy | python3 -c '
import sys, xml.etree.ElementTree as tree
uri, address, methods = sys.argv[1:]
tree.register_namespace("vv", uri)
domain = tree.parse(sys.stdin)
for device in domain.iter(f"{{{uri}}}device"):
    if device.get("address") == address:
        device.set("reset", methods)
tree.ElementTree(domain.getroot()).write(sys.stdout, encoding="unicode")' "$uri" "$nvme0" "$1")
	printf '%s\n' "$xml" >"$tap_tmp/policy.xml"
	virsh define "$tap_tmp/policy.xml" >/dev/null
}
cycle() {
	run virt-vfio start --keep policy
	((run_rc == 0)) || bail "cannot start it: $run_out"
	run virt-vfio stop --force --timeout 1 policy
}
policy flr
cycle
expect 'policy flr: reset before it goes back, the other one not' 0 "$nvme0 reset" "$nvme0 back to its host" "$nvme1 back to its host"
ok 'policy flr: only the one' test "$(grep -c ' reset ' <<<"$run_out")" == 1
journal_empty 'policy flr: the journal is empty'
run virt-vfio start --keep --reset policy
expect 'start --reset: both are reset, by the policy and by the best' 0 "$nvme0 reset" "$nvme1 reset" 'policy is running'
run virt-vfio stop --force --timeout 1 policy
expect 'and given back' 0
policy none
cycle
expect 'policy none: given back' 0 "$nvme0 back to its host"
ok 'policy none: no reset' test "$(grep -c ' reset ' <<<"$run_out")" == 0
policy 'pm acpi'
cycle
expect 'a policy that fails' 1 "$nvme0 stays on VFIO" 'it was to be reset (pm acpi)' "virt-vfio release $nvme0"
is 'a policy that fails: it stays, the other one is back' "$(drivers "$nvme0" "$nvme1")" 'vfio-pci nvme'
run virt-vfio status
expect 'a policy that fails: status has the words' 0 quarantined 'it was to be reset (pm acpi) before it goes back'
run virt-vfio reset "$nvme0"
expect 'by another method it can be reset' 0 'by flr'
tap_done
