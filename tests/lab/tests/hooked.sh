# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Libvirt's hook, and whether libvirtd still answers. Source it after tap.sh. One virsh for all questions: on this machine each start of it takes
# longer than the answer may.

ask_start() {
	[[ -z ${ASK_PID:-} ]] || { kill "$ASK_PID" && wait "$ASK_PID"; } 2>/dev/null || true
	coproc ASK { exec virsh -q 2>&1; }
}

answered() { # NAME DOMAIN: the daemon tells the domain's state within 2 s
	local line='' told=''
	# virsh shows what it reads, too: the quotes are in that only. Its echo ends no line, but an empty one does.
	printf 'domstate %s\necho "ans"wered\n\n' "$2" >&"${ASK[1]}"
	while IFS= read -r -t 2 -u "${ASK[0]}" line; do
		[[ $line != *answered* ]] || break
		told+="$line "
	done
	if [[ $line != *answered* ]]; then
		tap_fail "$1: libvirtd answers within 2 s" "it said: $told"
	elif [[ $told != *running* && $told != *'shut off'* && $told != *paused* && $told != *'in shutdown'* ]]; then
		tap_fail "$1: libvirtd answers within 2 s" "it said: $told"
	else
		tap_pass "$1: libvirtd answers within 2 s"
	fi
}

# As 'meson install' would, from the build folder; before libvirtd starts, which looks for hooks then.
hook_installed() {
	install -D "$LAB_BUILD/hooks/virt-vfio-hook" /usr/local/sbin/virt-vfio-hook
	install -D "$LAB_BUILD/hooks/virt-vfio-hook-run" /usr/local/libexec/virt-vfio/virt-vfio-hook-run
	run virt-vfio hook install
	((run_rc == 0)) || bail "the hook cannot be installed: $run_out"
	sleep 1.2 # times are compared in seconds
}
