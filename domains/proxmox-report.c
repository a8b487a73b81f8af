/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include "domains/ini.h"
#include "vfio/error.h"

#include <string.h>

const char *vv_proxmox_verdict_name(VvProxmoxVerdict verdict)
{
    static const char *const names[] = {"kept", "translated", "dropped", "pending", "unknown"};

    return names[verdict];
}

static void add_row(VvPve *pve, guint line, const char *key, const char *option, VvProxmoxVerdict verdict,
                    char *detail)
{
    VvProxmoxRow *row = g_new0(VvProxmoxRow, 1);

    row->line = line;
    row->key = g_strdup(key);
    row->option = g_strdup(option);
    row->verdict = verdict;
    row->detail = detail;
    g_ptr_array_add(pve->rows, row);
}

void vv_pve_say(VvPve *pve, const VvPveKey *key, const char *option, VvProxmoxVerdict verdict,
                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_row(pve, key->line, key->name, option, verdict, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void vv_pve_say_default(VvPve *pve, const char *key, VvProxmoxVerdict verdict, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_row(pve, 0, key, NULL, verdict, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

gboolean vv_pve_error(VvPve *pve, const VvPveKey *key, GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return vv_pve_error_at(error, pve->file->path, key->line, "%s: %s", key->name, text);
}

gboolean vv_pve_flag(VvPve *pve, const VvPveKey *key, gboolean *ret, GError **error)
{
    return vv_pve_read(&vv_value_yes_no, key->value, ret, NULL) ||
           vv_pve_error(pve, key, error, "'%s' is neither 0 nor 1", key->value);
}

gboolean vv_pve_number(VvPve *pve, const VvPveKey *key, guint64 min, guint64 max, guint64 *ret,
                       GError **error)
{
    return g_ascii_string_to_unsigned(key->value, 10, min, max, ret, NULL) ||
           vv_pve_error(pve, key, error,
                        "'%s' is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, key->value,
                        min, max);
}

gboolean vv_pve_read(const VvValue *value, const char *text, gpointer field, GError **error)
{
    g_autofree char *no_breaks = g_strdelimit(g_strdup(text), "\n", ' ');

    /* What the reader of a VM file refuses before it looks at the kind of the value. */
    if (!*text || vv_has_control(no_breaks))
        return vv_value_wrong(error, *text ? "there is a control character in it" : "it is empty");
    return value->read(value, text, field, error);
}

void vv_pve_set(char **field, char *value)
{
    g_free(*field);
    *field = value;
}
