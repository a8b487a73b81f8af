#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov
# coverage
# Virtual functions through libvirt's hook: guests that virsh starts and stops get the settings of their VFs, and give them
# back.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"
# shellcheck source=tests/lab/tests/vf-common.sh
. "$LAB_ROOT/tests/lab/tests/vf-common.sh"

hook_installed
lab_libvirt
two_vfs
pf_up
define_vf a '[network wan]' "vf = $pf" "${settings[@]}"
define_vf c '[network wan]' "vf = $pf"
[[ $(vf_of a) == "$vf0" ]] && of_a=0 || of_a=1

run virsh start a
expect 'a: by virsh' 0
is 'a: with all its settings' "$(by_ip "$of_a")" "$all_settings"
run virt-vfio define "$(vf_file g '[network wan]' "vf = $(vf_of a)")"
run virsh start g
expect 'g: the same VF' 1 'claimed' 'domain a'
virsh dumpxml --inactive c | sed "s/address=\(['\"]\)$(vf_of c)/address=\1$(vf_of a)/" >"$tap_tmp/c.xml"
if [[ $(vf_of c) != "$(vf_of a)" ]]; then
	a=$(vf_of a) c=$(vf_of c)
	sed -i "s/bus='0x${c:5:2}' slot='0x${c:8:2}' function='0x${c:11:1}'/bus='0x${a:5:2}' slot='0x${a:8:2}' function='0x${a:11:1}'/" "$tap_tmp/c.xml"
	virsh define "$tap_tmp/c.xml" >/dev/null
fi
run virsh start c
expect 'c: the hook cannot choose, and says who can' 1 'claimed' 'virt-vfio start c'
run virt-vfio start c
expect 'c: which does' 0 'c is running' 'the hook is live'
is 'c: has the other one' "$(vf_of c)" "$([[ $(vf_of a) == "$vf0" ]] && echo "$vf1" || echo "$vf0")"
run virsh destroy a
run virsh destroy c
lab_wait 20 settled "$before" || true
all_as_before 'after virsh destroy'

tap_done
