#!/usr/bin/env bash
# libvirt's hook: whoever starts and stops a domain, and whatever dies meanwhile, its devices go and come back.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"
# In what libvirtd runs, too.
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1

nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) nvme=$(lab_dev nvme2) edu=$(lab_dev edu)
before=$(snapshot)

# As 'meson install' would; the lab runs from the build folder.
run virt-vfio hook install
expect 'install: without the program' 1 'not there' 'meson install'
install -D "$LAB_BUILD/hooks/virt-vfio-hook" /usr/local/sbin/virt-vfio-hook
install -D "$LAB_BUILD/hooks/virt-vfio-hook-run" /usr/local/libexec/virt-vfio/virt-vfio-hook-run
run virt-vfio hook status
expect 'status: not installed' 4 'not live' 'hook install'

lab_libvirt
run virt-vfio hook install
expect 'install: under a running daemon that looks for hooks no more' 0 qemu.d/virt-vfio 'restart'
run virt-vfio hook status --json
expect 'status: the daemon has not seen it' 4 '"seen": "no"' '"live": false'
define plain "$nic0;$nic1"
run virt-vfio start plain
expect 'start: wants --wait or --keep still' 2 --wait --keep 'hook status'
lab_libvirt_stop
# Times are compared in seconds.
sleep 1.2

# Runs after ours, as root and inside of the daemon's start: the place to make things go wrong.
cat >/etc/libvirt/hooks/qemu.d/zz-trouble <<'HOOK'
#!/bin/bash
trouble=$(cat /run/trouble 2>/dev/null)
[[ $trouble == "$2 "* ]] || exit 0
rm /run/trouble
case ${trouble#* } in
refuse) echo 'the other hook does not like this guest' >&2 && exit 1 ;;
kill) kill -KILL "$(cat /run/libvirtd.pid)" ;;
esac
HOOK
chmod 755 /etc/libvirt/hooks/qemu.d/zz-trouble
sleep 1.2
lab_libvirt
run virt-vfio hook status
expect 'status: live, and another hook beside it' 0 'is live' 'running daemon' zz-trouble

ask_start
answers() { answered "$1" plain; }
answers 'at rest'

back() { # NAME: all is as before
	unchanged "$1: the devices are back" "$before"
	journal_empty "$1: the journal is empty"
	answers "$1"
}
taken() { # NAME DOMAIN ADDRESS...
	local address
	is "$1: its devices are with it" "$(drivers "${@:3}")" "$(for ((i = 3; i <= $#; i++)); do printf 'vfio-pci '; done | sed 's/ $//')"
	for address in "${@:3}"; do
		grep -qs '^state=taken' "$journal/$address" || tap_fail "$1: $address is in the journal"
	done
}
ready() { lab_expect 90 "$(guest_log "$1")" 'guest: ready'; }

# --- the ordinary ways
run virsh start plain
expect 'virsh start' 0 started
taken 'virsh start' plain "$nic0" "$nic1"
ok 'the guest runs' ready plain
run virt-vfio status
expect 'status knows whose they are' 0 'for plain' "$nic0" "$nic1" running
answers 'while it runs'
run virsh destroy plain
expect 'virsh destroy' 0 destroyed
back 'virsh destroy'

run virt-vfio start plain
expect 'virt-vfio start: needs no --wait now' 0 'plain is running' 'by themselves'
taken 'virt-vfio start' plain "$nic0" "$nic1"
run virsh destroy plain
back 'started by us, stopped by virsh'
start_background plain --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-plain" || true
run virsh destroy plain
finish_background plain 30
expect 'start --wait, though the hook gives back' 0 'plain has stopped'
back 'start --wait'

run virt-vfio define --set vm.cmdline=poweroff --set vm.name=short "$tap_tmp/plain.ini"
run virsh start short
ok 'a guest that switches itself off' lab_wait 90 bash -c '[[ $(virsh domstate short) == "shut off" ]]'
back 'power-off'

