#!/usr/bin/env bash
# coverage
# Starts that fail, at every step of the way: the devices are back, the journal is empty, and the error names the cause.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) nvme=$(lab_dev nvme2)
before=$(snapshot)

failed() { # NAME CODE TEXT...: run's command failed for this cause and left nothing behind
	expect "$@"
	unchanged "$1: the devices are back" "$before"
	journal_empty "$1: the journal is empty"
}

# --- VFIO itself is not to be had. Before anything has loaded it.
echo 'install vfio-pci /bin/false' >/etc/modprobe.d/lab.conf
run virt-vfio bind "$nvme"
failed 'vfio-pci cannot be loaded' 4 vfio-pci /etc/modprobe.d
rm /etc/modprobe.d/lab.conf

# A hook runs as root inside of the daemon's start: the place to make things go wrong. It must be there before the daemon.
mkdir -p /etc/libvirt/hooks
cat >/etc/libvirt/hooks/qemu <<'HOOK'
#!/bin/bash
trouble=$(cat /run/trouble 2>/dev/null)
[[ $trouble == "$2 "* ]] || exit 0
case ${trouble#* } in
refuse) echo 'the hook does not like this guest' >&2 && exit 1 ;;
kill) rm /run/trouble && kill -KILL "$(cat /run/libvirtd.pid)" ;;
esac
HOOK
chmod 755 /etc/libvirt/hooks/qemu

# For QEMU's capabilities it is the real one; a guest it does not run.
cat >/usr/local/bin/qemu-unwilling <<'QEMU'
#!/bin/bash
case " $* " in
*' -machine none'*) exec /usr/bin/qemu-system-x86_64 "$@" ;;
esac
echo 'qemu-unwilling: not today' >&2
exit 1
QEMU
chmod 755 /usr/local/bin/qemu-unwilling

lab_libvirt
define plain "$nvme"
define unwilling "$nic0;$nic1" 'vm:emulator = /usr/local/bin/qemu-unwilling'
unchanged 'define changes nothing' "$before"

# --- the ROM file
sed -i /rombar/d "$(vm_file rom "$nvme")"
with_rom() { # FILE: the domain "rom" has this ROM file
	run virt-vfio define --set "device.card.rom=$1" "$tap_tmp/rom.ini"
	((run_rc == 0)) || bail "cannot define a domain with the ROM $1: $run_out"
}
with_rom /usr/share/qemu/none.rom
run virt-vfio start --wait rom
failed 'a ROM file that is not there' 3 rom-unreadable /usr/share/qemu/none.rom 'No such file' "$nvme" 'rom dump'
: >/usr/share/qemu/empty.rom
with_rom /usr/share/qemu/empty.rom
run virt-vfio start --wait rom
failed 'an empty ROM file' 3 rom-unreadable /usr/share/qemu/empty.rom empty
mkdir /usr/share/qemu/folder.rom
with_rom /usr/share/qemu/folder.rom
run virt-vfio start --wait rom
failed 'a folder for a ROM file' 3 rom-unreadable /usr/share/qemu/folder.rom 'not a file'
install -m 600 /usr/share/seabios/vgabios-stdvga.bin /usr/share/qemu/closed.rom
with_rom /usr/share/qemu/closed.rom
run virt-vfio start --wait rom
failed 'a ROM for another card' 3 rom-bad foreign
run virt-vfio start --wait --allow rom-bad rom
failed 'a ROM file that QEMU may not read' 1 /usr/share/qemu/closed.rom 'chmod 644'

# --- QEMU
run virt-vfio start --wait unwilling
failed 'a QEMU that exits at once' 1 'unwilling did not start' 'devices are back' /var/log/libvirt/qemu/unwilling.log
ok 'QEMU own words are where the error says' lab_wait 10 grep -q 'not today' /var/log/libvirt/qemu/unwilling.log
run virt-vfio start --keep --json unwilling
failed 'the same with --json' 1
is 'JSON tells which step failed' "$(sed '/^virt-vfio:/d' <<<"$run_out" | python3 -c '
import json, sys
plan = json.load(sys.stdin)
print(*sorted({s["what"] + (" failed" if s["failed"] else "") for s in plan["steps"]}), *{d["state"] for d in plan["devices"]})')" \
	'bind release start failed host'
rm /usr/local/bin/qemu-unwilling
run virt-vfio start --wait unwilling
failed 'a QEMU that is not there any more' 1 /usr/local/bin/qemu-unwilling

# --- a hook of the user's own
echo 'prepare refuse' >/run/trouble
run virt-vfio start --wait plain
failed 'a hook that refuses' 1 'does not like this guest'
rm /run/trouble

# --- libvirtd
echo 'prepare kill' >/run/trouble
run virt-vfio start --wait plain
failed 'libvirtd is killed between take and start' 1 'plain did not start' 'devices are back'
run virt-vfio start --wait plain
failed 'libvirtd is not there' 1 libvirt 'systemctl start libvirtd'

# QEMU is there already when the daemon dies: the guest has its device, so nobody may take it back.
libvirtd_again
echo 'started kill' >/run/trouble
run virt-vfio start --wait plain
expect 'libvirtd is killed when the guest runs already' 1 'not all devices came back' process-holds "$nvme" 'virt-vfio status'
is 'the device is with the guest' "$(drivers "$nvme")" vfio-pci
run virt-vfio status
expect 'status: says for whom, and that libvirt is gone' 0 'for plain' "$nvme" 'libvirt does not answer'
libvirtd_again
# A daemon that finds the guest half started ends it, or keeps it.
run virt-vfio stop --timeout 20 --force plain
failed 'stop: when libvirtd is there again, the device comes back' 0
run virt-vfio start --keep plain
expect 'and after all this a start is a start' 0 'plain is running'
lab_expect 60 "$(guest_log plain)" 'guest: ready' || true
run virt-vfio stop plain
failed 'and a stop a stop' 0
tap_done
