#!/usr/bin/env bash
# machine: check-amd
# check on a host with AMD's IOMMU, which is on without being asked for.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

ok 'the kernel was told nothing about an IOMMU' grep -qv amd_iommu /proc/cmdline
checks
fails 'nothing about the IOMMU' kvm libvirt
row acpi acpi pass IVRS
row iommu iommu pass 'on: '
row remap remap pass IR-
row kconfig kconfig pass /boot/config-
is 'amd_iommu=on is nobody'"'"'s advice' "$(grep -c 'amd_iommu=on' "$tap_tmp/check.json" || true)" 0
tap_done
