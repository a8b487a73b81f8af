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
is 'each begins with a VF of its own' "$(vf_of a) $(vf_of c)" "$vf0 $vf1"

run virsh start a
expect 'a: by virsh' 0
is 'a: with all its settings' "$(by_ip 0)" "$all_settings"
run virt-vfio define "$(vf_file g '[network wan]' "vf = $vf0")"
run virsh start g
expect 'g: the same VF' 1 'claimed' 'domain a'
virsh dumpxml --inactive c | sed "s/address=\(['\"]\)$vf1/address=\1$vf0/" >"$tap_tmp/c.xml"
sed -i "s/bus='0x${vf1:5:2}' slot='0x${vf1:8:2}' function='0x${vf1:11:1}'/bus='0x${vf0:5:2}' slot='0x${vf0:8:2}' function='0x${vf0:11:1}'/" \
	"$tap_tmp/c.xml"
virsh define "$tap_tmp/c.xml" >/dev/null
is "c: is given a's" "$(vf_of c)" "$vf0"
run virsh start c
expect 'c: the hook cannot choose, and says who can' 1 'claimed' 'virt-vfio start c'
run virt-vfio start c
expect 'c: which does' 0 'c is running' 'the hook is live'
is 'c: has the other one' "$(vf_of c)" "$vf1"
run virsh destroy a
run virsh destroy c
lab_wait 20 settled "$before" || true
all_as_before 'after virsh destroy'

tap_done
