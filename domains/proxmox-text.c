/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-parse.h"

#include "vfio/error.h"

#include <string.h>

gboolean vv_pve_error_at(GError **error, const char *path, guint line, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s:%u: %s", path, line, text);
    return FALSE;
}

gboolean vv_pve_name_matches(const char *text, const char *prefix, guint count, guint *ret_number)
{
    const char *digits = text + strlen(prefix);
    guint64 number = 0;

    if (!g_str_has_prefix(text, prefix))
        return FALSE;
    if (count && (!g_ascii_string_to_unsigned(digits, 10, 0, count - 1, &number, NULL) ||
                  (*digits == '0' && digits[1])))
        return FALSE;
    if (ret_number)
        *ret_number = (guint)number;
    return count || !*digits;
}

char *vv_pve_word(const char *text, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 64);
    gsize length = strlen(name);

    for (char **part = parts; *part; part++)
        if (strncmp(*part, name, length) == 0 && (*part)[length] == '=')
            return g_strdup(*part + length + 1);
    return NULL;
}

gboolean vv_pve_decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? g_ascii_xdigit_value(from[1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(from[2]) : -1;

        if (low >= 0 && (high || low)) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return g_utf8_validate(text, -1, NULL);
}

/* What a terminal, a log or an XML file cannot take. CR only before LF: alone it would hide what is before
 * it. */
static gboolean is_bad(const char *at, const char *end)
{
    gunichar letter = g_utf8_get_char(at);

    if (letter == '\n' || letter == '\t')
        return FALSE;
    if (letter == '\r')
        return at + 1 < end && at[1] != '\n';
    return g_unichar_iscntrl(letter) || letter == 0xfffe || letter == 0xffff;
}

gboolean vv_pve_check_text(const char *path, const char *text, gsize length, GError **error)
{
    const char *end;
    guint line = 1;

    g_utf8_validate(text, (gssize)length, &end);
    for (const char *c = text; c < end; c = g_utf8_next_char(c)) {
        if (is_bad(c, end))
            return vv_pve_error_at(error, path, line, "a control character; this is no text");
        line += *c == '\n';
    }
    if (end < text + length)
        return vv_pve_error_at(error, path, line, "not UTF-8; this is no text");
    return TRUE;
}
