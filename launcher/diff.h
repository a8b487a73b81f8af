/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The difference of two texts as a unified diff with three lines of context, which patch(1) takes (the format
 * is that of diff(1), "Detailed Description of Unified Format"): the fewest lines removed and added. New
 * string, empty when the texts are equal. Names are for the two header lines only.
 *
 * Memory grows with the product of what is left when equal lines at both ends are taken off; where that would
 * be more than 64 MiB, all of it is shown as replaced. */
char *vv_diff(const char *from_name, const char *to_name, const char *from, const char *to);
