/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/cmdline.h"

/* What cmdline.c, cmdline-merge.c and cmdline-undo.c share. */

/* Where a word is in its line. */
typedef struct {
    gsize start, end;
    gboolean open; /* its quote never ends: all the rest of the line belongs to it */
} VvCmdlineWord;

/* The kernel's words (VvCmdlineWord), without "--" and what follows. *ret_stop (may be NULL): where "--" or a
 * word whose quote never ends begins, G_MAXSIZE: neither is there. */
GArray *vv_cmdline_words(const char *line, gsize *ret_stop);

typedef enum {
    VV_CMDLINE_ONE,       /* the last one counts */
    VV_CMDLINE_EACH,      /* may be there several times, all count */
    VV_CMDLINE_LIST,      /* commas between; all count */
    VV_CMDLINE_LAST_LIST, /* commas between; the last one counts: a module's parameter */
} VvCmdlineStyle;

VvCmdlineStyle vv_cmdline_style(const char *word);

/* Do two words have the same key? Each ends at "=", or with its string. */
gboolean vv_cmdline_same_key(const char *a, const char *b);
/* What follows "="; NULL: a bare key. */
const char *vv_cmdline_word_value(const char *word);
