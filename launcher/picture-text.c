/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture.h"

#include <string.h>

#define ELLIPSIS "…"
/* Verdana Bold, the widest that is common, against Verdana. */
#define BOLD 1.2

/* In ems: not less than in Verdana and DejaVu Sans, which are the widest that are common. */
static double char_width(gunichar c)
{
    static const struct {
        const char *chars;
        double width;
    } classes[] = {
        {"iljI|'!.,:;frt()[]-/ \"`\\", 0.46},
        {"mM", 0.98},
        {"W@%", 1.08},
        {"w&#<>=+~^", 0.84},
        {"{}*_$?", 0.65},
    };

    if (g_unichar_iszerowidth(c))
        return 0;
    if (c >= 0x80)
        return g_unichar_iswide(c) ? 1.1 : 1.05;
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (strchr(classes[i].chars, (int)c))
            return classes[i].width;
    return g_ascii_isupper(c) ? 0.79 : 0.64;
}

double vv_picture_text_width(const char *text, double size, gboolean bold)
{
    double width = 0;

    for (; *text; text = g_utf8_next_char(text))
        width += char_width(g_utf8_get_char(text));
    return width * size * (bold ? BOLD : 1);
}

/* How many bytes of it fit. A mark stays with the letter that it is on. */
static gsize bytes_that_fit(const char *text, double size, gboolean bold, double width)
{
    const char *at = text, *whole = text;
    double used = 0;

    for (; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (!g_unichar_iszerowidth(c))
            whole = at;
        used += char_width(c) * size * (bold ? BOLD : 1);
        /* Text of exactly that width fits, however it was added up. */
        if (used > width + 0.01)
            return (gsize)(whole - text);
    }
    return (gsize)(at - text);
}

char *vv_picture_fit(const char *text, double size, gboolean bold, double width)
{
    if (bytes_that_fit(text, size, bold, width) == strlen(text))
        return g_strdup(text);
    double room = width - vv_picture_text_width(ELLIPSIS, size, bold);
    g_autofree char *part = g_strndup(text, bytes_that_fit(text, size, bold, room));
    return room > 0 ? g_strconcat(g_strchomp(part), ELLIPSIS, NULL) : g_strdup("");
}

/* Where the first line can end, at `fits` or before: at a blank, or behind a stroke. A long word is cut
 * anywhere, rather than leave most of the line empty. */
static gsize line_end(const char *text, gsize fits)
{
    if (!text[fits])
        return fits;
    for (gsize end = fits; end > fits / 2; end--)
        if (text[end] == ' ' || text[end - 1] == '/')
            return end;
    return fits;
}

void vv_picture_wrap(const char *text, double size, double width, char **ret_first, char **ret_second)
{
    gsize end = line_end(text, bytes_that_fit(text, size, FALSE, width));
    const char *rest = text + end + strspn(text + end, " ");

    *ret_first = g_strchomp(g_strndup(text, end));
    *ret_second = vv_picture_fit(rest, size, FALSE, width);
}
