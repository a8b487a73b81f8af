# shellcheck shell=bash
# What the lab's tests share: . "$LAB_ROOT/tests/lab/tests/tap.sh"; ends with tap_done.
#
# Every check prints one line of TAP and goes on after a failure. run keeps what a command said in run_rc and run_out
# (both outputs). What ASan, UBSan and LSan find, in whatever process, fails the test that is running.

# shellcheck source=tests/lab/inside/lib.sh
. "$LAB_ROOT/tests/lab/inside/lib.sh"

tap_count=0 tap_failed=0
# With --verbose a test shows what each command said, for those who want to read the messages.
[[ " $* " == *' --verbose '* ]] && tap_verbose=yes || tap_verbose=no
tap_tmp=$(mktemp -d /run/tap.XXXXXX)
run_rc=0 run_out='' run_words=''
journal=/run/virt-vfio/devices

# Reports go to files, so that none is lost with an output that nobody reads; exit codes that no verb has. LeakSanitizer
# crashes over the thread-local data of libraries that are loaded late (libvirt's) if it follows __tls_get_addr. Its look
# at the end doubles the page faults of a run, and so, on an emulated machine, its time: see run.
mkdir -m 1777 "$tap_tmp/sanitizer"
chmod 755 "$tap_tmp"
export ASAN_OPTIONS=log_path=$tap_tmp/sanitizer/asan:exitcode=99:detect_leaks=0:intercept_tls_get_addr=0
export UBSAN_OPTIONS=log_path=$tap_tmp/sanitizer/ubsan:print_stacktrace=1:halt_on_error=1:exitcode=98
export LSAN_OPTIONS=exitcode=97
# Not the machine's: messages are compared, and tables must not be cut.
export LC_ALL=C.UTF-8 NO_COLOR=1 COLUMNS=200

note() { printf '%s\n' "$@" | sed 's/^/# /'; }

tap_pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

