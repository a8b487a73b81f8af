#!/usr/bin/env bash
# machine: check-no-modules
# check on a kernel without VFIO's modules.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

checks
fails 'the modules' kvm modules libvirt
row 'which, and where they are not' modules fail 'vfio_pci and vfio_iommu_type1: not loaded, and not in /lib/modules/' 'modules'
checks "$(vm_file a "$(lab_dev nic0)")"
fails 'a guest cannot do without' modules libvirt no-vfio
tap_done
