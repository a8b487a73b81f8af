#!/usr/bin/env bash
# A VM file becomes a domain, and the same domain again: nothing is to do the second time, a change is shown before and
# after, MAC and machine type stay, and a running guest is left alone.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

edu=$(lab_dev edu) nic=$(lab_dev nic0)
before=$(snapshot)
lab_libvirt
xml() { virsh dumpxml --inactive "$1"; }

path=$(vm_file one "$edu" 'vm:cpus = 2' '[disk d]' "path = $tap_tmp/one.qcow2" '[network lan]' 'user = yes')
run virt-vfio define --dry-run "$path"
expect 'define --dry-run: a new one is shown' 0 '<domain type="qemu"' '<name>one</name>' "$(printf 'bus="0x%s"' "${edu:5:2}")"
run virsh dominfo one
expect 'and not made' 1
run virt-vfio define "$path"
expect 'define' 0 'defined one' '1 function of this host' 'without KVM'
first=$(xml one)
run_out=$first run_rc=0 run_words='the domain'
expect 'the machine type is pinned; what TCG has not is left out' 0 "machine='pc-q35-" '<mac address='
[[ $first != *'<hyperv'* && $first != *hint-dedicated* && $first != *vcpupin* ]] && found=no || found=yes
is 'no setting of KVM is in it' "$found" no

run virt-vfio define --dry-run "$path"
expect 'define --dry-run: nothing to do' 0 "one is as $path says; nothing to do"
run virt-vfio define "$path"
expect 'define: nothing to do' 0 "one is as $path says; nothing to do"
is 'the domain is what it was' "$(xml one)" "$first"
daemon=$(</run/libvirtd.pid)
kill "$daemon"
lab_wait 30 gone "$daemon" || true
libvirtd_again
run virt-vfio define "$path"
expect 'nor after libvirtd has read it again' 0 'nothing to do'

run virt-vfio define --dry-run --set vm.cpus=3 --set vm.autostart=yes "$path"
expect 'define --dry-run: a change' 0 '--- one' "+++ $path" '-  <vcpu>2</vcpu>' '+  <vcpu>3</vcpu>' 'autostart: yes'
is 'is shown only' "$(xml one | grep -c '<vcpu placement=.static.>2<')" 1
run virt-vfio define --set vm.cpus=3 --set vm.autostart=yes "$path"
expect 'define: a change is made, and shown' 0 '-  <vcpu placement="static">2</vcpu>' '+  <vcpu placement="static">3</vcpu>' \
	'autostart: yes' 'defined one'
is 'MAC, uuid and machine type are the same' "$(xml one | grep -E '<mac|<uuid|machine=')" "$(grep -E '<mac|<uuid|machine=' <<<"$first")"
run virsh dominfo one
expect 'it starts with the host' 0 'enable'
run virt-vfio define "$path"
expect 'define: back again' 0 'autostart: no' 'defined one'
is 'it is the first one' "$(xml one)" "$first"

# By hand: a define would undo that, and says so.
run virsh define <(xml one | sed "s/<vcpu placement='static'>2/<vcpu placement='static'>1/; s/cores='2'/cores='1'/")
run virt-vfio define --dry-run "$path"
expect 'define --dry-run: what was changed with virsh' 0 '-  <vcpu>1</vcpu>' '+  <vcpu>2</vcpu>'
run virt-vfio define "$path"
expect 'define: undoes it' 0 'defined one'
is 'it is the first one again' "$(xml one)" "$first"

# Two of one file, and one that runs.
run virt-vfio define --name two --set "device.card.host=$nic" "$path"
expect 'define: another of the same file' 0 'defined two'
sed -i '/^\[disk/,$d' "$path"
run virt-vfio define "$path"
expect 'define: a disk that is no longer there goes' 0 '-    <disk type="file"' 'defined one'
run virt-vfio start --keep one
expect 'start' 0 'one is running'
run virt-vfio define --set vm.cpus=1 "$path"
expect 'define: while it runs' 0 'it is running as it was' 'defined one'
is 'the running one has both CPUs' "$(virsh vcpucount one --live --current | head -n 1)" 2
run virt-vfio define --set vm.cpus=1 "$path"
expect 'define: while it runs, again' 0 'nothing to do'
run virt-vfio stop --force --timeout 10 one
expect 'stop' 0
unchanged 'the device is back' "$before"

run virt-vfio define --set vm.accel=kvm "$path"
expect 'define: KVM where there is none' 4 'accel = kvm'
run virt-vfio define --set vm.machine=pc-q35-1.0 "$path"
expect 'define: a machine type that QEMU has not' 4 pc-q35-1.0
run virt-vfio xml "$path"
expect 'xml: what would be defined' 0 "<uuid>$(virsh domuuid one)</uuid>" 'machine="pc-q35-'
tap_done
