#!/usr/bin/env bash
# machine: check-hugepages
# check on a host with few huge pages: it tells of those that there are, and fails for a guest that wants more.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/checked.sh
. "$LAB_ROOT/tests/lab/tests/checked.sh"

checks
fails 'the host alone' kvm libvirt
row 'the pages there are' huge pass '8 of 8 pages of 2 MiB'
nic0=$(lab_dev nic0)
checks "$(vm_file big "$nic0" 'vm:hugepages = 2M')"
fails 'a guest of 64 MiB from them' libvirt huge
row 'what is missing' huge fail '64 MiB of huge pages of 2 MiB, and 16 MiB are free' 'setup --hugepages 32,2M --apply'
checks "$(vm_file small "$nic0" 'vm:hugepages = 2M' 'vm:memory = 16M')"
fails 'a guest of 16 MiB from them' libvirt
row 'that fits' huge pass '16 MiB fit into 16 MiB'
checks "$(vm_file none "$nic0" 'vm:hugepages = none')"
fails 'a guest without' libvirt
tap_done
