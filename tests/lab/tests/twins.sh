#!/usr/bin/env bash
# machine: twins
# Four drives with the same ids, one of them mounted: only the named one moves, in every order. Then drives and network
# cards change places: a domain that was defined before is refused, and told where its device is now.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

twins=() cards=()
for i in 0 1 2 3; do twins+=("$(lab_dev "twin$i")"); done
for i in 0 1; do cards+=("$(lab_dev "card$i")"); done
mounted=${twins[2]}
# twins-shifted.sh has domains from this machine.
is 'every device is where twins-shifted.sh remembers it' "${twins[*]} ${cards[*]}" \
	'0000:06:00.0 0000:05:00.0 0000:04:00.0 0000:03:00.0 0000:02:00.0 0000:01:00.0'

mkfs.ext4 -q "$(lab_disk twin2)"
mkdir -p /run/data
mount "$(lab_disk twin2)" /run/data
echo 'still here' >/run/data/file
before=$(snapshot)

is 'the four have the same ids' "$(for twin in "${twins[@]}"; do cat "/sys/bus/pci/devices/$twin/uevent"; done |
	grep -E '^PCI_(ID|SUBSYS_ID|CLASS)' | sort -u | wc -l)" 3
run virt-vfio show "${twins[1]}"
expect 'show: the serial number' 0 'lab-twin1'
run virt-vfio show --json "${cards[1]}"
expect 'show --json: MAC and DSN' 0 '"mac": "02:1a:b0:00:00:11"' '"dsn": "02-1a-b0-ff-ff-00-00-11"'

# --- by name and in every order

wanted_drivers() { # ADDRESS...: what the drivers of the four are when these are taken
	local twin words=()
	for twin in "${twins[@]}"; do
		[[ " $* " == *" $twin "* ]] && words+=(vfio-pci) || words+=(nvme)
	done
	echo "${words[*]}"
}

one_by_one() { # INDEX...: in this order; says what goes wrong
	local i taken=()
	for i; do
		run virt-vfio bind "${twins[i]}"
		if [[ ${twins[i]} == "$mounted" ]]; then
			((run_rc == 3)) && [[ $run_out == *disk-mounted* ]] || echo "the mounted one: exit code $run_rc, $run_out"
		else
			((run_rc == 0)) || echo "twin$i: exit code $run_rc, $run_out"
			taken+=("${twins[i]}")
		fi
		[[ $(drivers "${twins[@]}") == "$(wanted_drivers "${taken[@]}")" ]] || echo "after twin$i: $(drivers "${twins[@]}")"
	done
	run virt-vfio release --all
	((run_rc == 0)) || echo "release: exit code $run_rc, $run_out"
}

