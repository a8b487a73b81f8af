/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-markdown-internal.h"

#include <string.h>

/* An underscore or asterisk within a word means nothing in Markdown; names are full of the former. */
static gboolean is_special(const char *text, const char *at)
{
    gboolean starts = at == text || !g_ascii_isalnum(at[-1]), ends = !g_ascii_isalnum(at[1]);

    switch (*at) {
    case '\\':
    case '`':
    case '|':
    case '*':
    case '<':
    case '~':
        return TRUE;
    case '_':
        return starts || ends;
    case '#':
        return starts;
    case '&':
        return at[1] == '#' || g_ascii_isalnum(at[1]);
    case ']':
        return at[1] == '(' || at[1] == '[' || at[1] == ':';
    case '!':
        return at[1] == '[';
    default:
        return FALSE;
    }
}

char *vv_markdown_text(const char *text)
{
    g_autofree char *clean = vv_report_clean(text);
    GString *escaped = g_string_new(NULL);

    for (const char *at = clean; *at; at++) {
        if (is_special(clean, at))
            g_string_append_c(escaped, '\\');
        g_string_append_c(escaped, *at);
    }
    return g_string_free(escaped, FALSE);
}

/* The longest run of backquotes. */
static gsize longest_run(const char *text)
{
    gsize longest = 0;

    for (; *text; text++) {
        gsize run = strspn(text, "`");
        longest = MAX(longest, run);
        text += run ? run - 1 : 0;
    }
    return longest;
}

char *vv_markdown_code(const char *text)
{
    g_autofree char *clean = vv_report_clean(text);
    g_autofree char *fence = g_strnfill(longest_run(clean) + 1, '`');
    const char *pad = strchr(clean, '`') ? " " : "";
    g_auto(GStrv) parts = g_strsplit(clean, "|", -1);
    /* In a table a bar ends the cell even within code; elsewhere nothing of ours has one. */
    g_autofree char *escaped = g_strjoinv("\\|", parts);

    return g_strconcat(fence, pad, escaped, pad, fence, NULL);
}

void vv_add_fact(GString *text, const char *name, const char *value)
{
    if (value && *value)
        g_string_append_printf(text, "- %s: %s\n", name, value);
}

void vv_add_text_fact(GString *text, const char *name, const char *value)
{
    g_autofree char *escaped = value ? vv_markdown_text(value) : NULL;

    vv_add_fact(text, name, escaped);
}

void vv_add_code_fact(GString *text, const char *name, const char *value)
{
    g_autofree char *escaped = value && *value ? vv_markdown_code(value) : NULL;

    vv_add_fact(text, name, escaped);
}
