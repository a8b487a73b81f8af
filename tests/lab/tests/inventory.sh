#!/usr/bin/env bash
# list --report and list --picture on the whole machine, against lspci: every function is in both, with who has it; with
# and without libvirt and root.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

second_opinion() { # KIND FILE NAME: one TAP line, and a diagnostic for each difference
	local said
	if said=$(python3 "$LAB_ROOT/tests/lab/tests/inventory.py" "$1" "$2" 2>&1); then
		tap_pass "$3"
	else
		tap_fail "$3" "$said"
	fi
}

# Idle VFs are folded in the picture, and those that somebody has are not.
vf=''
if grep -q '^igb ' /lab/devices; then
	igb=$(lab_dev igb)
	echo 0 >"/sys/bus/pci/devices/$igb/sriov_drivers_autoprobe"
	echo 7 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
	vf=$(lab_vf igb 2)
fi
before=$(snapshot)

run virt-vfio list --report
expect 'without libvirt the report says so, and goes on' 0 '# PCI devices of ' 'libvirt does not answer' "### $(lab_dev gpu) gpu"
unchanged 'nothing on the host has changed' "$before"

run virt-vfio bind "$(lab_dev gpu)" "$(lab_dev audio)"
expect 'two are taken by hand' 0
[[ -z $vf ]] || lab_bind "$vf" vfio-pci
lab_libvirt
define keeper "$(lab_dev nvme1)"
run virt-vfio list --report "$tap_tmp/report.md" --picture "$tap_tmp/host.svg"
expect 'report and picture into files' 0 report.md host.svg "$(lspci -D | wc -l) functions"
second_opinion markdown "$tap_tmp/report.md" 'the report has every function that lspci knows, with its ids, driver and group'
second_opinion picture "$tap_tmp/host.svg" 'the picture has every function that lspci knows, and no two boxes overlap'
[[ -z $vf ]] || ok 'six idle VFs are one box, and the seventh has its own' grep -q ">6 VFs<" "$tap_tmp/host.svg"
run virt-vfio list --report --json
expect 'the report as JSON' 0 '"used_by": [' '"domain": "keeper"' "\"kernel\": \"$(uname -r)\""
printf '%s\n' "$run_out" >"$tap_tmp/report.json"
second_opinion json "$tap_tmp/report.json" 'the JSON has every function that lspci knows, with its ids, driver and group'
is 'the report says who has what' "$(sed -n "/^### $(lab_dev audio) /,/^### /s/^- Journal: //p" "$tap_tmp/report.md")" \
	'taken, for manual, from snd_hda_intel'
is '…and which VM lists what' "$(sed -n "/^### $(lab_dev nvme1) /,/^### /s/^- Listed by VM: //p" "$tap_tmp/report.md")" 'keeper (off)'
is '…and serial numbers' "$(sed -n "/^### $(lab_dev nvme0) /,/^### /s/^- Serial number: //p" "$tap_tmp/report.md")" 'lab-nvme0'

run as_nobody virt-vfio list --report
expect 'without root it says once what may be missing' 0 "### $(lab_dev gpu) gpu" 'Written without root'
is '…and once only' "$(grep -c 'without root' <<<"$run_out")" 1

[[ -z $vf ]] || lab_bind "$vf" ''
run virt-vfio release --all
expect 'they are given back' 0
unchanged 'everything is as it was' "$before"

[[ -z ${LAB_OUT:-} ]] || cp "$tap_tmp"/report.* "$tap_tmp/host.svg" "$LAB_OUT/"
[[ -z $vf ]] || echo 0 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
tap_done
