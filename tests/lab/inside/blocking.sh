# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver that blocks on demand (tests/lab/module): . "$LAB_ROOT/tests/lab/inside/blocking.sh"

lab_blocking=/sys/bus/pci/drivers/blocking_driver

# Loads it; it takes all edu devices.
lab_blocking_load() {
	[[ -n ${LAB_MODULE:-} ]] || { lab_say 'the module was not built: the headers of this kernel are not to be had' && return 1; }
	[[ -d $lab_blocking ]] || insmod "$LAB_MODULE/blocking-driver.ko"
}

# remove_seconds and probe_seconds: -1 blocks until the number changes; probe_error: an errno, 0 for none.
lab_knob() { printf '%s %d\n' "$1" "$3" >"$lab_blocking/$2"; } # ADDRESS KNOB NUMBER

lab_knobs_off() { # ADDRESS...: whatever blocks there goes on
	local address knob
	for address; do
		for knob in remove_seconds probe_seconds probe_error; do lab_knob "$address" "$knob" 0; done
	done
}

lab_blocks() { grep -qsxF -- "$1 $2" "$lab_blocking/blocked"; } # ADDRESS remove|probe: it is waiting there now
