#!/usr/bin/env bash
# Runs a script and brings out what the programs in it counted (gcov): coverage.sh SCRIPT [ARGUMENT...], with --out.
# The counts are kept in memory until the end, because every process writes a file for each source file.
set -uo pipefail
export GCOV_PREFIX=/run/gcov
mkdir -m 1777 "$GCOV_PREFIX"
# Unprivileged processes must be able to add to these files, or gcov's complaints end up among the program's own words.
virt-vfio --help >/dev/null
chmod -R a+rwX "$GCOV_PREFIX"
code=0
"$@" || code=$?
cp -r "$GCOV_PREFIX/." "$LAB_OUT/" || exit 1
exit "$code"
