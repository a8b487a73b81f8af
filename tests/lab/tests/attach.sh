#!/usr/bin/env bash
# Cards in domains that exist: attached and detached while the guest is off and while it runs, adopted, and undone.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

nvme=$(lab_dev nvme1) other=$(lab_dev nvme2) gpu=$(lab_dev gpu) audio=$(lab_dev audio) nic0=$(lab_dev nic0)
before=$(snapshot)
lab_libvirt

stored() { virsh dumpxml --inactive --security-info "$1"; }

# A domain of somebody else's: with free root ports and a password, and not ours.
cat >"$tap_tmp/foreign.xml" <<XML
<domain type='qemu'>
  <name>foreign</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$LAB_GUEST</kernel>
    <cmdline>tiny hotplug</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' index='1' model='pcie-root-port'/>
    <controller type='pci' index='2' model='pcie-root-port'/>
    <controller type='pci' index='3' model='pcie-root-port'/>
    <graphics type='vnc' passwd='geheim'><listen type='socket'/></graphics>
    <video><model type='vga'/></video>
    <memballoon model='none'/>
    <serial type='file'><source path='$(guest_log foreign)'/></serial>
  </devices>
</domain>
XML
virsh -q define "$tap_tmp/foreign.xml" >/dev/null || bail 'the domain cannot be defined'
original=$(stored foreign)

# --- while it is off

run virt-vfio attach --dry-run foreign "${gpu%.0},x-vga=1,name=gpu"
expect 'attach --dry-run: shows the difference' 0 "+    <hostdev mode='subsystem' type='pci' managed='no'>" '+      <vv:device' x-vga
is 'and changes nothing' "$(stored foreign)" "$original"
ok 'no password is shown' test "${run_out/geheim/}" == "$run_out"
run virt-vfio attach foreign "${gpu%.0},x-vga=1,name=gpu"
expect 'attach: a whole card' 0 'foreign has gpu' 'virt-vfio undo foreign'
is 'both functions lie in one slot' "$(stored foreign | grep -c "<address type='pci' domain='0x0000' bus='0x01' slot='0x00'")" 2
unchanged 'devices stay where they are' "$before"
run virt-vfio attach foreign "$gpu"
expect 'attach: what is there already is refused' 3 "$gpu is in the domain already"
run virt-vfio attach foreign "$(lab_dev nvme1 | sed 's/\..*/.7/')"
expect 'attach: what is not there' 2 'there is no'
run virt-vfio plan foreign
expect 'plan: knows the card' 0 "$gpu" "$audio"
attached=$(stored foreign)
run virt-vfio detach foreign gpu
expect 'detach: by name' 0 'no longer has gpu'
is 'the domain is what it was, to the byte' "$(stored foreign)" "$original"
run virt-vfio undo foreign
expect 'undo: the card is in it again' 0 'is what it was'
is 'as before' "$(stored foreign)" "$attached"
run virt-vfio undo --dry-run foreign
expect 'undo --dry-run: shows what would change' 0 '-    <hostdev'
run virt-vfio undo foreign
expect 'undo twice' 0
is 'without it' "$(stored foreign)" "$original"
is 'what is kept is for root only' "$(stat -c %a /var/lib/virt-vfio/undo /var/lib/virt-vfio/undo/*)" $'700\n600'
virsh -q desc foreign --config 'changed by hand' >/dev/null
run virt-vfio undo foreign
expect 'undo: not over what others did' 3 'something else has changed' '--force'
run virt-vfio undo --force foreign
expect 'undo --force' 0
run virt-vfio undo --force foreign
virsh -q desc foreign --config '' >/dev/null
is 'again what it was' "$(stored foreign)" "$original"

# --- while it runs

