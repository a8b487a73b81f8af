#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# machine: roms
# rom backup and rom verify, with a ROM that changes; and rom = auto, which gives a guest the backup.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"
# shellcheck source=tests/lab/inside/hotplug.sh
. "$LAB_ROOT/tests/lab/inside/hotplug.sh"

gpu=$(lab_dev gpu) card=$(lab_dev card) nic=$(lab_dev nic)
first=/usr/share/seabios/vgabios-stdvga.bin second=/usr/share/seabios/vgabios-bochs-display.bin
store=$tap_tmp/roms default=/var/lib/virt-vfio/roms published=/usr/share/vgabios/virt-vfio
# A screen that is lit by the console would be in the way, and is not the point.
lit=(--allow display-active)

json() { python3 -c "import json, sys; d = json.load(sys.stdin); $1"; }
card_of() { printf '{c["address"]: c for c in d["cards"]}["%s"]' "$1"; }

is_up() { ok 'the guest is up' lab_expect 90 "$(guest_log auto)" 'guest: ready'; }
stopped() { # one that is not up yet does not hear that it shall stop
	lab_expect 90 "$(guest_log auto)" 'guest: ready' || true
	run virt-vfio stop auto
	expect 'stop' 0 'auto has stopped'
}

# --- backup
run virt-vfio rom verify "$store"
expect 'verify without backups' 1 'no backups'
run virt-vfio rom backup "${lit[@]}" --json "$store"
expect 'backup of all cards' 0
ok 'each card with a ROM is in it' json "
c = {c['address']: c['state'] for c in d['cards']}
assert d['verdict'] == 'saved' and c['$gpu'] == c['$card'] == c['$nic'] == 'saved' and len(c) == 4, d" <<<"$run_out"
folder=$store/$(json "print($(card_of "$gpu")['folder'])" <<<"$run_out")
nic_folder=$(json "print($(card_of "$nic")['folder'])" <<<"$run_out")
ok 'a network card is known by its serial number' grep -q '_dsn-.*\.0$' <<<"$nic_folder"
ok 'the manifest says what it is' json "
r = d['roms'][0]
assert d['identity']['vendor'] == '1234' and r['source'] in ('sysfs', 'vfio') and r['verdict'] == 'good' and r['date'][:2] == '20', d
import hashlib
b = open('$folder/' + r['file'], 'rb').read()
assert hashlib.sha256(b).hexdigest() == r['sha256'] and len(b) == r['size'] and b == open('$first', 'rb').read()
" <"$folder/manifest.json"
is 'all of it is for root alone' "$(find "$store" -perm /077)" ''
run virt-vfio rom backup "${lit[@]}" "$gpu" "$card" "$store"
expect 'once more, two of them' 0 unchanged
is 'nothing was added' "$(find "$folder" -name '*.rom' | wc -l)" 1
run virt-vfio rom backup 0000:7f:00.0 "$store"
expect 'an address where nothing is' 3 not-found
run virt-vfio rom verify "${lit[@]}" "$store"
expect 'verify: all the same' 0 same

