# shellcheck shell=bash
# What the benches share: options, the release build, the boot. Sourced, after a function usage, by scan and resets.

bench_here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
bench_root=$(realpath -- "$bench_here/../..")
bench_rounds=5 bench_build=$bench_root/build-bench bench_lab=() bench_summary=() bench_setup=() bench_raw='' bench_read='' bench_facts=()

bench_options() { # OPTION...
	while (($#)); do
		case $1 in
		--help | -h) usage && exit 0 ;;
		--json) bench_summary+=(--json) ;;
		--yes) bench_setup+=(--yes) ;;
		--rounds | --kernel | --build | --raw | --read)
			(($# >= 2)) || { usage >&2 && exit 2; }
			case $1 in
			--rounds) bench_rounds=$2 ;;
			--kernel) bench_lab+=(--kernel "$2") ;;
			--build) bench_build=$(realpath -m -- "$2") ;;
			--raw) bench_raw=$2 ;;
			--read) bench_read=$2 ;;
			esac
			shift
			;;
		*) usage >&2 && exit 2 ;;
		esac
		shift
	done
	[[ $bench_rounds =~ ^[1-9][0-9]*$ ]] || { usage >&2 && exit 2; }
}

bench_build() { # TARGET...: the program, and what else the bench runs
	[[ -z $bench_read ]] || return 0
	"$bench_root/tests/setup" "${bench_setup[@]}" build lab bench >&2
	bench_log=$(mktemp) bench_measured=$(mktemp)
	trap 'rm -f "$bench_log" "$bench_measured"' EXIT
	{
		[[ -e $bench_build/build.ninja ]] || meson setup --buildtype=release -Dtests=false "$bench_build" "$bench_root"
		meson compile -C "$bench_build" virt-vfio "$@"
	} >"$bench_log" 2>&1 || { cat "$bench_log" >&2 && echo 'bench: the build failed' >&2 && exit 1; }
}

bench_run() { # MACHINE SECONDS INSIDE SUMMARISER
	if [[ -z $bench_read ]]; then
		"$bench_root/tests/lab/run" --machine "$1" --build "$bench_build" --timeout "$2" "${bench_lab[@]}" \
			"$bench_here/$3" "$bench_rounds" >"$bench_measured"
		((!${#bench_facts[@]})) || printf '%s\n' "${bench_facts[@]}" >>"$bench_measured"
		[[ -z $bench_raw ]] || cp -- "$bench_measured" "$bench_raw"
		bench_read=$bench_measured
	fi
	"$bench_here/$4" "${bench_summary[@]}" "$bench_read"
}
