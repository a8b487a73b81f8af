#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: stress
# Twenty domains want sixteen devices, four clients start and stop them at random, through libvirt's hook and through the
# program: after each step libvirt, the journal and sysfs agree. 90 s of it and five steps at least, five minutes with --long.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"

[[ " $* " == *' --long '* ]] && long=yes || long=no
seconds=90 clients=4
[[ $long == no ]] || seconds=300
seed=${VIRT_VFIO_STRESS_SEED:-$RANDOM}

hook_installed
lab_libvirt
before=$(snapshot)
# Sixteen with a device each, four that want two which others have as well.
for ((number = 0; number < 20; number++)); do
	own=("$(lab_dev "d$((number % 16))")")
	((number < 16)) || own+=("$(lab_dev "d$((number - 8))")")
	define "guest$number" "$(IFS=';' && printf '%s' "${own[*]}")"
	printf 'guest%d %s\n' "$number" "${own[*]}"
done >"$tap_tmp/domains"

code=0
said=$(python3 "$LAB_ROOT/tests/lab/tests/hook-stress.py" "$seconds" "$seed" "$clients" "$tap_tmp/domains" 2>&1) || code=$?
if ((code == 0)); then
	tap_pass "$clients clients, 20 domains, 16 devices, seed $seed: $said"
else
	tap_fail "$clients clients, 20 domains, 16 devices, seed $seed" "$said"
fi
unchanged 'every device is back' "$before"
journal_empty 'the journal is empty'
tap_done