tap_fail() { # NAME [DIAGNOSTIC...]
	tap_count=$((tap_count + 1)) tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	shift
	((!$#)) || note "$@"
}

ok() { # NAME COMMAND...: the command succeeds
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then tap_pass "$name"; else tap_fail "$name" "failed: $*" "$said"; fi
}

is() { # NAME GOT WANTED
	if [[ $2 == "$3" ]]; then tap_pass "$1"; else tap_fail "$1" "$(diff <(printf '%s\n' "$3") <(printf '%s\n' "$2"))"; fi
}

# Leaks are looked for the first time that a test runs a verb with these options; a file remembers, because run may be
# called in a subshell.
mkdir "$tap_tmp/leaks-sought"
run() {
	local word kind="$1 ${2:-}" options=$ASAN_OPTIONS
	run_words=$* run_rc=0
	for word in "${@:3}"; do [[ $word != -* ]] || kind+=" ${word%%=*}"; done
	kind=$tap_tmp/leaks-sought/${kind//\//_}
	[[ -e ${kind:0:250} ]] || options+=:detect_leaks=1
	: >"${kind:0:250}"
	run_out=$(export ASAN_OPTIONS="$options" && "$@" 2>&1 </dev/null) || run_rc=$?
}

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

expect() { # NAME CODE TEXT...: run's exit code, and every TEXT is in its output
	local name=$1 code=$2 text missing=()
	shift 2
	for text; do
		[[ $run_out == *"$text"* ]] || missing+=("not said: $text")
	done
	((run_rc == code)) || missing+=("exit code $run_rc instead of $code")
	if ((${#missing[@]})); then
		tap_fail "$name" "$run_words" "${missing[@]}" 'it said:' "$run_out"
	else
		tap_pass "$name"
		[[ $tap_verbose == no ]] || note "$run_words" "$run_out"
	fi
}

# One line for each PCI function: all that taking and giving back could leave changed. Without a process for each
# attribute, because the emulated machine would need seconds for those.
snapshot() (
	for path in /sys/bus/pci/devices/*; do
		line=${path##*/} driver=-
		cd -P "$path/driver" 2>/dev/null && driver=${PWD##*/}
		line+=" driver=$driver"
		for attribute in driver_override power/control enable sriov_numvfs; do
			value=-
			[[ ! -e $path/$attribute ]] || IFS= read -r value <"$path/$attribute" || true
			line+=" $attribute=$value"
		done
		printf '%s\n' "$line"
	done
)

# enable counts openers, and a driver that is still probing (NVMe does that in the background) is not one yet.
settled() {
	tap_snapshot=$(snapshot)
	[[ $tap_snapshot == "$1" ]]
}

unchanged() { # NAME SNAPSHOT
	lab_wait 10 settled "$2" || true
	is "$1" "$tap_snapshot" "$2"
}

journal_empty() { # NAME
	is "$1" "$(ls -A "$journal" 2>/dev/null)" ''
}

drivers() { # ADDRESS...: one word for each
	local address words=()
	for address; do
		words+=("$(lab_driver "$address")")
		[[ -n ${words[-1]} ]] || words[-1]=none
	done
	printf '%s\n' "${words[*]}"
}

# A VM file for a tiny guest: vm_file NAME HOST [LINE...] prints its path. LINEs that start with "vm:" go to [vm], in
# place of a line there with the same key; the others follow [device card].
vm_file() {
	local path=$tap_tmp/$1.ini host=$2 line
	local -a vm=("name = $1" 'memory = 64M' 'cpus = 1' 'firmware = bios' 'accel = tcg' "kernel = $LAB_GUEST"
		"serial-log = $(guest_log "$1")")
	shift 2
	{
		echo '[vm]'
		for line in "${vm[@]}"; do [[ " $*" == *" vm:${line%% *} "* ]] || printf '%s\n' "$line"; done
		for line; do [[ $line != vm:* ]] || printf '%s\n' "${line#vm:}"; done
		printf '[device card]\nhost = %s\nrombar = no\n' "$host"
		for line; do [[ $line == vm:* ]] || printf '%s\n' "$line"; done
	} >"$path"
	printf '%s\n' "$path"
}

guest_log() { printf '/var/log/libvirt/qemu/%s.serial\n' "$1"; }

define() { # NAME HOST [LINE...]: defines that VM, or ends the test
	run virt-vfio define "$(vm_file "$@")"
	((run_rc == 0)) || bail "cannot define $1: $run_out"
}

# After it was stopped or killed: lab_libvirt would start virtlogd a second time.
libvirtd_again() {
	rm -f /run/libvirtd.pid
	libvirtd -d </dev/null >/dev/null 2>&1
	lab_wait 60 virsh uri >/dev/null 2>&1 || bail 'libvirtd does not come up again'
}

# Background starts: start_background NAME [OPTION...]; ended by finish_background NAME, which sets run_rc and run_out.
declare -A tap_jobs=()
start_background() {
	local name=$1
	shift
	virt-vfio start "$name" "$@" >"$tap_tmp/start-$name" 2>&1 </dev/null &
	tap_jobs[$name]=$!
}

gone() { # PID: it has ended, a moment ago or while we look
	local stat=''
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
	[[ -z $stat || $stat == *') Z '* ]]
}

finish_background() { # NAME SECONDS
	local job=${tap_jobs[$1]}
	run_words="virt-vfio start $1 (in the background)"
	if ! lab_wait "$2" gone "$job"; then
		kill -KILL "$job"
		run_words+=", killed after $2 s"
	fi
	run_rc=0
	wait "$job" || run_rc=$?
	run_out=$(<"$tap_tmp/start-$1")
	unset "tap_jobs[$1]"
}

sanitizer_reports() { cat "$tap_tmp"/sanitizer/* 2>/dev/null || true; }

bail() {
	printf 'Bail out! %s\n' "$1"
	note "$(sanitizer_reports)"
	tap_ended=yes
	exit 1
}

tap_done() {
	is 'no sanitizer has anything to report' "$(sanitizer_reports)" ''
	printf '1..%d\n' "$tap_count"
	tap_ended=yes
	exit $((tap_failed > 0))
}

# A script that dies on the way must not look like one that has passed.
tap_ended=no tap_last=''
set -E
trap 'tap_last="line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
trap '[[ $tap_ended == yes || $BASHPID != $$ ]] || { echo "Bail out! ${tap_last:-the script ended early}" && note "$(sanitizer_reports)"; }' EXIT
