/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Runs in the child: appends its answer to `text`. */
typedef void (*VvChildFn)(GString *text, gpointer data);

/* Asks a forked child that may block in the kernel, and takes what it says. FALSE when there is no answer
 * after `deadline_ms` (the child is killed, or left behind if it cannot be) or when it died. Without fork, in
 * which case errno is of no interest to anybody, FALSE as well. */
gboolean vv_child_ask(VvChildFn answer, gpointer data, guint deadline_ms, GString *text);
