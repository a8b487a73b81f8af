#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: sriov-nvme
# coverage
# Virtual functions of NVMe drives in guests, which read the namespace that is theirs with a driver of their own, while the
# host goes on reading through the drive's own controller; what other tools have left; a kill at each step of a change.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/tests/vf-common.sh
. "$LAB_ROOT/tests/lab/tests/vf-common.sh"

sys=/sys/bus/pci/devices
nvme=$(lab_dev nvme0) other=$(lab_dev nvme1)
disk=$(lab_disk nvme0)
count() { cat "$sys/$1/sriov_numvfs"; }
# Half a note is none, and stays until the next one.
notes() { find /run/virt-vfio/sriov -type f ! -name '*.new' -printf '%f ' 2>/dev/null || true; }

# An admin command to a drive's own controller, as nvme-cli sends them: Virtualization Management.
cat >"$tap_tmp/manage.py" <<'PY'
import fcntl, os, struct, sys
action, controller, resource, number = map(int, sys.argv[2:6])
command = struct.pack("=BBHIIIQQIIIIIIIIII", 0x1c, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                      action | resource << 8 | controller << 16, number, 0, 0, 0, 0, 0, 0)
status = fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), 0xc0484e41, bytearray(command), True)  # NVME_IOCTL_ADMIN_CMD
sys.exit("NVMe status 0x%x" % status if status else 0)
PY
manage() { # PF ACTION CONTROLLER RESOURCE NUMBER
	local node
	node=$(echo "$sys/$1"/nvme/nvme*)
	python3 "$tap_tmp/manage.py" "/dev/${node##*/}" "${@:2}"
}

controllers() { # PF: one line of its virtual functions
	virt-vfio sriov list "$1" --json | python3 -c '
import json, sys
print("; ".join("%d %s %d+%d ns=%s for=%s" % (c["id"], "online" if c["online"] else "offline", c["queues"], c["interrupts"],
    ",".join(map(str, c["namespaces"])), vf["claimed_by"]) for vf in json.load(sys.stdin)["pfs"][0]["vfs"] for c in [vf["controller"]]))'
}

# --- resources

run manage "$other" 1 0 0 2
expect 'the drive keeps two of its four flexible queues' 0
echo 1 >"$sys/$other/reset"
run virt-vfio sriov set "$other" --vfs 2
expect 'too few for two' 1 "$other" 'fewer than two flexible queues and one interrupt for each' 'nvme virt-mgmt'
is 'which are there, and offline' "$(controllers "$other")" '1 offline 0+0 ns= for=None; 2 offline 0+0 ns= for=None'
run virt-vfio sriov set "$other" --vfs 1 --allow sriov-parent
expect 'enough for one' 0 '1 secondary controllers are online'
is 'which has them' "$(controllers "$other")" '1 online 2+1 ns= for=None'

run virt-vfio sriov set "$nvme" --vfs 2
expect 'two VFs' 0 'has 2 virtual functions' '2 secondary controllers are online'
vf0=$(lab_vf nvme0 0)
# The host reads on until the end, past the page cache: a disturbed controller would show as an error.
cat >"$tap_tmp/reader.py" <<'PY'
import mmap, os, signal, sys, time
fd, page, reads = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, 4096), 0
going = True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
while going:
    os.preadv(fd, [page], 0)
    reads += page[:27] == b"virt-vfio lab disk nvme0\n\0\0"
    time.sleep(0.2)
print("good" if reads else "nothing read")
PY
python3 "$tap_tmp/reader.py" "$disk" >"$tap_tmp/reader" 2>&1 </dev/null &
reader=$!

# --- what cannot be set

run virt-vfio sriov vf "$nvme" 0 --mac 52:54:00:00:00:01
expect 'a drive has no MAC' 3 'is an NVMe drive' '--namespaces'
run virt-vfio sriov vf "$nvme" 0 --namespaces 1 --vlan 5
expect 'nor both' 2 'for NVMe drives' 'for network cards'
run virt-vfio sriov vf "$nvme" 0 --namespaces 1,,2
expect 'a list that is none' 2 'no list of namespaces'
run virt-vfio sriov vf "$nvme" 0 --namespaces 7,2
expect 'a namespace that is not there' 1 'the namespaces of VF 0 cannot be set' 'NVMe status'

