#!/usr/bin/env bash
# machine: check-iommu-off
# check on a host whose kernel was told not to use its IOMMU.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

ok 'the kernel was told not to' grep -q intel_iommu=off /proc/cmdline
checks
fails 'the IOMMU alone, as the argument' kvm iommu advice libvirt
row 'the firmware is not to blame' acpi pass DMAR
row 'what is in the way' iommu fail '/sys/class/iommu is empty' 'take intel_iommu=off away'
run virt-vfio check
expect 'for people' 4 'not ready: kvm, iommu, advice and libvirt' 'take intel_iommu=off away'
checks "$(vm_file a "$(lab_dev nic0)")"
row 'the guest'"'"'s plan says the same' no-iommu fail 'no active IOMMU'
tap_done
