#!/usr/bin/env bash
# coverage
# What the program refuses: with the right exit code, the reason's code and what to do about it, and without having
# changed anything.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

noacs0=$(lab_dev noacs0) noacs1=$(lab_dev noacs1) edu=$(lab_dev edu) hba=$(lab_dev hba) nic0=$(lab_dev nic0) nic1=$(lab_dev nic1)
before=$(snapshot)

reasons() { # what --json said: "CODE=ADDRESS" of what blocks, and whether each has a remedy
	python3 -c '
import json, sys
plan = json.load(sys.stdin)
blocks = [r for r in plan["reasons"] if r["severity"] == "block" and not r["allowed"]]
print(plan["verdict"], *[r["code"] + "=" + r["address"] + ("" if r["detail"] and r["remedy"] else " without advice") for r in blocks])
' <<<"$run_out"
}

# --- by the plan

run virt-vfio bind "$noacs0"
expect 'bind: a device whose group the host uses' 3 group-shared "$noacs1" xhci_hcd 'nothing was changed' "name $noacs1 too" "--allow group-shared=$noacs0"
run virt-vfio bind --json "$noacs0"
expect 'bind --json: the same' 3
is 'bind --json: code, address and remedy' "$(reasons)" "refused group-shared=$noacs0"
run virt-vfio plan "$noacs1"
expect 'plan: the other one of the group' 3 group-shared "$noacs0"
run virt-vfio plan "${noacs0%.0}"
expect 'plan: both together are fine, the port in their group does not matter' 0 group-bridge
run virt-vfio bind "$(lab_dev gpu-port)"
expect 'bind: a root port' 3 not-endpoint 'devices behind it'
run virt-vfio bind 00:00.0
expect 'bind: the host bridge' 3 not-endpoint
run virt-vfio bind 00:1f.0
expect 'bind: the ISA bridge' 3 not-endpoint
run virt-vfio bind 0000:7f:00.0
expect 'bind: an address where nothing is' 3 not-found 0000:7f:00.0 'virt-vfio list'
run virt-vfio bind 0000:7f:00
expect 'bind: a slot where nothing is' 3 not-found 0000:7f:00
run virt-vfio bind "$edu" 0000:7f:00.0
expect 'bind: one good and one bad device' 3 not-found
run virt-vfio bind --allow not-endpoint 00:1f.0
expect 'bind: no --allow for what the kernel would refuse' 3 not-endpoint

# --- the rest of a group, by consent: both go, both come back, and a companion is nobody's device
run virt-vfio bind --dry-run --json --allow "group-shared=$noacs0" "$noacs0"
is 'the group by consent: JSON says who only comes along' "$(python3 -c '
import json, sys
print(*(f"""{d["address"]}={d["companion"]}""" for d in json.load(sys.stdin)["devices"]))' <<<"$run_out")" "$noacs0=False $noacs1=True"
run virt-vfio bind --allow "group-shared=$noacs0" "$noacs0"
expect 'the group by consent: bind' 0 "$noacs0" "$noacs1"
is 'the group by consent: both are with VFIO' "$(drivers "$noacs0" "$noacs1")" 'vfio-pci vfio-pci'
run virt-vfio release --all
expect 'the group by consent: release' 0 "$noacs0" "$noacs1"
unchanged 'the group by consent: both are back' "$before"

