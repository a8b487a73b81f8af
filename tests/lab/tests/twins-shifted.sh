#!/usr/bin/env bash
# machine: twins-shifted
# The next boot after twins.sh: one card more, and at each old address is the neighbour of what was there. Domains from
# before are refused, and told where their devices are.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

declare -A now=()
names=(twin0 twin1 twin2 twin3 card0 card1 new)
for name in "${names[@]}"; do now[$name]=$(lab_dev "$name"); done
is 'one card more has moved them all' "$(for name in "${names[@]}"; do echo "${now[$name]}"; done | xargs)" \
	'0000:07:00.0 0000:06:00.0 0000:05:00.0 0000:04:00.0 0000:03:00.0 0000:02:00.0 0000:01:00.0'

# The drive that is now where the guest's drive was holds data of the host.
mkfs.ext4 -q "$(lab_disk twin1)"
mkdir -p /run/data
mount "$(lab_disk twin1)" /run/data
lab_libvirt

drive_ids='vendor="0x1b36" device="0x0010" subsystem-vendor="0x1af4" subsystem-device="0x1100" class="0x010802"'
card_ids='vendor="0x8086" device="0x10d3" subsystem-vendor="0x8086" subsystem-device="0x0000" class="0x020000"'
from_before() { # NAME ADDRESS IDENTITY: defines a domain as twins.sh leaves it
	lab_domain "$1" tiny | sed "s|^<domain.*|&<metadata><vv:domain xmlns:vv=\"urn:virt-vfio:domain:1\" version=\"1\">\
<vv:device name=\"card\" address=\"$2\" function=\"0\" $3 rom=\"auto\" x-vga=\"no\"/></vv:domain></metadata>|
		s|</devices>|$(lab_hostdev "$2" 1 0 no | tr -d '\n')&|" >"$tap_tmp/$1.xml"
	run virsh define "$tap_tmp/$1.xml"
	((run_rc == 0)) || bail "cannot define $1: $run_out"
}
from_before drive0 0000:06:00.0 "$drive_ids serial=\"lab-twin0\""
from_before drive1 0000:05:00.0 "$drive_ids serial=\"lab-twin1\""
from_before drive3 0000:03:00.0 "$drive_ids serial=\"lab-twin3\""
from_before net 0000:02:00.0 "$card_ids mac=\"02:1a:b0:00:00:10\" dsn=\"0x021ab0ffff000010\""
from_before net1 0000:01:00.0 "$card_ids mac=\"02:1a:b0:00:00:11\" dsn=\"0x021ab0ffff000011\""
# As an early version of this program wrote it, and somebody without it.
from_before early 0000:06:00.0 "$drive_ids"
from_before plain 0000:06:00.0 ''
before=$(snapshot)

run virt-vfio plan drive0
expect 'the place of drive 0 has drive 1, which is mounted' 3 identity-changed 'serial lab-twin1' \
	"the one meant is at ${now[twin0]}" disk-mounted /run/data
run virt-vfio start --keep --allow identity-changed drive0
expect 'start: whoever wants what is there now is still told that it is mounted' 3 disk-mounted '(allowed)'
run virt-vfio start --keep --allow disk-mounted drive0
expect 'start: whoever allowed a mounted disk once does not lose another one' 3 identity-changed
run virt-vfio plan drive1
expect 'the place of drive 1 has drive 2' 3 identity-changed 'serial lab-twin2' "the one meant is at ${now[twin1]}"
run virt-vfio plan drive3
expect 'the place of drive 3 has a network card' 3 identity-changed 'now 8086:10d3' "the one meant is at ${now[twin3]}"
run virt-vfio plan net
expect 'the place of card 0 has card 1' 3 identity-changed 'MAC 02:1a:b0:00:00:11' "the one meant is at ${now[card0]}"
run virt-vfio plan net1
expect 'the place of card 1 has the new one' 3 identity-changed 'serial lab-new' "the one meant is at ${now[card1]}"
for name in drive0 drive1 drive3 net net1; do
	run virt-vfio start --keep "$name"
	expect "start $name" 3 identity-changed 'nothing was changed'
done
for name in early plain; do
	run virt-vfio plan "$name"
	[[ $run_rc == 3 && $run_out == *disk-mounted* && $run_out != *identity-changed* ]] && said=yes || said="$run_rc $run_out"
	is "plan $name: without a serial number nothing tells the twins apart, but the mount is seen" "$said" yes
done
unchanged 'nothing has moved' "$before"
journal_empty 'the journal is empty'

# A virtual function has no serial number of its own; its PF has.
echo 0 >"/sys/bus/pci/devices/${now[new]}/sriov_drivers_autoprobe"
echo 2 >"/sys/bus/pci/devices/${now[new]}/sriov_numvfs"
second=$(lab_vf new 1)
run virt-vfio show "$second"
expect 'show: a virtual function' 0 "PF's serial  lab-new"
define vf "$second"
run virsh dumpxml vf
expect 'define: a virtual function' 0 'serial="lab-new"'
run virt-vfio plan vf
expect 'plan: it is where it was' 0 "$second"
from_before vf-before "0000:06:${second#*:*:}" "$drive_ids serial=\"lab-new\""
run virt-vfio plan vf-before
expect 'plan: a virtual function of a card that was elsewhere is found, and not its sibling' 3 not-found identity-changed \
	"the one meant is at $second"

# Followed to its new place, it is the one.
run virsh define <(virsh dumpxml net | sed "s|address=\"0000:02:00.0\"|address=\"${now[card0]}\"|
	/<source>/,/<.source>/s|bus='0x02'|bus='0x${now[card0]:5:2}'|")
expect 'virsh edit: net goes where its card is' 0
run virt-vfio plan net
expect 'plan: then nothing is in the way' 0 "${now[card0]}" 02:1a:b0:00:00:10
tap_done
