/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The kernel's command line as lib/cmdline.c (next_arg) reads it: words between blanks, double quotes keep
 * blanks together, and what follows "--" is init's. */

/* The words in their order (char *, quotes kept): owned by the caller. */
GPtrArray *vv_cmdline_parse(const char *line);

/* Is the word there ("intel_iommu=on", "quiet")? "-" and "_" are the same in a key (kernel/params.c,
 * parameqn). */
gboolean vv_cmdline_has(const char *line, const char *word);

/* The value that is effective for a key, the last one: new string, "" for a bare key, NULL: not there. */
char *vv_cmdline_value(const char *line, const char *key);

/* Adds what is wanted to a line and keeps all else, its order and its blanks:
 * - a word that is there stays as it is, and is not "added";
 * - one of the same key with another value is replaced where one value counts (intel_iommu, iommu,
 *   hugepages, default_hugepagesz, isolcpus …), and merged where the value is a list (pci=, vfio-pci.ids=,
 *   intel_iommu=sm_on stays beside on; rd.driver.pre=, modules_load=);
 * - hugepagesz= and hugepages= belong together and keep their order
 * (Documentation/admin-guide/mm/hugetlbpage.rst). `added` and `replaced` (NULL-terminated words, owned by the
 * caller) say what undo has to take away and put back. */
char *vv_cmdline_merge(const char *line, const char *const *wanted, char ***ret_added, char ***ret_replaced);

/* The reverse, on a line that may have been edited since: takes `added` away and puts `replaced` back, and
 * leaves the rest alone. */
char *vv_cmdline_unmerge(const char *line, const char *const *added, const char *const *replaced);
