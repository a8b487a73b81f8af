#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what the tests reached of the files that must not lose a device; used by tests/run --coverage.

Usage: coverage.py [--missing] BUILD [DATA...]

BUILD is a folder built by meson with -Db_coverage=true in which tests ran; each DATA is a folder that GCOV_PREFIX
pointed at on another machine. Counts of all are added up. --missing lists the branches that nothing took.

What counts is each way out of each condition as gcc 12 sees it without optimisation: in "a && b" both ways of both.
Left out are
- headers, GLib's inline functions among them, and the functions that GLib's cleanup macros write (glib_auto...): they
  are GLib's;
- lines of g_assert and g_return: the other way is a fault of the program, which no input may reach;
- lines of g_clear_*: they are conditions only to GLib.

Exit 1 when one of the groups that must be at the limit is not.
"""

import collections
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

LIMIT = 95.0
# Group: files of vfio/, and whether the limit holds for it.
GROUPS = {
    "handover": ("handover*.c", True),
    "journal": ("journal*.c", True),
    "usage": ("usage*.c", True),
    "group": ("group*.c", True),
    "recover": ("recover*.c", False),
    "plan": ("plan*.c", False),
}
NOT_OURS = re.compile(r"^glib_(auto|listauto|slistauto|queueauto)")
NOT_COUNTED = re.compile(r"\b(g_assert\w*|g_return\w*|g_warn_if\w*|g_clear_\w+) ?\(")


def group_of(path):
    if os.path.basename(os.path.dirname(path)) != "vfio":
        return None
    for group, (pattern, _) in GROUPS.items():
        if fnmatch.fnmatch(os.path.basename(path), pattern):
            return group
    return None


def data_files(build, folders):
    """Each file of counts, with the notes of the compiler beside it."""
    notes = glob.glob(os.path.join(build, "vfio", "**", "*.gcno"), recursive=True)
    if not notes:
        sys.exit(f"coverage: {build} was not built with -Db_coverage=true")
    for note in notes:
        if not group_of(os.path.join("vfio", os.path.basename(note)[: -len(".gcno")])):
            continue
        data = note[: -len("gcno")] + "gcda"
        if os.path.exists(data):
            yield data
        for folder in folders:
            copy = folder + os.path.realpath(data)
            if os.path.exists(copy):
                link = copy[: -len("gcda")] + "gcno"
                if not os.path.lexists(link):
                    os.symlink(os.path.realpath(note), link)
                yield copy


def read_counts(build, folders):
    """{source: {(function, line): [how often the line ran, [how often each branch was taken]]}}"""
    counts = collections.defaultdict(dict)
    for data in data_files(build, folders):
        text = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=build).stdout
        for found in json.loads(text)["files"]:
            source = os.path.normpath(os.path.join(build, found["file"]))
            if group_of(source):
                add_lines(counts[source], found["lines"])
    return counts


def add_lines(lines, found):
    for line in found:
        if NOT_OURS.match(line.get("function_name", "")):
            continue
        taken = [branch["count"] for branch in line["branches"]]
        entry = lines.setdefault((line.get("function_name"), line["line_number"]), [0, [0] * len(taken)])
        entry[0] += line["count"]
        entry[1] = [a + b for a, b in zip(entry[1], taken)]


def of_source(path, lines):
    """Lines, lines that ran, branches, branches taken, and where some were not."""
    with open(path, encoding="utf-8") as file:
        text = file.read().splitlines()
    ran, result, missing = {}, [0, 0, 0, 0], []
    for (_, number), (count, branches) in sorted(lines.items(), key=lambda item: item[0][1]):
        ran[number] = ran.get(number, 0) + count
        if NOT_COUNTED.search(text[number - 1]):
            continue
        result[2] += len(branches)
        result[3] += sum(1 for taken in branches if taken)
        if not all(branches):
            missing.append(f"{path}:{number}: {branches} {text[number - 1].strip()}")
    result[0], result[1] = len(ran), sum(1 for count in ran.values() if count)
    return result, missing


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def row(name, numbers, note=""):
    lines, ran, branches, taken = numbers
    print(f"{name:<28} {ran:5d} of {lines:5d} {percent(ran, lines):6.1f} %   "
          f"{taken:5d} of {branches:5d} {percent(taken, branches):6.1f} %  {note}".rstrip())


def main(arguments):
    show_missing = "--missing" in arguments
    folders = [os.path.realpath(argument) for argument in arguments if argument != "--missing"]
    if not folders:
        sys.exit(__doc__)
    counts = read_counts(folders[0], folders[1:])
    failed = False
    print(f"{'':<28} {'lines':>14} {'':>8}   {'branches':>14}")
    for group, (_, gated) in GROUPS.items():
        total = [0, 0, 0, 0]
        for source in sorted(counts):
            if group_of(source) != group:
                continue
            numbers, missing = of_source(source, counts[source])
            total = [a + b for a, b in zip(total, numbers)]
            row("  vfio/" + os.path.basename(source), numbers)
            if show_missing:
                print("\n".join("    " + line for line in missing))
        if not total[0] and not gated:
            continue
        low = gated and (not total[0] or percent(total[3], total[2]) < LIMIT)
        failed = failed or low
        row(group, total, f"below {LIMIT:g} %" if low else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