# --- two guests, each with a namespace of its own

lab_libvirt
run virt-vfio define "$(vf_file n0 '[network lan]' "vf = $nvme" 'mac = 52:54:00:00:00:01' 'vlan = 5')"
expect 'a drive is no network card' 2 '[network lan] vf: ' 'is no network card' 'into a [device]'
is 'they show none, and the one that was attached with it was detached' "$(controllers "$nvme")" '1 online 4+2 ns= for=None; 2 online 4+2 ns= for=None'
run virt-vfio sriov vf "$nvme" 0 --namespaces 2 --dry-run
expect 'a dry run' 0 'would show namespace 2; before: no namespace'
run virt-vfio sriov vf "$nvme" 0 --namespaces 2
expect 'the second is for VF 0' 0 "VF 0 of $nvme ($vf0) shows namespace 2; before: no namespace"
run virt-vfio sriov vf "$nvme" 1 --namespaces 3 --json
expect 'the third for VF 1' 0 '"done": true'
run virt-vfio sriov vf "$nvme" 1 --namespaces 3
expect 'which it shows then' 0 'shows namespace 3 already'

define_vf n1 '[device disk]' "vf = $nvme/0"
define_vf n2 '[device disk]' "vf = $nvme/1"
before=$(snapshot)
start_background n1 --keep
start_background n2 --keep
finish_background n1 180
expect 'n1: start' 0 'n1 is running'
finish_background n2 180
expect 'n2: start' 0 'n2 is running'
says n1 'the guest is through' 'guest: ready'
says n2 'the guest is through' 'guest: ready'
seen() { grep -o 'namespace.*' "$(guest_log "$1")" | tr -d '\r'; }
is 'n1: has read the second namespace through its VF, and sees no other' "$(seen n1)" \
	$'namespaces 1\nnamespace 2 block 0: virt-vfio lab disk nvme0-second'
is 'n2: has read the third' "$(seen n2)" $'namespaces 1\nnamespace 3 block 0: virt-vfio lab disk nvme0-third'
is 'the list says who has which' "$(controllers "$nvme")" '1 online 4+2 ns=2 for=domain n1; 2 online 4+2 ns=3 for=domain n2'
run virt-vfio sriov list "$nvme"
expect 'in words too' 0 '1 online, 4 queues, 2 interrupts, namespace 2' 'domain n1' 'domain n2'
is 'the drive stays with the host' "$(lab_driver "$nvme")" nvme

# --- in use

run virt-vfio sriov set "$nvme" --vfs 3 --allow sriov-parent --allow claimed
expect 'the number of VFs' 3 claimed 'domain n1' 'domain n2'
run virt-vfio sriov vf "$nvme" 0 --namespaces 1
expect 'its namespaces' 3 claimed 'domain n1'
run virt-vfio bind "$nvme"
expect 'the drive itself' 3 sriov-parent
stop_all n1 n2
unchanged 'after both: the devices are as before' "$before"
journal_empty 'after both: the journal is empty'
is 'after both: the controllers too' "$(controllers "$nvme")" '1 online 4+2 ns=2 for=None; 2 online 4+2 ns=3 for=None'

# --- from a pool, a second time; and what other tools have made

