/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"

#include <libsmartcols.h>
#include <stdio.h>

/* What people read: tables, plans, progress. */

/* The sign in front of a line, in colour on a terminal, and in ASCII where the locale has no UTF-8. */
typedef enum { VV_MARK_DONE, VV_MARK_FAILED, VV_MARK_WARN, VV_MARK_INFO } VvMark;
const char *vv_mark(const VvContext *context, VvMark which, char text[static 24]);

/* `title` without a full stop: "win11 takes 3 functions from this host". */
void vv_print_plan(VvContext *context, FILE *out, const VvPlan *plan, const char *title);

/* Only the reasons, blocks first, each with its remedy. */
void vv_print_reasons(const VvContext *context, FILE *out, const VvPlan *plan);

/* One line of progress, at once. `note` (may be NULL) goes behind the time. */
void vv_print_progress(const VvContext *context, const char *what, gint64 us, gboolean failed,
                       const char *note);

/* After devices were given back: those that are not there any more, and of VFs why. The others were told as
 * they came back. Silent with --json. */
void vv_print_gone(const VvContext *context, const VvPlan *plan);

/* A VvHandoverOptions.progress; data is the VvContext. Silent with --json. */
void vv_progress_step(const VvStep *step, gpointer context);

/* An empty table that prints to `out`, in the width that is right for it. */
struct libscols_table *vv_new_table(FILE *out);

/* "12 ms", "1.9 s": into `text`. */
const char *vv_duration(gint64 us, char text[static 16]);

/* "2 functions", "1 function": into `text`. */
const char *vv_count(guint count, const char *noun, char text[static 40]);
