/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"

#include <string.h>

static gboolean needs_quotes(const char *value)
{
    gsize length = strlen(value);

    if (!length || strchr("\"#;", *value) || g_ascii_isspace(*value) || g_ascii_isspace(value[length - 1]))
        return TRUE;
    for (const char *c = value + 1; *c; c++)
        if (*c == '\n' || ((*c == '#' || *c == ';') && g_ascii_isspace(c[-1])))
            return TRUE;
    return FALSE;
}

void vv_ini_append_value(GString *text, const char *value)
{
    if (!needs_quotes(value)) {
        g_string_append(text, value);
        return;
    }
    g_string_append_c(text, '"');
    for (const char *c = value; *c; c++) {
        if (strchr("\"\\\n", *c))
            g_string_append_c(text, '\\');
        g_string_append_c(text, *c == '\n' ? 'n' : *c);
    }
    g_string_append_c(text, '"');
}

static void add_keys(VvIniSection *section, const VvIniSection *base, const char *path)
{
    for (guint i = 0; i < base->keys->len; i++) {
        const VvIniKey *key = base->keys->pdata[i];

        if (!vv_ini_key(section, key->name))
            vv_ini_add_key(section, key->name, key->value, key->line)->path = g_strdup(path);
    }
}

void vv_ini_add_base(VvIni *ini, const VvIni *base)
{
    for (guint i = 0; i < base->sections->len; i++) {
        const VvIniSection *below = base->sections->pdata[i];
        VvIniSection *section = vv_ini_section(ini, below->type, below->name);
        guint at = 0;

        if (!section) {
            section = vv_ini_add_section(ini, below->type, below->name, below->line);
            section->path = g_strdup(base->path);
        }
        add_keys(section, below, base->path);
        g_ptr_array_find(ini->sections, section, &at);
        g_ptr_array_insert(ini->sections, (gint)i, g_ptr_array_steal_index(ini->sections, at));
    }
}