orders() { # PREFIX REST: every order of the letters of REST
	local i
	[[ -n $2 ]] || printf '%s\n' "$1"
	for ((i = 0; i < ${#2}; i++)); do orders "$1 ${2:i:1}" "${2:0:i}${2:i+1}"; done
}

said='' count=0
while read -ra order; do
	trouble=$(one_by_one "${order[@]}")
	[[ -z $trouble ]] || said+="order ${order[*]}: $trouble"$'\n'
	count=$((count + 1))
done < <(orders '' 0123)
is "one by one, in all $count orders: only the named one moves, the mounted one never" "$said" ''
unchanged 'all are back' "$before"

said=''
while read -ra order; do
	run virt-vfio bind "${twins[order[0]]}" "${twins[order[1]]}" "${twins[order[2]]}" "${twins[order[3]]}"
	((run_rc == 3)) && [[ $run_out == *"disk-mounted "*"$mounted"* && $(drivers "${twins[@]}") == "$(wanted_drivers)" ]] ||
		said+="order ${order[*]}: exit code $run_rc, $run_out"$'\n'
done < <(orders '' 0123 | sed -n '1~5p')
is 'all four in one command: refused, and none moves' "$said" ''
is 'the mounted one can be read' "$(</run/data/file)" 'still here'
journal_empty 'the journal is empty'

# --- what a domain remembers

lab_libvirt
for i in 0 1 2 3; do define "drive$i" "${twins[i]}"; done
define net "${cards[0]}"
run virsh dumpxml drive0
expect 'define: the serial number is in the domain' 0 'serial="lab-twin0"'
run virsh dumpxml net
expect 'define: MAC and DSN are in the domain' 0 'mac="02:1a:b0:00:00:10"' 'dsn="0x021ab0ffff000010"'
for name in drive0 drive1 drive3 net; do
	run virt-vfio plan "$name"
	expect "plan $name: it is where it was" 0
done
run virt-vfio plan drive0
expect 'plan: names the drive' 0 lab-twin0
run virt-vfio plan drive2
expect 'plan: the mounted one' 3 disk-mounted
interface=$(basename "/sys/bus/pci/devices/${cards[0]}/net/"*)
ip link set "$interface" address 02:00:00:00:00:99
run virt-vfio plan net
expect 'plan: another MAC by hand does not make another card of it' 0 02:1a:b0:00:00:10
ip link set "$interface" address 02:1a:b0:00:00:11
run virt-vfio plan net
expect 'plan: not even that of its twin' 0 02:1a:b0:00:00:10
run virt-vfio bind "${cards[0]}" "${twins[0]}"
expect 'bind: both to vfio-pci, by hand' 0
for name in drive0 net; do
	run virt-vfio plan "$name"
	expect "plan $name: on vfio-pci it counts as the same" 0
done
run virt-vfio define "$tap_tmp/drive0.ini"
expect 'define: again, while it shows no serial number' 0
run virsh dumpxml drive0
expect 'define: it is remembered' 0 'serial="lab-twin0"'
run virt-vfio release --all
expect 'release' 0

# --- drives 0 and 1, and the two cards, change places

no_device() { [[ ! -e /sys/bus/pci/devices/$1 ]]; }
bound() { [[ $(lab_driver "$1") == "$2" ]]; }
pull() { # NAME ADDRESS
	lab_monitor device_del "$1" >/dev/null
	lab_wait 30 no_device "$2" || bail "$1 cannot be pulled"
}
plug() { # NAME ADDRESS DRIVER MODEL,PROPERTIES
	lab_monitor device_add "${4%%,*},id=$1,${4#*,},addr=0x0" >"$tap_tmp/monitor"
	lab_wait 30 bound "$2" "$3" || bail "$1 cannot be plugged in: $(<"$tap_tmp/monitor")"
}

pull twin0 "${twins[0]}"
run virt-vfio plan drive0
expect 'plan: it is nowhere' 3 not-found "${twins[0]}"
[[ $run_out != *identity-changed* ]] && said=no || said=$run_out
is 'and nothing is said of its twins' "$said" no
pull twin1 "${twins[1]}"
plug twin0 "${twins[1]}" nvme 'nvme,serial=lab-twin0,bus=twin1-port'
run virt-vfio plan drive0
expect 'plan: nothing is there, and it is somewhere else' 3 not-found identity-changed "${twins[1]}" 'now nothing is here' 'host ='
plug twin1 "${twins[0]}" nvme 'nvme,serial=lab-twin1,bus=twin0-port'
pull card0 "${cards[0]}"
pull card1 "${cards[1]}"
plug card0 "${cards[1]}" e1000e 'e1000e,netdev=card0-net,mac=02:1a:b0:00:00:10,bus=card1-port'
plug card1 "${cards[0]}" e1000e 'e1000e,netdev=card1-net,mac=02:1a:b0:00:00:11,bus=card0-port'
before=$(snapshot)

reasons() { # what --json said: verdict, and each reason that blocks
	python3 -c '
import json, sys
plan = json.load(sys.stdin)
print(plan["verdict"], *[r["code"] + "=" + r["address"] + " " + r["allow"] for r in plan["reasons"] if r["severity"] == "block"])' <<<"$run_out"
}

run virt-vfio plan drive0
expect 'plan: another drive is there' 3 identity-changed "the domain was defined with 1b36:0010 (serial lab-twin0) here" \
	'now 1b36:0010 (serial lab-twin1) is here' "the one meant is at ${twins[1]}" "write ${twins[1]} in place of ${twins[0]}"
run virt-vfio plan --json drive1
expect 'plan --json' 3 "the one meant is at ${twins[0]}"
is 'plan --json: code, address and how to allow it' "$(reasons)" \
	"refused identity-changed=${twins[1]} --allow identity-changed=${twins[1]}"
run virt-vfio plan net
expect 'plan: another card is there' 3 identity-changed "now 8086:10d3 (MAC 02:1a:b0:00:00:11" "the one meant is at ${cards[1]}"
for name in drive3 drive2; do
	run virt-vfio plan "$name"
	[[ $run_out != *identity-changed* ]] && said=no || said=$run_out
	is "plan $name: that one did not move" "$said" no
done
run virt-vfio start --dry-run drive0
expect 'start --dry-run' 3 identity-changed "${twins[1]}"
run virt-vfio start --keep drive0
expect 'start' 3 identity-changed "${twins[1]}" 'nothing was changed'
run virt-vfio start --wait net
expect 'start of the other domain' 3 identity-changed "${cards[1]}"
unchanged 'nothing has moved' "$before"
journal_empty 'the journal is empty'
run virt-vfio plan --allow "identity-changed=${twins[0]}" drive0
expect 'plan: it can be allowed, to take what is there' 0 '(allowed)'
run virt-vfio plan --allow "identity-changed=${twins[1]}" drive0
expect 'plan: but not with the address of the other' 3 identity-changed

# What the host does not use for anything may be on vfio-pci since boot, and says less of itself then.
run virt-vfio bind "${cards[@]}" "${twins[0]}"
expect 'bind: the cards and the drive that is in the wrong place' 0
run virt-vfio plan net
expect 'plan: by the DSN alone it is another card, and its place is known' 3 identity-changed 'DSN 02-1a-b0-ff-ff-00-00-11' \
	"the one meant is at ${cards[1]}"
run virt-vfio plan drive0
expect 'plan: a twin without a serial number, while the drive is seen elsewhere' 3 identity-changed 'a twin of it' "${twins[1]}"
run virt-vfio release --all
expect 'release' 0
unchanged 'all are back' "$before"

# --- following it

run virt-vfio define --dry-run "$tap_tmp/drive0.ini"
expect 'define: says that another one is at the address in the file' 0 "note: ${twins[0]} is not what it was" "at ${twins[1]}" \
	'serial="lab-twin1"'

run virt-vfio define --set "device.card.host=${twins[1]}" "$tap_tmp/drive0.ini"
expect 'define: with the address that the plan named' 0
run virt-vfio start --keep drive0
expect 'start: the drive at its new place' 0 'drive0 is running' "${twins[1]}"
is 'only that one was taken' "$(drivers "${twins[@]}")" 'nvme vfio-pci nvme nvme'
run virt-vfio stop --force --timeout 20 drive0
expect 'stop' 0
unchanged 'all are back' "$before"
is 'the mounted one can still be read' "$(</run/data/file)" 'still here'
tap_done