virsh -q start foreign >/dev/null || bail 'the guest does not start'
lab_expect 90 "$(guest_log foreign)" 'guest: ready' || bail "the guest is not ready: $(cat "$(guest_log foreign)")"
run virt-vfio attach --live foreign "${gpu%.0}"
expect 'attach --live: a card of two functions is refused' 3 'single functions'
run virt-vfio attach --live --dry-run foreign "$nvme"
expect 'attach --live --dry-run: the plan and the difference' 0 "$nvme" vfio-pci '+    <hostdev'
unchanged 'and nothing moves' "$before"
run virt-vfio attach --live foreign "$nvme,name=disk"
expect 'attach --live' 0 'foreign has disk, also the running guest'
is 'vfio-pci has it' "$(drivers "$nvme")" vfio-pci
run virt-vfio status
expect 'status: for whom' 0 "$nvme" 'for foreign'
ok 'the guest greets it' lab_expect 60 "$(guest_log foreign)" 'guest: plugged in'
ok 'and reads from it' lab_wait 60 grep -q 'virt-vfio lab disk nvme1' "$(guest_log foreign)"
ok 'the running guest has it' grep -q "bus='0x${nvme:5:2}'" <(virsh dumpxml foreign)
ok 'the stored domain too' grep -q 'name="disk"' <(stored foreign)
run virt-vfio detach --live foreign disk
expect 'detach --live' 0 'has let go' 'no longer has disk'
unchanged 'the device is back' "$before"
journal_empty 'the journal is empty'
ok 'the guest was asked' grep -q 'guest: lets go of' "$(guest_log foreign)"
is 'the running guest has none' "$(virsh dumpxml foreign | grep -c '<hostdev')" 0
is 'the stored domain is what it was' "$(stored foreign)" "$original"

# Once more in, and out of the definition only: the guest keeps it until it stops.
run virt-vfio attach --live foreign "$other,name=disk"
expect 'attach --live: another' 0
run virt-vfio detach foreign disk
expect 'detach: the running guest keeps it' 0 'the running guest keeps it'
is 'it does' "$(drivers "$other")" vfio-pci
run virt-vfio detach --live foreign "$other"
expect 'detach --live: what is only in the running guest' 0 'has let go'
unchanged 'the device is back' "$before"

run virt-vfio attach --live foreign "$nic0"
expect 'attach --live: a group that the host uses is refused' 3 group-shared
unchanged 'nothing has moved' "$before"
run virt-vfio stop --timeout 60 foreign
expect 'stop' 0

# --- a guest that does not let go

virsh -q dumpxml --inactive foreign | sed 's/tiny hotplug/tiny/; s/<name>foreign/<name>deaf/; /<uuid>/d; s/foreign.serial/deaf.serial/' >"$tap_tmp/deaf.xml"
virsh -q define "$tap_tmp/deaf.xml" >/dev/null
virsh -q start deaf >/dev/null
lab_expect 90 "$(guest_log deaf)" 'guest: ready' || true
run virt-vfio attach --live deaf "$nvme,name=disk"
expect 'attach --live: into a guest that does not care' 0
run virt-vfio detach --live --timeout 3 deaf disk
expect 'detach --live: says that the guest keeps it' 1 'has not let go' 'Try again'
is 'it keeps it' "$(drivers "$nvme")" vfio-pci
ok 'and the definition' grep -q 'name="disk"' <(stored deaf)
run virt-vfio stop --timeout 60 deaf
expect 'stop: gives it back' 0 'deaf has stopped'
unchanged 'the device is back' "$before"
journal_empty 'the journal is empty'

# --- adopt

cat >"$tap_tmp/gpu.xml" <<XML
<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x${gpu:5:2}' slot='0' function='0'/></source></hostdev>
XML
sed "s/function='0'/function='1'/" "$tap_tmp/gpu.xml" >"$tap_tmp/audio.xml"
virsh -q attach-device foreign "$tap_tmp/gpu.xml" --config >/dev/null
virsh -q attach-device foreign "$tap_tmp/audio.xml" --config >/dev/null
managed=$(stored foreign)
run virt-vfio adopt foreign
expect 'adopt' 0 "+    <hostdev mode='subsystem' type='pci' managed='no'>" 'adopted foreign'
is 'nothing but managed and our metadata differs' \
	"$(diff <(printf '%s\n' "$managed") <(printf '%s\n' "$(stored foreign)") | grep '^[<>]' | grep -v -e managed= -e vv: -e metadata)" ''
run virt-vfio adopt foreign
expect 'adopt: once is enough' 0 'adopted already'
run virt-vfio adopt --one-slot foreign
expect 'adopt --one-slot' 0 "multifunction='on'"
is 'they share a slot' "$(stored foreign | sed -n "/<hostdev/,/<\/hostdev/s/.*<address type='pci'.*bus='\(.*\)' slot.*/\1/p" | sort -u | wc -l)" 1
run virt-vfio start --keep foreign
expect 'and it starts' 0 'is running'
run virt-vfio stop --timeout 60 --force foreign
expect 'and stops' 0
unchanged 'the devices are back' "$before"
journal_empty 'the journal is empty'
tap_done
