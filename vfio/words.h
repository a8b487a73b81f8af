/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* "a, b and 3 more" of `words` (char *): new string. */
char *vv_words_join(const GPtrArray *words, guint most);
