/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline-internal.h"

#include <string.h>

/* Does the sequence of words in `text` start at the i-th word of the line? */
static gboolean is_at(const char *line, const GArray *words, guint i, const GPtrArray *wanted)
{
    if (i + wanted->len > words->len)
        return FALSE;
    for (guint j = 0; j < wanted->len; j++) {
        VvCmdlineWord word = g_array_index(words, VvCmdlineWord, i + j);
        const char *text = wanted->pdata[j];
        if (strlen(text) != word.end - word.start ||
            strncmp(line + word.start, text, word.end - word.start) != 0)
            return FALSE;
    }
    return TRUE;
}

/* The last place of `text` that ends before `limit`, else the last one of all. */
static gboolean find(const char *line, const char *text, gsize limit, gsize *ret_start, gsize *ret_end)
{
    g_autoptr(GArray) words = vv_cmdline_words(line, NULL);
    g_autoptr(GPtrArray) wanted = vv_cmdline_parse(text);
    gboolean found = FALSE;

    if (wanted->len == 0)
        return FALSE;
    for (guint i = words->len; i-- > 0;) {
        if (!is_at(line, words, i, wanted))
            continue;
        gsize end = g_array_index(words, VvCmdlineWord, i + wanted->len - 1).end;
        if (found && end > limit)
            continue;
        *ret_start = g_array_index(words, VvCmdlineWord, i).start;
        *ret_end = end;
        found = TRUE;
        if (end <= limit)
            return TRUE;
    }
    return found;
}

/* Takes the blank away that came with a word: the one before it, and the one behind it where there is none
 * before it and something follows. */
static void widen(const char *line, gsize *start, gsize *end)
{
    if (*start > 0 && line[*start - 1] == ' ')
        (*start)--;
    else if (line[*end] == ' ' && line[*end + strspn(line + *end, " \t\n\v\f\r")])
        (*end)++;
}

char *vv_cmdline_unmerge(const char *line, const char *const *added, const char *const *replaced)
{
    guint n_added = added ? g_strv_length((char **)added) : 0;
    guint n_replaced = replaced ? g_strv_length((char **)replaced) : 0;
    g_autoptr(GString) text = g_string_new(line);
    gsize limit = text->len;

    for (guint i = n_added; i-- > 0;) {
        const char *old = i < n_replaced ? replaced[i] : "";
        gsize start, end;
        if (!find(text->str, added[i], limit, &start, &end))
            continue;
        if (!*old)
            widen(text->str, &start, &end);
        g_string_erase(text, (gssize)start, (gssize)(end - start));
        g_string_insert(text, (gssize)start, old);
        limit = start;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
