#!/usr/bin/env bash
# machine: usage
# coverage
# What the host would lose: devices that are really in use, each in another way, are refused by name; free ones are not.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

for name in nvme0 nvme1 nvme2 hba stick usb nic0 nic1 gpu audio edu hostvga; do
	declare "$name=$(lab_dev "$name")"
done
mnt=$tap_tmp/mnt
mkdir -p "$mnt" "$mnt.2"
before=$(snapshot)

# Its number is not in the node's name: the kernel looks at namespaces side by side, and counts them as they come. A drive
# in a subsystem shows its path, nvme0c0n1; the disk is nvme0n1.
nvme_disk() { # ADDRESS NAMESPACE
	local path
	for path in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n*; do
		[[ $(<"$path/nsid") != "$2" ]] || sed -E 's|.*/nvme([0-9]+)(c[0-9]+)?|/dev/nvme\1|' <<<"$path"
	done
}
sd_disk() { # ADDRESS
	local path
	for path in /sys/class/block/sd?; do
		[[ $(readlink "$path") != */$1/* ]] || printf '/dev/%s\n' "${path##*/}"
	done
}
interface() { # ADDRESS
	compgen -G "/sys/bus/pci/devices/$1/net/*" | sed 's|.*/||'
}
stick_is_there() { [[ -n $(sd_disk "$stick") ]]; }
lab_wait 30 stick_is_there || bail 'the stick does not appear'
a=$(nvme_disk "$nvme0" 1) a2=$(nvme_disk "$nvme0" 2) b=$(nvme_disk "$nvme1" 1) c=$(nvme_disk "$nvme2" 1)
h=$(sd_disk "$hba") s=$(sd_disk "$stick")
eth0=$(interface "$nic0") eth1=$(interface "$nic1")
modprobe -a loop btrfs xfs ext4 dm-mod raid1 dm-crypt bridge bonding 8021q macvlan ipvlan || true

held() { # NAME ADDRESS CODE TEXT...: refused for that reason, which says this
	local name=$1 address=$2 code=$3 text missing=()
	shift 3
	run virt-vfio plan "$address"
	((run_rc == 3)) || missing+=("exit code $run_rc instead of 3")
	grep -qE "✘ $code +$address " <<<"$run_out" || missing+=("no $code for $address")
	for text; do [[ $run_out == *"$text"* ]] || missing+=("not said: $text"); done
	((${#missing[@]})) || { tap_pass "in use: $name" && return 0; }
	tap_fail "in use: $name" "${missing[@]}" "$run_out"
}

free() { # NAME ADDRESS [CODE]...: not refused; the codes are warnings
	local name=$1 address=$2 code missing=()
	shift 2
	run virt-vfio plan "$address"
	((run_rc == 0)) || missing+=("exit code $run_rc instead of 0")
	for code; do grep -qE "! $code +$address " <<<"$run_out" || missing+=("no warning: $code"); done
	(($#)) || ! grep -qE "! [a-z-]+ +$address " <<<"$run_out" || missing+=('a warning')
	((${#missing[@]})) || { tap_pass "free: $name" && return 0; }
	tap_fail "free: $name" "${missing[@]}" "$run_out"
}

quietly() { "$@" >"$tap_tmp/said" 2>&1 || bail "$* failed: $(<"$tap_tmp/said")"; }
tool() { quietly lab_tool "$@"; }
erase() { for disk; do quietly wipefs -a "$disk" && quietly dd if=/dev/zero of="$disk" bs=1M count=4; done; }
# Without udev nobody tells the kernel of new partitions or makes their nodes; sfdisk and devtmpfs do.
divide() { # DISK LINE...
	local disk=$1
	shift
	printf '%s\n' "$@" >"$tap_tmp/parts"
	lab_tool sfdisk -q "$disk" <"$tap_tmp/parts" >"$tap_tmp/said" 2>&1 || bail "sfdisk: $(<"$tap_tmp/said")"
}

# --- untouched

free 'an NVMe drive with two namespaces' "$nvme0"
free 'its twin' "$nvme1"
free 'an HBA with a disk' "$hba"
free 'a USB controller with a stick' "$stick"
free 'a USB controller with a keyboard, when there is one at PS/2' "$usb"
free 'a NIC that is down' "$nic0"
free 'a GPU that is not the boot display' "$gpu"
free 'a sound function' "$audio"
free 'a device without a driver' "$edu"
held 'the boot display' "$hostvga" display-boot 'no other card has a lit screen'

# --- disks

quietly mkfs.ext4 -q "$a"
free 'ext4, not mounted' "$nvme0" disk-data
quietly mount "$a" "$mnt"
held 'ext4' "$nvme0" disk-mounted "$a is mounted on $mnt (ext4)" 'unmount it'
free 'the twin of a drive that is mounted' "$nvme1"
run virt-vfio plan --allow "disk-mounted=$nvme0" "$nvme0"
expect 'it can be allowed' 0 disk-mounted
dd if=/dev/zero of="$mnt/file" bs=1M count=40 status=none
chmod 600 "$mnt/file"
quietly mkswap "$mnt/file"
quietly swapon "$mnt/file"
held 'a swap file on it' "$nvme0" disk-swap "$mnt/file"
quietly swapoff "$mnt/file"
loop=$(losetup -f --show "$mnt/file")
held 'a loop device on a file of it' "$nvme0" disk-holder "$loop" 'losetup -d'
quietly mkfs.ext4 -q "$loop"
quietly mount "$loop" "$mnt.2"
held 'a file system in that' "$nvme0" disk-mounted "$loop, which lies on $a, is mounted on $mnt.2"
quietly umount "$mnt.2"
quietly losetup -d "$loop"
quietly mount --bind "$mnt" "$mnt.2"
quietly umount "$mnt"
held 'a bind mount of it that stayed' "$nvme0" disk-mounted "$mnt.2"
quietly umount "$mnt.2"
# The mount is seen by one process alone.
exec {hold}<> <(:)
unshare -m --propagation private bash -c "mount $a $mnt && exec sleep 600" &
sleeper=$!
mounted_there() { grep -qs " $mnt " "/proc/$sleeper/mountinfo"; }
lab_wait 20 mounted_there || bail 'no mount in another namespace'
held 'mounted in another mount namespace' "$nvme0" disk-mounted "$mnt" 'mount namespace of' "pid $sleeper"
kill "$sleeper" && wait "$sleeper" 2>/dev/null || true
gone_there() { virt-vfio plan "$nvme0" >/dev/null; }
lab_wait 20 gone_there || true
free 'unmounted again' "$nvme0" disk-data
exec {hold}>&-

quietly mkfs.ext4 -q -F "$a2"
quietly mount "$a2" "$mnt"
held 'the second namespace of a drive' "$nvme0" disk-mounted "$a2 is mounted on $mnt"
quietly umount "$mnt"
erase "$a" "$a2"

tool mkfs.xfs -q -f "$a"
quietly mount -t xfs "$a" "$mnt"
held 'xfs' "$nvme0" disk-mounted '(xfs)'
quietly umount "$mnt"
erase "$a"

tool mkfs.btrfs -q -f -d raid1 -m raid1 "$a" "$b"
tool btrfs device scan
quietly mount -t btrfs "$a" "$mnt"
held 'btrfs over two drives: the one it was mounted by' "$nvme0" disk-mounted "$a is mounted on $mnt (btrfs)"
held 'btrfs over two drives: the other one' "$nvme1" disk-mounted "$b is mounted on $mnt (btrfs)"
quietly umount "$mnt"
free 'btrfs, unmounted' "$nvme1" disk-data
erase "$a" "$b"

divide "$a" 'label: gpt' 'size=64MiB' 'size=64MiB'
free 'empty partitions' "$nvme0"
quietly mkfs.ext4 -q "${a}p2"
quietly mount "${a}p2" "$mnt"
held 'a partition' "$nvme0" disk-mounted "${a}p2 is mounted on $mnt"
quietly umount "$mnt"
quietly mkswap "${a}p1"
quietly swapon "${a}p1"
held 'swap on a partition' "$nvme0" disk-swap "${a}p1 is swap space"
quietly swapoff "${a}p1"
free 'swap space that is off' "$nvme0" disk-data
erase "$a"
quietly blockdev --rereadpt "$a"
quietly mkswap "$c"
quietly swapon "$c"
held 'swap on a whole drive' "$nvme2" disk-swap "$c is swap space"
quietly swapoff "$c"
erase "$c"

lvm_options=(--config 'devices{use_devicesfile=0 obtain_device_list_from_udev=0} activation{udev_sync=0 udev_rules=0} global{use_lvmlockd=0}')
lvm() { tool lvm "$1" "${lvm_options[@]}" "${@:2}"; }
lvm pvcreate -q "$a" "$b"
lvm vgcreate -q labgroup "$a" "$b"
lvm lvcreate -q -y -Wn -Zn -l 100%FREE -n home labgroup
held 'LVM: the first drive of a volume' "$nvme0" disk-holder 'the LVM volume /dev/mapper/labgroup-home' 'vgchange -an'
held 'LVM: the second drive' "$nvme1" disk-holder 'the LVM volume /dev/mapper/labgroup-home'
quietly mkfs.ext4 -q /dev/mapper/labgroup-home
quietly mount /dev/mapper/labgroup-home "$mnt"
held 'LVM: mounted' "$nvme1" disk-mounted "/dev/mapper/labgroup-home, which lies on $b, is mounted on $mnt"
quietly umount "$mnt"
exec {hold}<>/dev/mapper/labgroup-home
held 'LVM: a program has the volume open' "$nvme0" disk-open 'bash (pid'
exec {hold}>&-
lvm vgchange -q -an labgroup
free 'LVM: deactivated' "$nvme0" disk-data
erase "$a" "$b"

tool mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --assume-clean "$a" "$b"
held 'MD RAID: one half' "$nvme0" disk-holder 'the MD array /dev/md0 (raid1)' 'mdadm --stop /dev/md0'
held 'MD RAID: the other half' "$nvme1" disk-holder 'the MD array /dev/md0 (raid1)'
quietly mkfs.ext4 -q /dev/md0
quietly mount /dev/md0 "$mnt"
held 'MD RAID: mounted' "$nvme1" disk-mounted "/dev/md0, which lies on $b, is mounted"
quietly umount "$mnt"
tool mdadm --stop /dev/md0
free 'MD RAID: stopped' "$nvme0" disk-data
erase "$a" "$b"

printf 'secret' >"$tap_tmp/key"
tool cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$a" "$tap_tmp/key"
tool cryptsetup open -q --key-file "$tap_tmp/key" "$a" dark
held 'dm-crypt' "$nvme0" disk-holder 'the encrypted volume /dev/mapper/dark' 'cryptsetup close'
quietly mkfs.ext4 -q /dev/mapper/dark
quietly mount /dev/mapper/dark "$mnt"
held 'dm-crypt: mounted' "$nvme0" disk-mounted "/dev/mapper/dark, which lies on $a,"
quietly umount "$mnt"
tool cryptsetup close dark
free 'dm-crypt: closed' "$nvme0" disk-data
erase "$a"

loop=$(losetup -f --show "$c")
held 'a loop device over the drive' "$nvme2" disk-holder "the loop device $loop lies on $c"
quietly losetup -d "$loop"
exec {hold}<"$c"
held 'a program reads the drive' "$nvme2" disk-open 'is held open by bash (pid'
exec {hold}<&-
exec {hold}<"/dev/$(basename "$(compgen -G "/sys/bus/pci/devices/$nvme2/nvme/nvme*")")"
held 'a program has the NVMe controller open' "$nvme2" process-holds '/dev/nvme'
exec {hold}<&-
free 'when they are gone' "$nvme2"

for word in "hba $hba $h" "stick $stick $s"; do
	read -r name address disk <<<"$word"
	quietly mkfs.ext4 -q "$disk"
	quietly mount "$disk" "$mnt"
	held "a disk behind the $name" "$address" disk-mounted "$disk is mounted on $mnt"
	quietly umount "$mnt"
	erase "$disk"
	free "the $name when it is unmounted" "$address"
done

# --- network

quietly ip link set "$eth0" up
free 'a NIC that is up without an address' "$nic0"
quietly ip addr add 10.9.0.1/24 dev "$eth0"
free 'a NIC with an address' "$nic0" net-up
quietly ip route add default via 10.9.0.2 dev "$eth0"
held 'the default route' "$nic0" net-default-route "the IPv4 default route goes through $eth0"
free 'a NIC beside the one with the default route' "$nic1"
quietly ip route del default
quietly ip route add default via 10.9.0.2 dev "$eth0" table 100
held 'a default route in a second table' "$nic0" net-default-route 'table 100'
quietly ip route del default table 100
for half in 0.0.0.0/1 128.0.0.0/1; do quietly ip route add "$half" via 10.9.0.2 dev "$eth0"; done
held 'a default route in two halves' "$nic0" net-default-route
for half in 0.0.0.0/1 128.0.0.0/1; do quietly ip route del "$half"; done
quietly ip -6 addr add 2001:db8::1/64 dev "$eth0" nodad
quietly ip -6 route add default via 2001:db8::2 dev "$eth0"
held 'an IPv6 default route' "$nic0" net-default-route "the IPv6 default route goes through $eth0"
quietly ip -6 route del default
free 'only addresses' "$nic0" net-up

quietly ip netns add peer
quietly ip link set "$eth1" netns peer
held 'an interface that was moved into another network namespace' "$nic1" net-up /run/netns/peer
quietly ip -n peer addr add 10.9.0.2/24 dev "$eth1"
quietly ip -n peer link set "$eth1" up
ip netns exec peer /usr/bin/python3 -c '
import socket
s = socket.create_server(("10.9.0.2", 22))
c = s.accept()[0]
c.recv(1)' &
server=$!
lab_wait 30 eval 'ip netns exec peer ss -ltn | grep -q :22'
connected() { ss -tn state established | grep -q 10.9.0.2:22; }
exec {hold}<>/dev/tcp/10.9.0.2/22
lab_wait 10 connected || bail 'no TCP connection in the lab'
held 'a live TCP connection' "$nic0" net-session '10.9.0.1 port' '10.9.0.2 port 22'
exec {hold}>&-
kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
quietly ip addr flush dev "$eth0"
quietly ip -n peer link set "$eth1" netns 1
quietly ip link set "$eth1" down

upper() { # NAME WORDS-OF-THE-REASON KIND [ARGUMENT...]: something that stands on eth0, itself switched on
	quietly ip link add link "$eth0" name lab-up type "${@:3}"
	held "$1" "$nic0" net-upper "$2"
	quietly ip link del lab-up
}
port() { # NAME WORDS-OF-THE-REASON KIND [ARGUMENT...]
	quietly ip link add name lab-up type "${@:3}"
	quietly ip link set "$eth0" down
	quietly ip link set "$eth0" master lab-up
	held "$1" "$nic0" net-upper "$2"
}
upper 'a VLAN' "the vlan lab-up stands on $eth0" vlan id 5
upper 'a macvlan' "the macvlan lab-up stands on $eth0" macvlan mode bridge
upper 'an ipvlan' "the ipvlan lab-up stands on $eth0" ipvlan
quietly ip link add link "$eth0" name lab-up type macvlan
quietly ip link set lab-up netns peer
held 'a macvlan in another network namespace' "$nic0" net-upper 'the macvlan lab-up in the network namespace of /run/netns/peer'
quietly ip -n peer link del lab-up
port 'a port of a bridge' "$eth0 is a port of the bridge lab-up" bridge
quietly ip link set lab-up up
quietly ip link set "$eth0" up
quietly ip addr add 10.9.0.1/24 dev lab-up
quietly ip route add default via 10.9.0.2 dev lab-up
held 'the default route through a bridge' "$nic0" net-default-route "lab-up, which stands on $eth0"
quietly ip link del lab-up
port 'a port of a bond' "$eth0 is a port of the bond lab-up" bond mode active-backup
quietly ip link del lab-up
quietly ip link set "$eth0" down
free 'the NIC when all that is gone' "$nic0"
quietly ip netns del peer

# --- display, sound, input

exec {hold}<"$(compgen -G "/sys/bus/pci/devices/$gpu/drm/card*" | sed 's|.*/|/dev/dri/|')"
held 'a program has the GPU open' "$gpu" process-holds 'bash (pid' /dev/dri/card
exec {hold}<&-
exec {hold}<"$(compgen -G "/sys/bus/pci/devices/$audio/sound/card*/controlC*" | sed 's|.*/|/dev/snd/|')"
held 'a program has the sound card open' "$audio" process-holds /dev/snd/controlC
exec {hold}<&-
# Once opened and closed, the card draws the console on its own screen, of which the plan warns.
run virt-vfio plan "$gpu"
expect 'free: the GPU when they are gone' 0 "$gpu"
modprobe evdev
event() { compgen -G "/sys/bus/pci/devices/$usb/usb*/*/*/*/input/input*/event*"; }
lab_wait 10 event >/dev/null || bail 'no event node of the keyboard'
exec {hold}<"/dev/input/$(event | head -n1 | sed 's|.*/||')"
free 'a program reads the keyboard' "$usb" process-holds
exec {hold}<&-
echo -n serio0 >/sys/bus/serio/drivers/atkbd/unbind
held 'the last keyboard' "$usb" input-last 'the last keyboard of this host' 'USB Keyboard'
echo -n serio0 >/sys/bus/serio/drivers/atkbd/bind
free 'one of two keyboards' "$usb"

# --- claims

mkdir -p /etc/driverctl.d
echo uio_pci_generic >"/etc/driverctl.d/pci-$edu"
held 'driverctl keeps it for another driver' "$edu" claimed 'driverctl keeps it for uio_pci_generic'
echo vfio-pci >"/etc/driverctl.d/pci-$edu"
free 'driverctl keeps it for VFIO' "$edu"
rm "/etc/driverctl.d/pci-$edu"
run virt-vfio bind "$edu"
expect 'a device is taken' 0
exec {hold}<>"/dev/vfio/$(lab_group "$edu")"
held 'a program has the group open' "$edu" claimed 'bash (pid' "/dev/vfio/$(lab_group "$edu")"
exec {hold}>&-
free 'when it has closed it' "$edu"
run virt-vfio release "$edu"
expect 'it is given back' 0
if grep -q '^igb ' /lab/devices; then
	igb=$(lab_dev igb)
	free 'a PF without VFs' "$igb"
	echo 0 >"/sys/bus/pci/devices/$igb/sriov_drivers_autoprobe"
	echo 2 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
	held 'a PF with VFs' "$igb" sriov-parent '2 VFs of it'
	run virt-vfio bind "$(lab_vf igb 0)"
	expect 'a VF is taken, although its own registers have no vendor' 0
	held 'a PF with a VF that was taken' "$igb" sriov-parent "$(lab_vf igb 0) is with vfio-pci"
	free 'its other VF' "$(lab_vf igb 1)"
	run virt-vfio release --all
	echo 0 >"/sys/bus/pci/devices/$igb/sriov_numvfs"
	free 'the PF when they are gone' "$igb"
fi
unchanged 'looking has changed nothing' "$before"
tap_done
