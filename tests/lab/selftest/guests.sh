#!/bin/bash
# Run by tests/lab/run: do libvirt and both guests work? Prints TAP, and how long things took. With the argument "tiny", only
# the guest that is quick.
# shellcheck disable=SC2317 # the checks are called through ok
set -uo pipefail
# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

number=0 failed=0 started=0
ok() { # TEXT COMMAND...
	local text=$1 word=ok
	shift
	started=${EPOCHREALTIME/./}
	"$@" >/tmp/ok.log 2>&1 || { word='not ok' && failed=1 && sed 's/^/# /' /tmp/ok.log; }
	number=$((number + 1))
	printf '%s %d - %s # %d ms\n' "$word" "$number" "$text" $(((${EPOCHREALTIME/./} - started) / 1000))
}

says() { grep -qF -- "$2" "/tmp/$1.serial"; }
define() { # NAME KIND DEVICE...
	lab_domain "$@" >"/tmp/$1.xml" && virsh define "/tmp/$1.xml"
}
# Serial ports belong to libvirt's user, so the file of the run before has to go.
start() { rm -f "/tmp/$1.serial" && virsh start "$1"; }
is_off() { [[ $(virsh domstate "$1") == 'shut off' ]]; }
shut_down() { virsh shutdown "$1" && lab_wait 60 is_off "$1"; }

ok 'libvirt answers' lab_libvirt
modprobe vfio-pci

for name in nvme1 nic0 nic1; do
	ok "$name goes to vfio-pci" lab_bind "$(lab_dev "$name")" vfio-pci
done
ok 'the tiny guest is defined' define tiny tiny nvme1 nic0+nic1
ok 'it starts' start tiny
ok 'it is ready' lab_expect 60 /tmp/tiny.serial 'guest: ready'
ok 'it read the drive by DMA' says tiny 'guest: nvme 01:00.0 namespace 1 block 0: virt-vfio lab disk nvme1'
ok 'it sees the second NIC function' says tiny 'guest: nic 02:00.1 mac '
ok 'it shuts down' shut_down tiny
sed 's/^/# /' /tmp/tiny.serial
for name in nvme1 nic0 nic1; do
	ok "$name comes back" lab_bind "$(lab_dev "$name")" ''
done

if [[ ${1:-} != tiny && -n ${LAB_LINUX:-} && -e /usr/share/OVMF/OVMF_CODE_4M.fd ]]; then
	rom=/usr/share/seabios/vgabios-stdvga.bin
	lab_bind "$(lab_dev gpu)" vfio-pci
	lab_bind "$(lab_dev audio)" vfio-pci
	lab_domain linux linux gpu+audio | sed -e "0,/<\/source>/s|</source>|&<alias name='ua-gpu'/><rom file='$rom'/>|" \
		-e "s|^<domain |&xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' |" \
		-e "s|</domain>|<qemu:override><qemu:device alias='ua-gpu'><qemu:frontend><qemu:property name='x-vga' type='bool' value='true'/></qemu:frontend></qemu:device></qemu:override>&|" >/tmp/linux.xml
	ok 'the Linux guest is defined' virsh define /tmp/linux.xml
	ok 'it starts with x-vga and a ROM file' start linux
	ok 'it is ready' lab_expect 300 /tmp/linux.serial 'guest: ready'
	ok 'its firmware is UEFI' says linux 'guest: firmware efi'
	ok 'it sees the GPU' says linux 'guest: pci 01:00.0 1234:1111 class 030000'
	ok 'and its audio function in the same slot' says linux 'guest: pci 01:00.1 8086:2668 class 040300'
	ok 'it reads the ROM that it was given' says linux "sha256 $(sha256sum <"$rom" | cut -d' ' -f1)"
	ok 'it shuts down' shut_down linux
	sed 's/^/# /' /tmp/linux.serial | tr -d '\033\r'
fi
printf '1..%d\n' "$number"
exit "$failed"
