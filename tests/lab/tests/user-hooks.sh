#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# User hooks: each phase once, whoever starts the domain; one that refuses, hangs or is not root's; the devices come home.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/hooked.sh
. "$LAB_ROOT/tests/lab/tests/hooked.sh"

nic0=$(lab_dev nic0) nic1=$(lab_dev nic1) nvme=$(lab_dev nvme2)
before=$(snapshot)
hooks=/etc/virt-vfio/hooks.d

put_hook() { # PATH BODY
	mkdir -p "$hooks/${1%/*}"
	printf '#!/bin/bash\n%s\n' "$2" >"$hooks/$1"
	chmod 755 "$hooks/$1"
}
# shellcheck disable=SC2016 # for the hook
for phase in pre-bind post-bind pre-start post-start pre-release reset post-release; do
	put_hook "$phase/10-note" 'driver=$(readlink "/sys/bus/pci/devices/$3/driver"); echo "$2 $1 ${driver##*/}" >>/run/noted'
done
noted() { # NAME LINE...: what the hooks have noted since it was asked last
	local name=$1
	shift
	is "$name: the hooks that ran" "$(cat /run/noted 2>/dev/null)" "$(printf '%s\n' "$@")"
	rm -f /run/noted
}
home() { # NAME
	unchanged "$1: the devices are home" "$before"
	journal_empty "$1: the journal is empty"
}

# --- by hand
# shellcheck disable=SC2016 # for the hook
put_hook post-bind/20-talk 'echo "group of $3 is ready"; jq -r ".devices[0].state" 2>/dev/null || grep -o taken | head -n 1'
run virt-vfio bind "$nvme"
expect 'bind' 0 "virt-vfio: post-bind/20-talk: group of $nvme is ready" '20-talk: taken'
noted 'bind' 'pre-bind manual nvme' 'post-bind manual vfio-pci'
rm "$hooks/post-bind/20-talk"
run virt-vfio reset "$nvme"
expect 'reset' 0 'it answers'
noted 'reset' 'reset manual vfio-pci'
run virt-vfio release "$nvme"
expect 'release' 0
noted 'release' 'pre-release manual vfio-pci' 'reset manual vfio-pci' 'post-release manual nvme'
home 'by hand'

# shellcheck disable=SC2016 # for the hook
put_hook pre-bind/20-unbind 'echo "$3" >"/sys/bus/pci/devices/$3/driver/unbind"'
run virt-vfio bind "$nvme"
expect 'a hook unbinds the driver' 0
run virt-vfio release "$nvme"
expect 'and the driver has the device back' 0
rm "$hooks/pre-bind/20-unbind" /run/noted
home 'a hook unbinds the driver'

put_hook pre-bind/20-no 'echo "not on Sundays" >&2; exit 7'
run virt-vfio bind "$nvme"
expect 'pre-bind refuses' 3 'no device was taken' "$hooks/pre-bind/20-no: exit code 7: not on Sundays"
noted 'pre-bind refuses' 'pre-bind manual nvme' 'post-release manual nvme'
home 'pre-bind refuses'
chmod g+w "$hooks/pre-bind/20-no"
run virt-vfio bind "$nvme"
expect 'a hook that others can change' 3 "$hooks/pre-bind/20-no can be written to by others than root" "chmod go-w $hooks"
chown 65534 "$hooks/pre-bind/20-no"
chmod 755 "$hooks/pre-bind/20-no"
run virt-vfio bind "$nvme"
expect 'a hook of somebody else' 3 'does not belong to root'
run virt-vfio hook status
expect 'hook status lists them' 4 "user hook     $hooks/pre-bind/10-note" "not run       $hooks/pre-bind/20-no does not belong"
rm -f /run/noted
home 'hooks that are not trusted'

put_hook pre-bind/20-no 'trap "" TERM; echo $$ >/run/hanging; sleep 1000; sleep 1000'
chown 0 "$hooks/pre-bind/20-no"
started=$SECONDS
run virt-vfio bind "$nvme"
expect 'a hook that hangs' 3 'took longer than 10.0 s and was ended'
ok 'it does not take much longer than its deadline' test $((SECONDS - started)) -lt 25
ok 'nothing of it is left' lab_wait 5 gone "$(</run/hanging)"
rm "$hooks/pre-bind/20-no" /run/noted
home 'a hook that hangs'

run virt-vfio bind "$nvme"
put_hook pre-release/20-no 'echo "the flash has changed"; exit 1'
rm /run/noted
run virt-vfio release "$nvme"
expect 'pre-release refuses' 1 'stay on VFIO, in quarantine' "virt-vfio release $nvme" '--no-hooks' 'the flash has changed'
noted 'pre-release refuses' 'pre-release manual vfio-pci'
is 'it stays on VFIO' "$(drivers "$nvme")" vfio-pci
run virt-vfio recover
expect 'recovery leaves it there, and says why' 1 quarantined 'the flash has changed'
run virt-vfio release "$nvme"
expect 'asked again, it refuses again' 1 'the flash has changed'
run virt-vfio release "$nvme" --no-hooks
expect 'release --no-hooks' 0
noted 'release --no-hooks' 'pre-release manual vfio-pci'
rm "$hooks/pre-release/20-no"
home 'release --no-hooks'

