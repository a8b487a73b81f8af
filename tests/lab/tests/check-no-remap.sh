#!/usr/bin/env bash
# machine: check-no-remap
# check on a host whose IOMMU cannot remap interrupts: VFIO hands over no device there, whatever else is well.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

checks
fails 'interrupt remapping' kvm remap libvirt
row 'whose fault it is' remap fail 'VFIO hands over no device' 'says that it has none'
row 'the IOMMU is on all the same' iommu pass 'on: 1 unit'

# It is no exaggeration.
nic0=$(lab_dev nic0)
modprobe vfio-pci
lab_bind "$nic0" vfio-pci
run timeout 60 qemu-system-x86_64 -nodefaults -display none -machine q35,accel=tcg -device "vfio-pci,host=$nic0"
ok 'QEMU does not get it' test "$run_rc" -ne 0 -a "$run_rc" -ne 124
ok 'VFIO says that it is not permitted' grep -qi 'not permitted' <<<"$run_out"
note "$run_out"

# Told to do without, VFIO does, and check warns.
echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
checks
fails 'allow_unsafe_interrupts lifts it' kvm libvirt
row 'at a price' remap warn 'a guest can disturb the host'
lab_bind "$nic0" ''
tap_done