# --- a guest with rom = auto
lab_libvirt
sed -i /rombar/d "$(vm_file auto "$gpu")"
run virt-vfio define "$tap_tmp/auto.ini"
expect 'define' 0 'defined auto'
run virt-vfio plan auto
expect 'the plan: no backup yet' 0 "ROM: no backup yet" "$default"
run virt-vfio plan auto --roms "$store"
expect 'the plan with the other backups' 0 'ROM: the backup of' sha256
run virt-vfio plan "$tap_tmp/auto.ini" --json --roms "$store"
expect 'the plan of a VM file says so, too' 0 '"rom": "the backup of'
run virt-vfio start auto --keep
expect 'start: reads the ROM once and keeps it' 0 "its ROM is kept" 'auto is running'
rom=$(echo "$published"/*.rom)
ok 'QEMU is given a file' grep -q "rom file='$rom'" <(virsh dumpxml auto)
is "it is root's, and open to QEMU" "$(stat -c '%U %a' "$rom" "$published")" $'root 644\nroot 755'
ok 'it is the ROM of the card' cmp "$rom" "$first"
is_up
crc=$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$first")
ok 'and has that ROM' grep -q "guest: rom .* crc32 $crc" <(tr -d '\r' <"$(guest_log auto)")
was=$(snapshot)
run virt-vfio rom dump "$gpu" -o "$tap_tmp/used.rom"
expect 'dump while the guest has the card: refused' 3 'in use by a guest'
run virt-vfio rom backup "$gpu" "$store"
expect 'backup of it: refused' 3 refused
run virt-vfio rom backup "${lit[@]}" "$store"
expect 'backup of all: the others' 0 partial refused unchanged
unchanged 'the guest has lost nothing' "$was"
stopped
run virt-vfio start auto --keep
expect 'the second start reads nothing' 0 'auto is running'
ok 'nor says so' test "${run_out/ROM/}" = "$run_out"
stopped

# --- a card that the host shows something on: its ROM is read when it is taken
rm -rf "$default"
node=$(basename "$(echo "/sys/bus/pci/devices/$gpu/graphics/fb"*)")
[[ -e /dev/$node ]] || mknod "/dev/$node" c 29 "${node#fb}"
# FBIOPUT_CON2FBMAP: the second console goes to this card.
ok 'a console is shown on the card' python3 -c '
import fcntl, struct, sys
fcntl.ioctl(open(sys.argv[1]), 0x4610, struct.pack("II", 2, int(sys.argv[2])))' "/dev/$node" "${node#fb}"
run virt-vfio rom dump "$gpu" -o "$tap_tmp/lit.rom"
expect 'dump: refused' 3 display-active
run virt-vfio rom backup --allow display-active "$gpu" "$tap_tmp/lit"
expect 'but allowed' 0 saved
run virt-vfio start auto --keep
expect 'start' 0 'auto is running'
is 'the ROM is read after the card was taken' "$(grep -oE 'to vfio-pci|its ROM is kept' <<<"$run_out" | tr '\n' ',')" 'to vfio-pci,its ROM is kept,'
is 'through VFIO' "$(json 'print(*(r["source"] for r in d["roms"]))' < <(cat "$default"/*/manifest.json))" vfio
ok 'the same bytes' cmp "$default"/1234*/*.rom "$first"
stopped

# --- the ROM changes
lab_eject gpu
lab_wait 20 lab_is_gone "$gpu" || bail 'the card does not leave'
run virt-vfio rom verify "${lit[@]}" "$store"
expect 'verify without the card' 0 absent
lab_plug gpu "secondary-vga,romfile=$second" || bail 'no card comes'
# shellcheck disable=SC2317 # called through lab_wait
has_driver() { [[ -n $(lab_driver "$gpu") ]]; }
lab_wait 20 has_driver || bail 'the card has no driver'
run virt-vfio rom verify "${lit[@]}" --json "$store"
expect 'verify: the ROM is another one' 1 changed
is 'of that card only' "$(sed '/^virt-vfio:/d' <<<"$run_out" | json "print(*sorted({c['state'] for c in d['cards']}), $(card_of "$gpu")['state'])")" 'changed same changed'
run virt-vfio rom backup "${lit[@]}" "$gpu" "$store"
expect 'backup: keeps both' 0 changed
is 'both are there' "$(find "$folder" -name '*.rom' -exec sha256sum {} + | cut -d' ' -f1 | sort)" \
	"$(sha256sum "$first" "$second" | cut -d' ' -f1 | sort)"
run virt-vfio start auto --keep --roms "$store"
expect 'a guest gets the newest' 0 'auto is running'
ok 'in the same place' cmp "$rom" "$second"
stopped

# --- backups that are no good
newest=$folder/$(json 'print(d["roms"][-1]["file"])' <"$folder/manifest.json")
printf '\1' | dd of="$newest" bs=1 seek=100 conv=notrunc status=none
run virt-vfio rom verify "${lit[@]}" "$store"
expect 'verify: a backup is damaged' 1 damaged "$newest"
run virt-vfio plan auto --roms "$store"
expect 'the plan: takes the one before' 0 rom-bad 'ROM: the backup of' "$(sha256sum "$first" | cut -c1-16)"
cp "$folder/manifest.json" "$tap_tmp/manifest"
trouble=''
# shellcheck disable=SC2016 # sed's last line
for wrong in 's|"file":"|"file":"../../|' 's|"sha256":".|"sha256":"g|' 's|"vendor":"1234"|"vendor":"12345"|' 's|"roms":|"ROMS":|' '$d'; do
	sed "$wrong" "$tap_tmp/manifest" >"$folder/manifest.json"
	run virt-vfio rom verify "${lit[@]}" "$store"
	[[ $run_rc == 1 && $run_out == *"$folder/manifest.json is not a manifest"* ]] || trouble+="$wrong: $run_rc $run_out; "
done
is 'a manifest that was tampered with is an error' "$trouble" ''
cp "$tap_tmp/manifest" "$folder/manifest.json"
chmod 777 "$store"
run virt-vfio plan auto --roms "$store"
expect 'backups that others could have written are not used' 0 rom-unreadable 'can be written to by others'
chmod 700 "$store"

# --- a ROM file in the VM file
with_rom() { # FILE
	run virt-vfio define --set "device.card.rom=$1" "$tap_tmp/auto.ini"
	((run_rc == 0)) || bail "cannot define it: $run_out"
}
with_rom /usr/lib/ipxe/qemu/efi-e1000e.rom
run virt-vfio start auto --keep
expect 'a ROM for another card: refused' 3 rom-bad foreign '--allow rom-bad'
with_rom /usr/share/vgabios/none.rom
run virt-vfio plan auto --allow rom-unreadable
expect 'one that is not there: nothing lifts that' 3 rom-unreadable 'No such file' 'rom dump'
run virt-vfio plan auto --allow rom-bad
expect 'in the plan' 3 rom-unreadable
install -D -m 644 "$first" /usr/share/vgabios/card.rom
with_rom /usr/share/vgabios/card.rom
run virt-vfio plan auto
expect 'a good one' 0 'ROM: /usr/share/vgabios/card.rom'
run virt-vfio plan "$tap_tmp/auto.ini" --set vm.firmware=uefi --set device.card.rom=/usr/share/vgabios/card.rom
expect 'UEFI has nothing to run in it' 0 rom-no-efi
journal_empty 'the journal is empty'
tap_done
