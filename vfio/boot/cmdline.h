/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The kernel's command line as lib/cmdline.c (next_arg) reads it: words between blanks, double quotes keep
 * blanks together, and what follows "--" is init's. */

/* The words in their order (char *, quotes kept), init's too: owned by the caller. */
GPtrArray *vv_cmdline_parse(const char *line);

/* Is it there, and does it count ("intel_iommu=on", "quiet")? Of a list ("pci=noats") every item has to be
 * there; of a key with one value the last one counts; several words with one blank between ("hugepagesz=1G
 * hugepages=4") have to follow each other. "-" and "_" are the same in a key (kernel/params.c, parameqn). */
gboolean vv_cmdline_has(const char *line, const char *word);

/* The value that is effective for a key, the last one, without its quotes: new string, "" for a bare key,
 * NULL: not there. */
char *vv_cmdline_value(const char *line, const char *key);

/* Adds what is wanted to a line and keeps all else, its order and its blanks:
 * - a word that is there stays as it is, and is not "added";
 * - one of the same key with another value is replaced where one value counts (hugepages,
 *   default_hugepagesz, isolcpus …), and merged where the value is a list (pci=, vfio-pci.ids=, intel_iommu=,
 *   iommu=, rd.driver.pre=, modules_load=);
 * - what says the contrary is replaced: intel_iommu=off by intel_iommu=on; iommu=off, iommu=nopt,
 *   iommu.passthrough=0 and amd_iommu=off by iommu=pt;
 * - hugepagesz= and hugepages= belong together and keep their order, and a hugepages= of the default size
 *   gets its size in front when the default changes (Documentation/admin-guide/mm/hugetlbpage.rst).
 * `added` and `replaced` (NULL-terminated, owned by the caller; may be NULL) say what undo has to take away
 * and put back: replaced[i] was where added[i] is now, and the rest of `added` is new. An entry can be
 * several words with one blank between, and can be the same in both where one of several equal words was
 * replaced. */
char *vv_cmdline_merge(const char *line, const char *const *wanted, char ***ret_added, char ***ret_replaced);

/* The same, but only replaces what says the contrary of something wanted: for the first of several places
 * that are put together to one line, of which the last one gets the rest. */
char *vv_cmdline_correct(const char *line, const char *const *wanted, char ***ret_added,
                         char ***ret_replaced);

/* The reverse, on a line that may have been edited since: takes `added` away and puts `replaced` back, and
 * leaves the rest alone. What is not there any more is nothing to take away. Both may be NULL. */
char *vv_cmdline_unmerge(const char *line, const char *const *added, const char *const *replaced);