# --- some of it is taken by hand already
run virt-vfio bind "$edu"
run virt-vfio bind "$edu"
expect 'bind: what is taken by hand already' 0 'by hand already'
run virt-vfio bind "$edu" "$nic0"
expect 'bind: some of it is taken by hand already' 3 claimed "$edu" 'by hand already'
run virt-vfio release --quarantine "$edu"
expect 'release --quarantine' 0
run virt-vfio release --all
expect 'release --all leaves what is in quarantine' 0 'Nothing was taken'
run virt-vfio bind "$edu"
expect 'bind: a device in quarantine' 3 quarantined "$edu"
run virt-vfio recover
expect 'recover: tells of a device in quarantine' 1 quarantined "$edu"
run virt-vfio release "$edu"
expect 'release: out of quarantine, by name' 0
unchanged 'it is as before' "$before"
run virt-vfio bind --dry-run "$edu"
expect 'bind --dry-run: a good one, and nothing happens' 0 "$edu" vfio-pci
run virt-vfio release "$edu"
expect 'release: what nobody took' 1 "$edu" 'not taken' 'virt-vfio status'
run virt-vfio release --all
expect 'release --all: nothing to do' 0 'Nothing was taken'
unchanged 'nothing has changed' "$before"
journal_empty 'and nothing is in the journal'

# --- by the command line

usage() { # NAME TEXT WORD...
	local name=$1 text=$2
	shift 2
	run virt-vfio "$@"
	expect "usage: $name" 2 "$text"
}
usage 'no verb' 'Usage:'
usage 'a verb that is none' "'lsit'" lsit
usage 'half a verb' "rom" rom
usage 'no address' 'ADDRESS' bind
usage 'too many addresses' 'too many' show "$edu" "$hba"
usage 'a bad address' "'1:2:3:4'" bind 1:2:3:4
usage 'an address with a slot above 31' '01:20.0' bind 01:20.0
usage 'an address with a function above 7' '01:00.8' bind 01:00.8
usage 'a name for an address' 'graphics' bind graphics
usage 'an option that is none' '--froce' bind --froce "$edu"
usage 'an --allow without such a code' 'group-sharde' bind --allow group-sharde "$noacs0"
usage 'an --allow for no address' 'nowhere' bind --allow group-shared=nowhere "$noacs0"
usage 'release without anything' '--all' release
usage 'release with everything' '--all' release --all "$edu"
usage 'start without --wait or --keep' '--wait' start somebody
usage 'start with both' '--keep' start --wait --keep somebody
usage 'stop with a time-out below zero' '--timeout' stop --timeout -1 somebody
usage 'stop with a time-out in words' '--timeout' stop --timeout soon somebody
usage 'rom fix to nowhere' '-o FILE' rom fix some.rom
usage 'xml has no --json' '--json' xml --json somebody.ini
usage 'list has no --dry-run' '--dry-run' list --dry-run
for words in --help 'bind --help' --version; do
	# shellcheck disable=SC2086 # the words are arguments
	run virt-vfio $words
	expect "$words is no mistake" 0 virt-vfio
done

# --- by the VM file

cards=$nic0\;$nic1
bad() { # NAME TEXT LINE...: a VM file with these lines is refused by everything that reads one
	local name=$1 text=$2 path
	shift 2
	path=$(vm_file bad "$cards" "$@")
	run virt-vfio xml "$path"
	expect "VM file: $name" 2 "$text" "$path"
}
bad 'an unknown key' colour 'vm:colour = blue'
bad 'a mistyped key and what it was meant to be' firmware 'vm:firmwar = bios'
bad 'a bad size' "memory: 'lots'" 'vm:memory = lots'
bad 'no size at all' "memory: '0'" 'vm:memory = 0'
bad 'a key that is there twice' twice 'rombar = no'
bad 'two x-vga' x-vga 'x-vga = yes' '[device other]' "host = $hba" 'x-vga = yes'
bad 'a missing host' host '[device other]' 'x-vga = no'
bad 'an unknown section' toaster '[toaster]' 'a = b'
bad 'one function in two cards' "$nic1" '[device other]' "host = $nic1"
bad 'a bad address' host '[device other]' 'host = 99'
bad 'an allow that is no code' allow 'allow = everything'
path=$(vm_file bad "$cards" 'vm:memory = lots')
for verb in plan define; do
	run virt-vfio "$verb" "$path"
	expect "$verb: refuses it too" 2 memory lots