run virt-vfio sriov vf "$nvme" 1 --namespaces none
expect 'VF 1 shows none' 0 'shows no namespace; before: namespace 3'
run virt-vfio sriov vf "$nvme" 0 --namespaces 3
expect 'VF 0 shows the other one' 0 'shows namespace 3; before: namespace 2'
manage "$nvme" 7 1 0 0
echo 0 >"$sys/$other/sriov_numvfs"
manage "$other" 7 1 0 0
manage "$other" 8 1 0 0
manage "$other" 8 1 1 0
echo 0 >"$sys/$other/sriov_drivers_autoprobe"
echo 1 >"$sys/$other/sriov_numvfs"
echo 1 >"$sys/$other/sriov_drivers_autoprobe"
# QEMU's takes the resources back with that.
is 'a controller that somebody took offline' "$(controllers "$nvme")" '1 offline 0+0 ns=3 for=None; 2 online 4+2 ns= for=None'
is 'and one without resources' "$(controllers "$other")" '1 offline 0+0 ns= for=None'
define_vf n3 '[device disk]' "vf = $nvme"
define_vf n4 '[device disk]' "vf = $other"
start_background n3 --keep
start_background n4 --keep
finish_background n3 180
expect 'n3: start' 0 'n3 is running'
finish_background n4 180
expect 'n4: start' 0 'n4 is running'
says n3 'the guest is through' 'guest: ready'
says n4 'the guest is through' 'guest: ready'
is 'n3: has read the third namespace' "$(seen n3)" $'namespaces 1\nnamespace 3 block 0: virt-vfio lab disk nvme0-third'
# QEMU's controllers show what is shared from the moment in which a driver switches them on.
is 'n4: has read the other drive' "$(seen n4)" $'namespaces 1\nnamespace 1 block 0: virt-vfio lab disk nvme1'
is 'both were brought online' "$(controllers "$nvme"); $(controllers "$other")" \
	'1 online 2+1 ns=3 for=domain n3; 2 online 4+2 ns= for=None; 1 online 2+1 ns=1 for=domain n4'
stop_all n3 n4
journal_empty 'after these: the journal is empty'

# --- a disk that the host uses itself

exec {held}<"$(lab_disk nvme1)"
run virt-vfio plan n4
expect 'a namespace that the host has open' 3 disk-open 'it shows namespace 1, which is' "allow disk-open=$(lab_vf nvme1 0)"
exec {held}<&-
run virt-vfio plan n4
expect 'and not any more' 0

# --- a kill at each step of a change

# CI kills at every fourth step.
[[ " $* " == *' --long '* ]] && stride=1 || stride=4
VIRT_VFIO_SEAM_COUNT=$tap_tmp/steps run virt-vfio sriov set "$nvme" --vfs 3 --allow sriov-parent
expect 'three VFs' 0 '3 secondary controllers are online'
[[ -s $tap_tmp/steps ]] || bail 'this program is not built with -Dtest_seam=true (tests/dev.ini)'
steps=$(<"$tap_tmp/steps") trouble=() kills=0
for ((step = 1; step <= steps; step += stride)); do
	run virt-vfio sriov set "$nvme" --vfs 1 --allow sriov-parent
	((run_rc == 0)) || trouble+=("step $step: $run_out")
	VIRT_VFIO_SEAM=kill=$step run virt-vfio sriov set "$nvme" --vfs 3 --allow sriov-parent
	((run_rc != 137)) || kills=$((kills + 1))
	run virt-vfio recover
	((run_rc == 0)) || trouble+=("step $step: recover: $run_out")
	# One, as before, or three; each with its equal share, whoever died.
	case $(controllers "$nvme" | sed 's/ ns=[0-9,]* for=None//g') in
	'1 online 8+4' | '1 online 2+1; 2 online 2+1; 3 online 2+1') ;;
	*) trouble+=("step $step: $(controllers "$nvme")") ;;
	esac
	[[ -z $(notes) && $(<"$sys/$nvme/sriov_drivers_autoprobe") == 1 ]] || trouble+=("step $step: left: $(notes)")
done
is "$kills kills in $steps steps of a change" "${trouble[*]}" ''
ok 'there were some' test "$kills" -gt 2

# --- none

run virt-vfio sriov set "$nvme" --vfs 0 --allow sriov-parent
expect 'no VFs' 0 'has 0 virtual functions'
run virt-vfio sriov set "$other" --vfs 0 --allow sriov-parent
expect 'nor of the other' 0
kill "$reader"
wait "$reader" || true
is 'the host has read its disk the whole time' "$(<"$tap_tmp/reader")" good
is 'nothing is left over' "$(notes) $(count "$nvme") $(count "$other")" ' 0 0'
journal_empty 'the journal is empty'
tap_done
