#!/usr/bin/env bash
# list --groups on real ports: which one lacks ACS, which card does, and what lspci says of the same registers.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

noacs=$(lab_dev noacs-port) noacs0=$(lab_dev noacs0) noacs1=$(lab_dev noacs1)
nics=$(lab_dev nic-port) nic0=$(lab_dev nic0) nic1=$(lab_dev nic1)

has_acs() { # ADDRESS: by the witness
	lspci -vvv -s "$1" | grep -q 'Access Control Services'
}
if ! has_acs "$noacs" && has_acs "$nics" && ! has_acs "$nic0"; then
	tap_pass 'lspci: the port of the two lacks ACS, that of the NIC has it, the NIC lacks it'
else
	tap_fail 'lspci: the port of the two lacks ACS, that of the NIC has it, the NIC lacks it'
fi

run virt-vfio list --groups
expect 'list --groups: the port that lacks ACS is named' 0 "the root port $noacs has no ACS" \
	"$nic0, $nic1 are functions of one device, with no ACS between them; not for lack of it in the port above, $nics"
expect 'what the whole group costs' 0 "virt-vfio plan $noacs0 $noacs1; this host then has no use of" "$noacs1 (usb, xhci_hcd)"
expect 'what can help, the override last and with its risk' 0 'ACS Enable' 'if this kernel has that patch' "behind the IOMMU's back"
[[ $run_out != *"port $nics has no ACS"* && $run_out != *'as root'* ]] && said=right || said=wrong
is 'no port that has ACS is blamed, and root is not told to be root' "$said" right

virt-vfio list --groups --json >"$tap_tmp/groups.json"
is 'list --groups --json: the causes, each with its address' "$(python3 - "$tap_tmp/groups.json" <<-'P'
	import json, sys
	causes = []
	for group in json.load(open(sys.argv[1]))["groups"]:
	    assert group["too_large"] == bool(group["why"]) == bool(group["help"]), group
	    causes += [why["address"] + " " + why["code"] for why in group["why"]]
	print(*sorted(causes), sep="\n")
P
)" "$(printf '%s\n' '0000:00:1f.0 chipset' "$nic0 multifunction" "$noacs no-acs" | sort)"

# Every group that sysfs has, with the same members.
is 'all groups are there' "$(python3 -c '
import json, sys
for group in json.load(open(sys.argv[1]))["groups"]:
    print(group["id"], *group["members"])' "$tap_tmp/groups.json")" \
	"$(for folder in $(printf '%s\n' /sys/kernel/iommu_groups/* | sort -V); do echo "${folder##*/}" "$(find "$folder/devices" -mindepth 1 -printf '%f\n' | sort | xargs)"; done)"

run virt-vfio list --groups --kind nvme
[[ $run_out == *"$(lab_dev nvme0)"* && $run_out != *"$nic0"* ]] && said=right || said=wrong
is '--kind leaves groups without such a device out' "$said" right

run as_nobody virt-vfio list --groups
expect 'without root: from the place in the tree' 0 "$noacs does not isolate what is behind it" "$nic0, $nic1 are functions of one device" 'as root'

# What it says to type is right.
run virt-vfio plan "$noacs0" "$noacs1"
expect 'the plan of the whole group is not refused' 0
run virt-vfio plan "$noacs0" --allow "group-shared=$noacs0"
expect 'nor that of one of them, with the other held back' 0 "$noacs1"
tap_done
