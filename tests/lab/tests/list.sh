#!/usr/bin/env bash
# list and show against lspci and sysfs, read by somebody else: every device with its kind, ids, group, driver, reset
# methods, ROM and SR-IOV; and the same from a recorded copy of sysfs.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

compare() { # JSON-FILE NAME: one TAP line, and a diagnostic for each difference
	local said
	if said=$(python3 "$LAB_ROOT/tests/lab/tests/list.py" compare "$1" 2>&1); then
		tap_pass "$2"
	else
		tap_fail "$2" "$said"
	fi
}

# VFs are devices too; their drivers are not the subject here.
igb=''
if grep -q '^igb ' /lab/devices; then
	igb=$(lab_dev igb)
	echo 0 >"/sys/bus/pci/devices/$igb/sriov_drivers_autoprobe"
	echo 2 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
fi

virt-vfio list --json >"$tap_tmp/list.json"
compare "$tap_tmp/list.json" 'list --json says what lspci and sysfs say'

run virt-vfio bind "$(lab_dev gpu)" "$(lab_dev audio)" "$(lab_dev edu)"
expect 'three functions are taken' 0
virt-vfio list --json >"$tap_tmp/taken.json"
compare "$tap_tmp/taken.json" 'the same with three functions taken'
is 'claimed_by names who has them' "$(python3 - "$tap_tmp/taken.json" <<-'P'
	import json, sys
	print(*sorted(d["address"] + "=" + d["claimed_by"] for d in json.load(open(sys.argv[1]))["devices"] if d["claimed_by"]))
P
)" "$(for name in gpu audio edu; do echo "$(lab_dev $name)=manual"; done | sort | xargs)"

run virt-vfio show "$(lab_dev gpu)"
expect 'show: kind, driver, group members, ROM and owner' 0 'gpu' '1234:1111' 'vfio-pci' "$(lab_dev audio)" 'has a ROM BAR' 'manual'
run virt-vfio release --all
expect 'they are given back' 0
run virt-vfio show --json "$(lab_dev nvme0)"
expect 'show --json: one device object' 0 "\"address\": \"$(lab_dev nvme0)\"" '"kind": "nvme"' '"driver": "nvme"'
run virt-vfio show "$(lab_dev noacs0)"
expect 'show: what else is in the group, and that it is in the way' 0 group-shared "$(lab_dev noacs1)" "$(lab_dev noacs-port)"
run virt-vfio show 0000:7f:00.0
expect 'show: an address where nothing is' 3 not-found

run virt-vfio list
absent=''
for name in gpu audio nic0 nic1 hba nvme0 nvme1 nvme2 nvme3 usb noacs0 noacs1 edu hostvga; do
	address=$(lab_dev "$name") driver=$(drivers "$address")
	grep -Eq "$address .*${driver/none/-} " <<<"$run_out" || absent+=" $name"
done
is 'list: every device in a line with its driver' "$absent" ''
[[ $run_out != *"$(lab_dev gpu-port)"* ]] && bridges=hidden || bridges=shown
is 'list: bridges are not shown' "$bridges" hidden
run virt-vfio list --bridges
expect 'list --bridges shows them' 0 "$(lab_dev gpu-port)" pcieport
run virt-vfio list --kind nvme
is 'list --kind nvme: four of them' "$(grep -c nvme <<<"$run_out")" 4
run virt-vfio list --kind toaster
expect 'list --kind: a kind that is none' 2 toaster nvme
run as_nobody virt-vfio list
expect 'list works without root' 0 "$(lab_dev gpu)"

# What a user would send along with a report: all that is needed is files and links.
python3 "$LAB_ROOT/tests/lab/tests/list.py" record "$tap_tmp/recorded"
virt-vfio list --json >"$tap_tmp/live.json"
virt-vfio --sysroot "$tap_tmp/recorded" list --json >"$tap_tmp/copy.json"
is 'list --json of a recorded copy is the same' "$(<"$tap_tmp/copy.json")" "$(<"$tap_tmp/live.json")"
run virt-vfio --sysroot "$tap_tmp/recorded" plan "$(lab_dev noacs0)"
expect 'plan on a recorded copy' 3 group-shared
run virt-vfio --sysroot "$tap_tmp/recorded" bind "$(lab_dev edu)"
expect 'bind on a recorded copy is refused' 2 --sysroot --dry-run
run virt-vfio --sysroot "$tap_tmp/recorded" bind --dry-run "$(lab_dev edu)"
expect 'but --dry-run is not' 0 "$(lab_dev edu)"
run virt-vfio --sysroot /nowhere list
expect 'a recorded machine that is not there' 4 /nowhere

[[ -z $igb ]] || echo 0 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
tap_done