done
run virt-vfio xml "$tap_tmp/none.ini"
expect 'VM file: one that is not there' 2 "$tap_tmp/none.ini"
run virt-vfio xml --set device.card.hots=1 "$(vm_file bad "$cards")"
expect 'VM file: --set of an unknown key' 2 hots
run virt-vfio plan "$(vm_file absent '0000:7f:00.0')"
expect 'plan of a VM file with a card that is not there' 3 not-found 0000:7f:00.0

# --- without root

chmod 644 "$tap_tmp"/*.ini
path=$(vm_file good '0000:7f:00.0;0000:7f:00.1' 'x-vga = yes')
chmod 644 "$path"
run as_nobody virt-vfio xml "$path"
expect 'xml: as nobody, without libvirtd and without the devices' 0 '<domain' 'x-vga' 'bus="0x7f"' 'managed="no"' "not checked against this host"
run virt-vfio bind "$edu"
run as_nobody virt-vfio plan "$edu"
expect 'plan: as nobody' 0 "$edu" 'vfio-pci'
run as_nobody virt-vfio status
expect 'status: as nobody' 0 "$edu" taken manual
run virt-vfio release "$edu"
for words in "bind $edu" "release $edu" 'release --all' 'start good --keep' 'stop good' "rom dump $edu -o /tmp/rom" "define $path"; do
	# shellcheck disable=SC2086 # the words are arguments
	run as_nobody virt-vfio $words
	expect "without root: $words" 4 root 'nothing was changed'
done

# --- by other owners

run virt-vfio plan good
expect 'plan of a domain without libvirtd' 4 libvirtd
lab_libvirt
define first "$edu"
define second "$edu"
run virt-vfio define "$(vm_file absent '0000:7f:00.0')"
expect 'define: a card that is not there' 2 host 0000:7f:00.0 'virt-vfio list'
run virt-vfio start --keep nobody
expect 'start: a domain that is not there' 1 "nobody"
run virt-vfio plan nobody
expect 'plan: a domain that is not there' 1 "nobody"
unchanged 'still nothing has changed' "$before"

run virt-vfio start --keep first
expect 'start --keep: a domain takes the device' 0 first "$edu" 'virt-vfio stop first'
taken=$(snapshot)
run virt-vfio start --keep second
expect 'start: the device is claimed by the first' 3 claimed first "$edu" 'stop first' '1 thing is in the way'
run virt-vfio plan second
expect 'plan: says so too' 3 claimed first
run virt-vfio plan "$(vm_file third "$edu")"
expect 'plan of a VM file: says so too' 3 claimed first
run virt-vfio bind "$edu"
expect 'bind: claimed as well' 3 claimed first
run virt-vfio start --keep first
expect 'start: the first runs already' 1 first already
run virt-vfio release "$edu"
expect 'release: a guest is using it' 3 process-holds
run virt-vfio release --all
expect 'release --all: not what a domain took' 0 'Nothing was taken by hand'
unchanged 'nothing has changed by that' "$taken"
run virt-vfio list
expect 'list: the owner is named' 0 'domain first'
run virt-vfio stop first
expect 'stop: it is given back' 0
unchanged 'and all is as it was' "$before"

# Somebody who does without this program: the journal is empty, only libvirt and the open group know. A device that
# libvirt has not seen before: with one that it knows from a managed='no' domain it forgets to give it back.
define other "$hba"
run virsh define <(virsh dumpxml other | sed "s/managed='no'/managed='yes'/; s/>other</>stranger</; /<uuid>/d")
run virsh start stranger
expect 'virsh starts a domain with the device' 0
taken=$(snapshot)
run virt-vfio start --keep other
expect 'start: claimed by the stranger' 3 claimed stranger "$hba"
run virt-vfio bind "$hba"
expect 'bind: claimed by a program, without asking libvirt' 3 claimed /dev/vfio/
unchanged 'nothing has changed by that' "$taken"
run virsh destroy stranger
unchanged 'libvirt gave it back itself' "$before"
journal_empty 'the journal is empty'
tap_done
