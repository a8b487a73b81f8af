#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual functions that are there after a reboot: a system on a disk with its own systemd and udev, started three times.
# runs: host
set -euo pipefail

lab=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

# Each stage begins with what the one before has left on the disk.
for stage in made kept forgotten; do
	code=0
	"$lab/run" --build "${LAB_BUILD:-$lab/../../build}" --machine sriov-disk --boot disk --image grub --disk "$work/disk.qcow2" \
		--timeout 400 "$lab/boot/sriov-stages.sh" "$stage" "$@" >"$work/out" 2>&1 || code=$?
	sed -e '/^1\.\./d' -e "s/^\(\(not \)\?ok [0-9]*\) - /\1 - $stage: /" "$work/out"
	((code == 0)) || exit "$code"
done
