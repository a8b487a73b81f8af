#!/usr/bin/env bash
# The main job: a graphics card with its audio function, its dumped VBIOS and x-vga, for a Linux guest under OVMF.
set -euo pipefail
# shellcheck source=tests/lab/tests/tap.sh
. "$LAB_ROOT/tests/lab/tests/tap.sh"

[[ -n ${LAB_LINUX:-} ]] || bail 'this lab has no Linux guest'
gpu=$(lab_dev gpu) audio=$(lab_dev audio) rom=/usr/share/qemu/lab-card.rom
before=$(snapshot)

# The dump is for root alone; QEMU reads it as another user, in a folder that its security drivers know.
run virt-vfio rom dump "$gpu" -o "$tap_tmp/card.rom"
expect 'the VBIOS is dumped' 0 sha256
run virt-vfio rom check --for "$gpu" "$tap_tmp/card.rom"
expect 'it is sound' 0 good
install -m 644 "$tap_tmp/card.rom" "$rom"

lab_libvirt
log=$(guest_log gpu)
settings=(
	"device.gpu.host=${gpu%.0}" "device.gpu.rom=$rom" vm.memory=256M vm.cpus=1 vm.accel=tcg "vm.kernel=$LAB_LINUX"
	# A CPU model that QEMU emulates without mistakes, and arguments that save Linux time: see lib.sh.
	'vm.cpu=qemu64,-cx16' "vm.initrd=$LAB_LINUX_INITRD" "vm.cmdline=$lab_linux_arguments" "vm.serial-log=$log"
)
options=()
for setting in "${settings[@]}"; do options+=(--set "$setting"); done
# Without the disk and the network of the example: they are not the point, and the lab has neither.
sed '/^\[disk/,$d' "$LAB_ROOT/examples/gpu.ini" >"$tap_tmp/gpu.ini"
run virt-vfio define "${options[@]}" "$tap_tmp/gpu.ini"
expect 'define: from the example' 0 'defined gpu' '2 functions'
run virsh dumpxml --inactive gpu
expect 'the domain: x-vga, ROM, no balloon, no Secure Boot' 0 "firmware='efi'" "enabled='no' name='secure-boot'" \
	"enabled='no' name='enrolled-keys'" x-vga "$rom" "memballoon model='none'" "managed='no'" "multifunction='on'"

run virt-vfio plan gpu
expect 'the plan: both functions, nothing in the way' 0 'gpu takes 2 functions' "$gpu" "$audio" bochs-drm snd_hda_intel
unchanged 'nothing has changed so far' "$before"
start_background gpu --wait
lab_wait 120 grep -q 'waits for that' "$tap_tmp/start-gpu" || true
run virsh dumpxml gpu
expect 'libvirt chose OVMF' 0 OVMF_CODE
[[ $run_out != *.ms.fd* && $run_out != *secboot* ]] && secure=no || secure=yes
is 'one without Secure Boot' "$secure" no
# OVMF and a kernel, in an emulator inside an emulator.
guest_is_ready() { grep -qs 'guest: ready' "$log" || gone "${tap_jobs[gpu]}"; }
lab_wait 660 guest_is_ready || true
seen=$(tr -d '\r' <"$log" | grep '^guest:' || true)
note "$seen"
run_out=$seen run_rc=0 run_words='the guest'
expect 'the guest sees both functions, at function 0 and 1 of one slot' 0 \
	"$(grep -Eo 'pci [0-9a-f:]+\.0 1234:1111 class 030000' <<<"$seen" || echo 'the display function')" \
	"$(grep -Eo 'pci [0-9a-f:]+\.1 8086:2668 class 040300' <<<"$seen" || echo 'the audio function')" \
	'firmware efi'
slot=$(grep -Eo 'pci [0-9a-f:]+\.0 1234:1111' <<<"$seen" | grep -Eo '[0-9a-f]{2}:[0-9a-f]{2}' | head -n1 || true)
expect 'the card is its boot display' 0 "boot_vga $slot.0 1"
# The ROM BAR is a power of two, padded behind the image.
size=$(stat -c %s "$rom")
is 'and has the ROM that was dumped' "$(grep -o "rom $slot.0 size .*" <<<"$seen")" "rom $slot.0 size $size sha256 $(sha256sum <"$rom" | cut -d' ' -f1)"
is 'both functions are on vfio-pci' "$(drivers "$gpu" "$audio")" 'vfio-pci vfio-pci'
run virt-vfio status
expect 'status: shows the domain and its card' 0 'for gpu' "$gpu" "$audio" running
run virt-vfio stop gpu
expect 'stop: the guest shuts down' 0 'gpu has stopped'
finish_background gpu 30
expect 'start --wait ends well' 0 'gpu is running' 'gpu has stopped'
is 'both functions are back on their host drivers' "$(drivers "$gpu" "$audio")" 'bochs-drm snd_hda_intel'
unchanged 'and all is as it was' "$before"
journal_empty 'the journal is empty'
tap_done
