#!/usr/bin/env bash
# The main job with small guests: two NIC ports, a storage adapter, an NVMe drive and a USB controller, each started,
# seen by its guest, stopped and given back; and the ways to start and stop.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) hba=$(lab_dev hba) nvme=$(lab_dev nvme1) usb=$(lab_dev usb) edu=$(lab_dev edu)
before=$(snapshot)
lab_libvirt
unchanged 'libvirtd alone changes nothing' "$before"

mac() { cat "/sys/bus/pci/devices/$1/net/"*/address; }
mac0=$(mac "$nic0") mac1=$(mac "$nic1")

says() { # NAME PATTERN...: the guest printed a line for each pattern within a minute
	local log pattern missing=()
	log=$(guest_log "$1")
	lab_expect 90 "$log" 'guest: ready' || missing+=('guest: ready')
	for pattern in "${@:2}"; do
		grep -Eq "$pattern" "$log" || missing+=("$pattern")
	done
	if ((${#missing[@]})); then
		tap_fail "$1: the guest sees its device" 'it did not say:' "${missing[@]}" 'it said:' "$(cat "$log" 2>&1)" "$(cat "$tap_tmp/start-$1" 2>&1)"
	else
		tap_pass "$1: the guest sees its device"
	fi
}

round() { # NAME HOST 'FUNCTION...' PATTERN...: one guest from define to its devices' way home
	local name=$1 functions address taken=''
	read -ra functions <<<"$3"
	define "$name" "$2"
	run virt-vfio plan "$name"
	expect "$name: the plan" 0 "${functions[@]}" vfio-pci
	start_background "$name" --wait
	says "$name" "${@:4}"
	for address in "${functions[@]}"; do taken+="$(lab_driver "$address") $(cut -d= -f2 <(grep ^state "$journal/$address" 2>&1)) "; done
	is "$name: vfio-pci has the devices, the journal too" "$taken" "$(for address in "${functions[@]}"; do printf 'vfio-pci taken '; done)"
	run virt-vfio status
	expect "$name: status shows it" 0 "for $name" "${functions[@]}" running
	run virt-vfio stop "$name"
	expect "$name: stop" 0 "$name has stopped"
	finish_background "$name" 30
	expect "$name: start --wait ends well" 0 "$name is running" "$name has stopped"
	unchanged "$name: the devices are back" "$before"
	journal_empty "$name: the journal is empty"
}

round nic "$nic0;$nic1" "$nic0 $nic1" "nic .*\.0 mac $mac0" "nic .*\.1 mac $mac1"
round hba "$hba" "$hba" '1000:0079' 'hba .* state b'
round nvme "$nvme" "$nvme" 'nvme.*lab-nvme1' 'virt-vfio lab disk nvme1'
round usb "$usb" "$usb" '1b36:000d class 0c0330' 'usb .* version 1'

# --- a guest that ends by itself

run virt-vfio define --set vm.cmdline=poweroff --set vm.name=short "$tap_tmp/nvme.ini"
run virt-vfio start --wait short
expect 'a guest that switches itself off: start --wait gives back and ends' 0 'short has stopped'
unchanged 'its device is back' "$before"

# --- start --keep, and what others may do to a running guest

define keep "$edu"
run virt-vfio start --keep --json keep
expect 'start --keep --json' 0 '"verdict": "ok"' '"what": "start"' "$edu"
ok 'it is JSON' python3 -c 'import json, sys; json.loads(sys.argv[1])' "$run_out"
taken=$(snapshot)
run virt-vfio release "$edu"
expect 'release: refused while the guest runs' 3 process-holds
unchanged 'nothing has changed by that' "$taken"
run virt-vfio stop --dry-run keep
expect 'stop --dry-run: what would come back' 0 "$edu"
run virsh domstate keep
expect 'and the guest still runs' 0 running
lab_expect 60 "$(guest_log keep)" 'guest: ready' || true
run virt-vfio stop --json keep
expect 'stop --json' 0 '"state": "host"' "$edu"
ok 'it is JSON too' python3 -c 'import json, sys; json.loads(sys.argv[1])' "$run_out"
unchanged 'the device is back' "$before"
run virt-vfio stop keep
expect 'stop: of a guest that is off' 0 'not running'

# A guest that crashes, or is shot, under --keep: nobody was there to give back.
run virt-vfio start --keep keep
run virsh destroy keep
run virt-vfio status
expect 'status: a device is still taken for a domain that is off' 0 "for keep" "$edu"
run virt-vfio stop keep
expect 'stop: gives it back' 0
unchanged 'the device is back' "$before"

# --- a guest without ears: SeaBIOS that finds nothing to boot

define deaf "$edu"
run virt-vfio define "$(sed -i '/^kernel/d' "$tap_tmp/deaf.ini" && echo "$tap_tmp/deaf.ini")"
start_background deaf --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-deaf" || true
run virt-vfio stop --timeout 1 deaf
expect 'stop --timeout 1: says what can be done' 1 'still running' '--timeout' '--force'
run virt-vfio status
expect 'and the guest keeps its device' 0 "for deaf" running
run virt-vfio stop --timeout 1 --force deaf
expect 'stop --force: pulls the plug' 0 '--force' 'deaf has stopped'
finish_background deaf 30
expect 'start --wait ends well' 0
unchanged 'the device is back' "$before"

# --- start --wait that is interrupted: the guest and its devices go on, and stop is the way out

start_background deaf --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-deaf" || true
kill -INT "${tap_jobs[deaf]}" || true
finish_background deaf 20
expect 'Ctrl-C while waiting: says that the guest goes on' 1 interrupted 'virt-vfio stop deaf'
run virsh domstate deaf
expect 'it does' 0 running
run virt-vfio stop --timeout 0 --force deaf
expect 'stop: gives back without the one that waited' 0
unchanged 'the device is back' "$before"
journal_empty 'the journal is empty'

# --- libvirtd goes away while start --wait waits

define lost "$edu"
start_background lost --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-lost" || true
kill "$(</run/libvirtd.pid)"
finish_background lost 40
expect 'libvirtd is stopped meanwhile: says how to go on' 1 'lost' 'virt-vfio stop lost'
libvirtd_again
run virt-vfio stop --timeout 30 lost
expect 'and that works when it is there again' 0
unchanged 'the device is back' "$before"
journal_empty 'the journal is empty'
tap_done
