/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/words.h"

char *vv_words_join(const GPtrArray *words, guint most)
{
    GString *text = g_string_new(NULL);
    guint shown = words->len > most ? most : words->len;

    for (guint i = 0; i < shown; i++)
        g_string_append_printf(text, "%s%s",
                               !i                    ? ""
                               : i + 1 == words->len ? " and "
                                                     : ", ",
                               (char *)words->pdata[i]);
    if (words->len > shown)
        g_string_append_printf(text, " and %u more", words->len - shown);
    return g_string_free(text, FALSE);
}