run virsh start plain
ready plain || true
kill -KILL "$(</run/libvirt/qemu/plain.pid)"
ok 'QEMU is killed' lab_wait 30 bash -c '[[ $(virsh domstate plain) == "shut off" ]]'
back 'QEMU is killed'

# --- managed='yes': libvirt finds the devices on VFIO and leaves them to us
define managed "$edu"
virsh dumpxml managed | sed "s/managed='no'/managed='yes'/" >"$tap_tmp/managed.xml"
virsh -q define "$tap_tmp/managed.xml"
run virsh start managed
expect "managed='yes'" 0 started
taken "managed='yes'" managed "$edu"
run virsh destroy managed
back "managed='yes'"

# --- refusals and failures
define drive "$nvme"
mkfs.ext4 -q "$(lab_disk nvme2)"
mkdir -p /run/mounted
mount "$(lab_disk nvme2)" /run/mounted
run virsh start drive
expect 'a refused plan: virsh says why' 1 disk-mounted "$nvme" /run/mounted 'nothing was changed' '--allow'
umount /run/mounted
wipefs -qa "$(lab_disk nvme2)"
back 'a refused plan'
echo 'prepare refuse' >/run/trouble
run virsh start plain
expect 'another hook refuses after ours took' 1 'does not like this guest'
back 'another hook refuses'
cat >/usr/local/bin/qemu-unwilling <<'QEMU'
#!/bin/bash
case " $* " in
*' -machine none'*) exec /usr/bin/qemu-system-x86_64 "$@" ;;
esac
echo 'qemu-unwilling: not today' >&2
exit 1
QEMU
chmod 755 /usr/local/bin/qemu-unwilling
define unwilling "$edu" 'vm:emulator = /usr/local/bin/qemu-unwilling'
run virsh start unwilling
expect 'a QEMU that exits at once' 1 'not today'
back 'a QEMU that exits at once'

# --- a domain that is not ours
lab_domain stranger tiny edu >"$tap_tmp/stranger.xml"
virsh -q define "$tap_tmp/stranger.xml"
run virsh start stranger
# what fails first depends on whether the group has a node already: libvirt's check of the path, or QEMU's
expect "a stranger's domain: nobody takes anything for it" 1 'Failed to start domain'
back "a stranger's domain"
mkdir -p /etc/virt-vfio
printf '[hook]\ndomains = all\n' >/etc/virt-vfio/virt-vfio.conf
run virsh start stranger
expect 'domains = all: now it starts' 0 started
taken 'domains = all' stranger "$edu"
run virsh destroy stranger
back 'domains = all'
printf '[hook]\ndomains = some\n' >/etc/virt-vfio/virt-vfio.conf
run virsh start plain
expect 'a configuration that is wrong' 1 'virt-vfio.conf:2' marked
rm /etc/virt-vfio/virt-vfio.conf
back 'a configuration that is wrong'

# --- the daemon
restarted() { # after a kill -9, with what its unit does afterwards
	libvirtd_again
	run virt-vfio recover
	ask_start
}
echo 'prepare kill' >/run/trouble
run virsh start plain
restarted
expect 'libvirtd is killed during prepare: recover' 0 "$nic0"
back 'killed during prepare'
run virsh start plain
ready plain || true
kill -KILL "$(</run/libvirtd.pid)"
restarted
expect 'libvirtd is killed under a running guest: recover' 0
taken 'killed under a running guest' plain "$nic0" "$nic1"
run virsh domstate plain
expect 'the guest runs' 0 running
answers 'after reconnect'
echo 'release kill' >/run/trouble
run virsh destroy plain
restarted
back 'killed during release'
run virsh start plain
ready plain || true
kill "$(</run/libvirtd.pid)"
lab_wait 30 test ! -e /run/libvirtd.pid || true
kill -KILL "$(</run/libvirt/qemu/plain.pid)"
restarted
back 'QEMU died while there was no daemon'

run virt-vfio hook remove
expect 'remove' 0
run virt-vfio hook status
expect 'status: gone' 4 'not live'
tap_done
