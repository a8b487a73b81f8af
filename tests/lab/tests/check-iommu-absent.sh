#!/usr/bin/env bash
# machine: check-iommu-absent
# check on a host whose kernel was not told about its IOMMU: Debian's switches Intel's on by itself.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

ok 'the kernel was told nothing' grep -qv intel_iommu /proc/cmdline
checks
fails 'nothing about the IOMMU' kvm libvirt
row 'on all the same' iommu pass 'on: 1 unit'
row 'host drivers are translated' mode info translated iommu=pt
tap_done
