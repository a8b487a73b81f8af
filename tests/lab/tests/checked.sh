# shellcheck shell=bash
# What the tests of check share: . "$LAB_ROOT/tests/lab/tests/checked.sh", after tap.sh. The lab's machines have no KVM
# (their processors are emulated), so kvm fails on every one of them, and libvirt where the test does not start it.

checks() { # [DOMAIN|FILE]: runs check --json; what it says is kept for the functions below
	check_rc=0
	virt-vfio check --json "$@" >"$tap_tmp/check.json" 2>"$tap_tmp/check.err" || check_rc=$?
}

# The ids whose verdict is VERDICT, in order, each once.
check_ids() { # VERDICT
	python3 - "$tap_tmp/check.json" "$1" <<-'PYTHON'
		import json, sys
		rows = json.load(open(sys.argv[1]))["checks"]
		print(" ".join(dict.fromkeys(row["id"] for row in rows if row["verdict"] == sys.argv[2])))
	PYTHON
}

fails() { # NAME ID...: these fail, and nothing else; the exit code and the verdict say so
	local name=$1 wanted_rc=4 verdict=not-ready
	shift
	(($#)) || wanted_rc=0 verdict=ready
	is "$name" "$check_rc $(check_ids fail)" "$wanted_rc $*"
	ok "$name, in one word" grep -q "^  \"verdict\": \"$verdict\"" "$tap_tmp/check.json"
}

row() { # NAME ID VERDICT EVIDENCE [REMEDY]: a row of that id has this verdict and these texts in it
	local said
	if said=$(python3 - "$tap_tmp/check.json" "${@:2}" 2>&1 <<-'PYTHON'
		import json, sys
		path, wanted, verdict, evidence = sys.argv[1:5]
		remedy = sys.argv[5] if len(sys.argv) > 5 else None
		rows = [row for row in json.load(open(path))["checks"] if row["id"] == wanted]
		if not any(row["verdict"] == verdict and evidence in row["evidence"]
		           and (remedy is None or remedy in (row["remedy"] or "")) for row in rows):
		    sys.exit("\n".join(json.dumps(row) for row in rows) or "no such row")
	PYTHON
	); then
		tap_pass "$1"
	else
		tap_fail "$1" "$said" "$(<"$tap_tmp/check.err")"
	fi
}
