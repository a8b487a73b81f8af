# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests with virtual functions, on machines/sriov.machine and sriov-nvme.machine. Source it after tap.sh. all_as_before compares with what pf_up saw.

# The machine of drives has no igb to miss.
if [[ $LAB_MACHINE != sriov-nvme ]]; then
	igb=$(lab_dev igb0) || bail 'this QEMU has no igb'
	pf=$(ls "/sys/bus/pci/devices/$igb/net")
fi
before='' before_settings=''
# All that igb can be told of a VF, and what by_ip shows then.
settings=('mac = 52:54:00:00:00:0a' 'vlan = 20' 'qos = 3' 'trust = yes' 'spoofchk = no' 'rate = 100')
all_settings='mac=52:54:00:00:00:0a vlan=20 qos=3 trust=on spoofchk=off rate=100,0 link=auto'

leases() { ls -A /run/virt-vfio/vfs 2>/dev/null || true; }

# shellcheck source=tests/lab/tests/vf-by-ip.sh
. "$LAB_ROOT/tests/lab/tests/vf-by-ip.sh"
every_vf() { for vf in 0 1; do by_ip "$vf"; done; }

# A VM file for a tiny guest whose only device is in the lines given: vf_file NAME LINE... prints its path.
vf_file() {
	local path=$tap_tmp/$1.ini
	printf '%s\n' '[vm]' "name = $1" 'memory = 64M' 'cpus = 1' 'firmware = bios' 'accel = tcg' "kernel = $LAB_GUEST" \
		"serial-log = $(guest_log "$1")" "${@:2}" >"$path"
	printf '%s\n' "$path"
}

define_vf() { # NAME LINE...
	run virt-vfio define "$(vf_file "$@")"
	expect "$1: define" 0 "defined $1"
}

vf_of() { # NAME: the VF in its stored XML
	virsh dumpxml --inactive "$1" | sed -n "s/.*<vv:vf .*address=\"\([0-9a-f:.]*\)\".*/\1/p; s/.*<vv:vf .*address='\([0-9a-f:.]*\)'.*/\1/p"
}

says() { # NAME CHECK TEXT: the guest does, within two minutes
	if lab_expect 120 "$(guest_log "$1")" "$3"; then
		tap_pass "$1: $2"
	else
		tap_fail "$1: $2" "$(cat "$(guest_log "$1")" 2>&1)"
	fi
}

stop_all() { # NAME...
	local name
	for name; do
		run virt-vfio stop "$name" --timeout 5 --force
		expect "$name: stop" 0 "$name has stopped"
	done
}

all_as_before() { # WHEN
	unchanged "$1: the devices are as before" "$before"
	is "$1: so are the settings" "$(every_vf)" "$before_settings"
	journal_empty "$1: the journal is empty"
	is "$1: and no settings are noted" "$(leases)" ''
}

two_vfs() { # of a PF that is up; sets vf0 and vf1
	run virt-vfio sriov set "$igb" --vfs 2
	expect 'two VFs' 0 'has 2 virtual functions'
	vf0=$(lab_vf igb0 0) vf1=$(lab_vf igb0 1)
}

pf_up() { # libvirt and the VF's driver want it
	ip link set "$pf" up
	lab_wait 20 grep -qx up "/sys/class/net/$pf/operstate" || bail "$pf does not come up"
	before=$(snapshot) before_settings=$(every_vf)
}
