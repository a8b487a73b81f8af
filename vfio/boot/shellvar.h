/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Variables of shell files that hold configuration (/etc/default/grub, mkinitcpio.conf, os-release), read
 * after the quoting rules of the POSIX shell (XCU 2.2) and bash's arrays, without running anything. */

typedef struct {
    char *name;       /* "GRUB_CMDLINE_LINUX"; "KERNEL_CMDLINE[default]" */
    char *value;      /* quotes and backslashes taken away; what a $ stands for is not looked up */
    gsize start, end; /* of the value in the text, its quotes or brackets included */
    guint line;       /* from 1 */
    gboolean append;  /* += */
    gboolean array;   /* ( … ): `value` is what is between, words as they are written */
    gboolean computed; /* has a command in it ($(…), `…`), or stands in an if, a loop or a function: what it
                          will be is not known */
} VvShellVar;

/* All assignments in their order (VvShellVar *), owned by the caller. */
GPtrArray *vv_shell_vars(const char *text);

/* The last assignment of the name: NULL when there is none. Owned by the array. */
const VvShellVar *vv_shell_last(const GPtrArray *vars, const char *name);

/* The value of the last assignment, "os-release" style: new string, NULL: none. */
char *vv_shell_value(const char *text, const char *name);

/* What is between the quotes (or brackets) of an assignment as it is written, so that a change there changes
 * nothing else: new string. NULL where that cannot be changed safely: computed, several quoted parts, a line
 * that goes on behind a backslash. */
char *vv_shell_inner(const char *text, const VvShellVar *var);

/* The text with `inner` in place of that; double quotes are put around it where there are none. */
char *vv_shell_replace(const char *text, const VvShellVar *var, const char *inner);
