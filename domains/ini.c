/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"

#include "vfio/error.h"

#include <string.h>

static void key_free(gpointer data)
{
    VvIniKey *key = data;

    g_free(key->name);
    g_free(key->value);
    g_free(key->path);
    g_free(key);
}

static void section_free(gpointer data)
{
    VvIniSection *section = data;

    g_free(section->type);
    g_free(section->name);
    g_free(section->path);
    g_ptr_array_unref(section->keys);
    g_free(section);
}

VvIni *vv_ini_new(const char *path)
{
    VvIni *ini = g_new0(VvIni, 1);

    ini->path = g_strdup(path);
    ini->sections = g_ptr_array_new_with_free_func(section_free);
    return ini;
}

void vv_ini_free(VvIni *ini)
{
    if (!ini)
        return;
    g_free(ini->path);
    g_ptr_array_unref(ini->sections);
    g_free(ini);
}

gboolean vv_name_valid(const char *name)
{
    gsize length = strlen(name);

    return length >= 1 && length <= 64 && !g_str_equal(name, ".") && !g_str_equal(name, "..") &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == length;
}

gboolean vv_has_control(const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar letter = g_utf8_get_char(text);

        if (g_unichar_iscntrl(letter) || letter == 0xfffe || letter == 0xffff)
            return TRUE;
    }
    return FALSE;
}

VvIniSection *vv_ini_section(const VvIni *ini, const char *type, const char *name)
{
    for (guint i = 0; i < ini->sections->len; i++) {
        VvIniSection *section = ini->sections->pdata[i];

        if (g_str_equal(section->type, type) && g_strcmp0(section->name, name) == 0)
            return section;
    }
    return NULL;
}

VvIniSection *vv_ini_add_section(VvIni *ini, const char *type, const char *name, guint line)
{
    VvIniSection *section = g_new0(VvIniSection, 1);

    section->type = g_strdup(type);
    section->name = g_strdup(name);
    section->line = line;
    section->keys = g_ptr_array_new_with_free_func(key_free);
    g_ptr_array_add(ini->sections, section);
    return section;
}

VvIniKey *vv_ini_add_key(VvIniSection *section, const char *name, const char *value, guint line)
{
    VvIniKey *key = g_new0(VvIniKey, 1);

    key->name = g_strdup(name);
    key->value = g_strdup(value);
    key->line = line;
    g_ptr_array_add(section->keys, key);
    return key;
}

VvIniKey *vv_ini_key(const VvIniSection *section, const char *name)
{
    for (guint i = 0; i < section->keys->len; i++) {
        VvIniKey *key = section->keys->pdata[i];

        if (g_str_equal(key->name, name))
            return key;
    }
    return NULL;
}

void vv_ini_set_error(GError **error, const VvIni *ini, const VvIniSection *section, const char *key_name,
                      const char *format, ...)
{
    const VvIniKey *key = key_name ? vv_ini_key(section, key_name) : NULL;
    guint line = key ? key->line : section->line;
    const char *path = key ? key->path : section->path;
    g_autoptr(GString) text = g_string_new(path ? path : ini->path);
    va_list arguments;

    if (line)
        g_string_append_printf(text, ":%u", line);
    g_string_append_printf(text, ": [%s%s%s]", section->type, section->name ? " " : "",
                           section->name ? section->name : "");
    if (key_name)
        g_string_append_printf(text, " %s%s", key_name, key && !key->line ? " (overridden)" : "");
    g_string_append(text, ": ");
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    g_set_error_literal(error, VV_ERROR, VV_ERROR_USAGE, text->str);
}
