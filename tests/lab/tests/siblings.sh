#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom a reset reaches: what a plan says is what the kernel says, for each function that can only be reset with its bus.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

names=(gpu audio nic0 nic1 noacs0 noacs1 hba usb nvme1 edu)
devices=()
for name in "${names[@]}"; do devices+=("$(lab_dev "$name")"); done
run virt-vfio bind "${devices[@]}"
expect 'all are with VFIO' 0

planned() { # ADDRESS: the others that a plan for it alone names
	{ virt-vfio plan --json "$1" || true; } | python3 -c '
import json, re, sys
for reason in json.load(sys.stdin)["reasons"]:
    if reason["code"] == "reset-siblings" and reason["address"] == sys.argv[1]:
        print(*re.findall(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", reason["detail"]), sep="\n")' "$1"
}

alone=0 together=0
for index in "${!devices[@]}"; do
	name=${names[index]} address=${devices[index]} device=/sys/bus/pci/devices/${devices[index]}
	methods='' kernel=$(python3 "$LAB_ROOT/tests/lab/inside/hot-reset.py" "$address" | grep -vxF "$address" | sort || true)
	[[ ! -e $device/reset_method ]] || methods=$(<"$device/reset_method")
	if [[ " $methods " =~ ' '(device_specific|acpi|flr|af_flr|pm)' ' ]]; then
		is "$name ($methods) is reset alone" "$(planned "$address")" ''
		# Without these, as an administrator may want it, only its bus is left.
		echo bus >"$device/reset_method" 2>/dev/null || echo >"$device/reset_method"
		alone=$((alone + 1))
	elif [[ $methods == bus && -n $kernel ]]; then
		# The kernel made its list before the neighbour was there.
		ok "$name ($methods) cannot be reset alone" eval "! echo 1 2>/dev/null >'$device/reset'"
		together=$((together + 1))
	fi
	is "$name and those on its bus: ${kernel//$'\n'/ }" "$(planned "$address")" "$kernel"
	[[ ! -e $device/reset_method ]] || echo default >"$device/reset_method"
done
ok 'both kinds are on this machine' test "$alone" -gt 0 -a "$together" -gt 0
run virt-vfio release "${devices[@]}"
expect 'all are back' 0
journal_empty 'the journal is empty'
tap_done
