#!/usr/bin/env bash
# rom dump and rom check: the same bytes from a card that its host driver has, that nobody has, and that vfio-pci has;
# and no card, setting or file changed by it.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

gpu=$(lab_dev gpu) audio=$(lab_dev audio) edu=$(lab_dev edu) nvme=$(lab_dev nvme2) nic=$(lab_dev nic0)
# What the machine file gave the card; QEMU may have written the card's ids into it, and the checksum.
real=/usr/share/seabios/vgabios-stdvga.bin
out=$tap_tmp/out
mkdir "$out"

# What one ROM image is: as long as its own header says, which is what QEMU's file has too.
same_rom() { # FILE: the bytes of the machine's file, and nothing but padding behind
	python3 - "$1" "$real" <<-'P'
	import sys
	dump, real = (open(path, "rb").read() for path in sys.argv[1:])
	if dump[:len(real)] != real:
	    sys.exit(f"first difference at {next((i for i in range(min(len(dump), len(real))) if dump[i] != real[i]), len(dump))}")
	if dump[len(real):].strip(b"\0") and dump[len(real):].strip(b"\xff"):
	    sys.exit("behind it is more than padding")
	P
}

before=$(snapshot)
# Of the ROM BAR only the enable bit: the address is the kernel's to write.
settings() {
	cat "/sys/bus/pci/devices/$gpu/"{power/control,power/runtime_status,enable,d3cold_allowed} 2>/dev/null || true
	od -An -tx1 -j4 -N2 "/sys/bus/pci/devices/$gpu/config"
	echo $(($(od -An -tu1 -j48 -N1 "/sys/bus/pci/devices/$gpu/config") & 1))
}
driver=$(lab_driver "$gpu")

# --- bound to its host driver
was=$(settings)
run virt-vfio rom dump "$gpu" -o "$out/bound.rom"
expect 'dump while the host driver has the card' 0 "$out/bound.rom" 'bytes from' sha256 verdict
said=$run_out
ok 'it is the ROM that the machine gave the card' same_rom "$out/bound.rom"
is 'sha256: what it said is true' "$(grep -o 'sha256 [0-9a-f]*' <<<"$said")" "sha256 $(sha256sum <"$out/bound.rom" | cut -d' ' -f1)"
is 'the file is for root alone' "$(stat -c '%a %U' "$out/bound.rom")" '600 root'
is 'power, decoding and ROM BAR are as before' "$(settings)" "$was"
is 'nothing but the ROM is in the folder' "$(ls -A "$out")" bound.rom

# --- files that are there already
echo precious >"$out/precious"
run virt-vfio rom dump "$gpu" -o "$out/precious"
expect 'dump onto a file that is there' 1 "$out/precious" exist
is 'the file is what it was' "$(<"$out/precious")" precious
ln -s "$out/precious" "$out/link"
run virt-vfio rom dump "$gpu" -o "$out/link"
expect 'dump onto a link' 1 "$out/link"
is 'and what it points to is, too' "$(<"$out/precious")" precious
run virt-vfio rom dump "$gpu" -o "$out/precious" --replace
expect 'dump with --replace' 0
ok 'it is replaced' cmp "$out/precious" "$out/bound.rom"
is 'and for root alone' "$(stat -c %a "$out/precious")" 600
run virt-vfio rom dump "$gpu" -o "$out/none/card.rom"
expect 'dump into a folder that is not there' 1 "$out/none"

# --- no driver at all
echo "$gpu" >"/sys/bus/pci/devices/$gpu/driver/unbind"
lone=$(snapshot)
was=$(settings)
run virt-vfio rom dump "$gpu" -o "$out/unbound.rom"
expect 'dump while nobody has the card' 0 "$out/unbound.rom"
ok 'the same bytes' cmp "$out/unbound.rom" "$out/bound.rom"
is 'power, decoding and ROM BAR are as before' "$(settings)" "$was"
unchanged 'nothing else has changed' "$lone"
echo "$gpu" >"/sys/bus/pci/drivers/$driver/bind"

# --- on vfio-pci
run virt-vfio bind "$gpu" "$audio"
expect 'the card is taken' 0
taken=$(snapshot)
run virt-vfio rom dump "$gpu" -o "$out/vfio.rom"
expect 'dump by VFIO' 0 "$out/vfio.rom" VFIO
ok 'the same bytes' cmp "$out/vfio.rom" "$out/bound.rom"
unchanged 'nothing has changed' "$taken"
run virt-vfio rom check "$gpu"
expect 'check of a card' 0 good
run virt-vfio rom dump "$audio" -o "$out/audio.rom"
expect 'a card without a ROM, on vfio-pci' 4 "$audio" ROM
run virt-vfio release --all
expect 'the card is given back' 0
unchanged 'all is as it was' "$before"

# --- check
run virt-vfio rom check "$out/bound.rom"
expect 'check of a file' 0 good legacy 1234:1111 last
run virt-vfio rom check --for "$gpu" "$out/bound.rom"
expect 'check of a file for the card it came from' 0 good
run virt-vfio rom check --for "$nic" "$out/bound.rom"
expect 'check of a file for another card' 1 foreign
run virt-vfio rom check --json "$out/bound.rom"
expect 'check --json' 0
ok 'it is as long as the machine file' python3 -c '
import json, os, sys
rom = json.loads(sys.argv[1])
assert rom["verdict"] == "good" and not [p for p in rom["problems"] if p["code"] != "padding"], rom
assert [i["length"] for i in rom["images"]] == [os.path.getsize(sys.argv[2])] and rom["images"][0]["checksum"] is True, rom
' "$run_out" "$real"
head -c 20000 "$out/bound.rom" >"$out/short.rom"
run virt-vfio rom check "$out/short.rom"
expect 'check of a truncated file' 1 bad truncated
: >"$out/empty.rom"
run virt-vfio rom check "$out/empty.rom"
expect 'check of an empty file' 1 bad empty
run virt-vfio rom check "$out/none.rom"
expect 'check of a file that is not there' 1 "$out/none.rom"

# --- devices that have none, or are none
for address in "$edu" "$nvme"; do
	run virt-vfio rom dump "$address" -o "$out/nothing.rom"
	expect "a device without a ROM: $(drivers "$address")" 4 "$address" 'ROM'
done
run virt-vfio rom dump 0000:7f:00.0 -o "$out/nothing.rom"
expect 'an address where nothing is' 3 not-found
is 'no file was made by that' "$(ls "$out/nothing.rom" 2>/dev/null)" ''
unchanged 'all is as it was' "$before"
journal_empty 'the journal is empty'
tap_done