# --- the program, without libvirt's hook
taking=('pre-bind plain e1000e' 'post-bind plain vfio-pci')
starting=('pre-start plain vfio-pci' 'post-start plain vfio-pci')
ending=('pre-release plain vfio-pci' 'reset plain vfio-pci' 'post-release plain e1000e')
lab_libvirt
define plain "$nic0;$nic1"
# shellcheck disable=SC2016 # for the hook
put_hook domains/plain/pre-start/50-own 'echo "own $1 $3 $4 $VIRT_VFIO_UUID" >>/run/noted'
uuid=$(virsh domuuid plain)
own="own plain $nic0 $nic1 ${uuid%%$'\n'*}"
start_background plain --wait
lab_wait 60 grep -q 'waits for that' "$tap_tmp/start-plain" || true
noted 'start --wait' "${taking[@]}" "${starting[0]}" "$own" "${starting[1]}"
run virsh destroy plain
finish_background plain 60
expect 'start --wait' 0 'plain has stopped'
noted 'start --wait, the end' "${ending[@]}"
home 'start --wait'
put_hook pre-start/20-no 'echo "not with this monitor"; exit 1'
run virt-vfio start plain --keep
expect 'pre-start refuses' 1 'plain was not started' 'not with this monitor'
noted 'pre-start refuses' "${taking[@]}" "${starting[0]}" "${ending[@]}"
home 'pre-start refuses'
lab_libvirt_stop

# --- libvirt's hook
hook_installed
lab_libvirt
ask_start
answers() { answered "$1" plain; }
answers 'at rest'
run virsh start plain
expect 'virsh start: pre-start refuses' 1 'not with this monitor' "$hooks/pre-start/20-no: exit code 1"
noted 'virsh start: pre-start refuses' "${taking[@]}" "${starting[0]}" "${ending[@]}"
home 'virsh start: pre-start refuses'
rm "$hooks/pre-start/20-no"

# Who holds libvirt's pipes would hold up the start.
# shellcheck disable=SC2016 # for the hook
put_hook post-start/20-daemon 'sleep 1000 & echo $! >/run/daemon'
run virsh start plain
expect 'virsh start' 0 started
noted 'virsh start' "${taking[@]}" "${starting[0]}" "$own" "${starting[1]}"
kill "$(</run/daemon)"
run virsh destroy plain
noted 'virsh destroy' "${ending[@]}"
home 'virsh start and destroy'
answers 'virsh start and destroy'
rm "$hooks/post-start/20-daemon"

run virt-vfio start plain
expect 'virt-vfio start' 0 'plain is running'
noted 'virt-vfio start: each phase once' "${taking[@]}" "${starting[0]}" "$own" "${starting[1]}"
run virt-vfio stop plain --timeout 0 --force
noted 'virt-vfio stop: each phase once' "${ending[@]}"
home 'virt-vfio start and stop'

put_hook pre-bind/20-no 'echo "not on Sundays" >&2; exit 7'
run virsh start plain
expect 'virsh start: pre-bind refuses' 1 'no device was taken' 'not on Sundays'
noted 'virsh start: pre-bind refuses' 'pre-bind plain e1000e' 'post-release plain e1000e'
home 'virsh start: pre-bind refuses'

# shellcheck disable=SC2016 # for the hook
put_hook pre-bind/20-no 'trap "" TERM; echo $$ >/run/hanging; sleep 1000; sleep 1000'
rm -f /run/hanging
started=$SECONDS
virsh start plain >"$tap_tmp/hanging" 2>&1 </dev/null &
starter=$!
lab_wait 30 test -s /run/hanging || true
run virsh list --all
expect 'a hook hangs: libvirtd answers meanwhile' 0 plain
run_rc=0
wait "$starter" || run_rc=$?
run_words='virsh start plain' run_out=$(<"$tap_tmp/hanging")
expect 'a hook that hangs: the start fails' 1 "$hooks/pre-bind/20-no: it took longer than" 'and was ended'
ok 'a hook that hangs: well within 28 s' test $((SECONDS - started)) -lt 25
ok 'a hook that hangs: nothing of it is left' lab_wait 5 gone "$(</run/hanging)"
noted 'a hook that hangs' 'pre-bind plain e1000e' 'post-release plain e1000e'
home 'a hook that hangs'
answers 'a hook that hangs'
rm "$hooks/pre-bind/20-no"

run virsh start plain
put_hook domains/plain/pre-release/20-no 'echo "the flash has changed"; exit 1'
rm -f /run/noted
run virsh destroy plain
expect 'virsh destroy: pre-release refuses, and the guest is off all the same' 0 destroyed
noted 'virsh destroy: pre-release refuses' 'pre-release plain vfio-pci'
is 'they stay on VFIO' "$(drivers "$nic0" "$nic1")" 'vfio-pci vfio-pci'
run virt-vfio status
expect 'status says why' 0 quarantined 'the flash has changed'
run virsh start plain
expect 'they are not given to a guest again' 1 quarantined
rm "$hooks/domains/plain/pre-release/20-no"
run virt-vfio release "$nic0" "$nic1"
expect 'release: with the hooks of the domain' 0
noted 'release: with the hooks of the domain' "${ending[@]}"
home 'virsh destroy: pre-release refuses'
answers 'at the end'
tap_done
