#!/usr/bin/env bash
# machine: check-no-iommu
# check on a host without an IOMMU, or with one that the firmware hides.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

checks
fails 'the firmware, and with it the IOMMU' kvm acpi iommu libvirt
row 'what the firmware does not show' acpi fail 'neither DMAR nor IVRS' 'virtual IOMMU'
row 'why there is none' iommu fail '/sys/class/iommu is empty' 'see acpi'
row 'no cause of its own' remap info 'see iommu'
is 'no parameter of the kernel is advised' "$(grep -c 'put intel_iommu=on' "$tap_tmp/check.json" || true)" 0
tap_done
