/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

/* Finding duplicates must stay quick; the longest real property strings have some 30. Empty parts are no
 * options. */
#define MAX_OPTIONS 256
#define MAX_PARTS 1000

static void option_free(gpointer data)
{
    VvPveOption *option = data;

    g_free(option->name);
    g_free(option->value);
    g_free(option);
}

void vv_pve_property_free(VvPveProperty *property)
{
    if (!property)
        return;
    g_ptr_array_unref(property->options);
    g_free(property);
}

static VvPveOption *find(const VvPveProperty *property, const char *name)
{
    for (guint i = 0; i < property->options->len; i++) {
        VvPveOption *option = property->options->pdata[i];

        if (g_str_equal(option->name, name))
            return option;
    }
    return NULL;
}

static gboolean add_option(VvPve *pve, VvPveProperty *property, const char *part, const char *default_name,
                           GError **error)
{
    const char *equals = strchr(part, '=');
    g_autofree char *name = equals ? g_strndup(part, (gsize)(equals - part)) : g_strdup(default_name);
    const char *value = equals ? equals + 1 : part;
    VvPveOption *option;

    if (!name || !*name)
        return vv_pve_error(pve, property->key, error, "'%s' is not of the form option=value", part);
    if (!*value)
        return vv_pve_error(pve, property->key, error, "%s has no value", name);
    if (find(property, name))
        return vv_pve_error(pve, property->key, error, "%s is there twice", name);
    if (property->options->len == MAX_OPTIONS)
        return vv_pve_error(pve, property->key, error, "more than %d options", MAX_OPTIONS);
    option = g_new0(VvPveOption, 1);
    option->name = g_steal_pointer(&name);
    option->value = g_strdup(value);
    g_ptr_array_add(property->options, option);
    return TRUE;
}

VvPveProperty *vv_pve_property(VvPve *pve, const VvPveKey *key, const char *default_name, GError **error)
{
    g_autoptr(VvPveProperty) property = g_new0(VvPveProperty, 1);
    g_auto(GStrv) parts = g_strsplit(key->value, ",", MAX_PARTS);

    property->key = key;
    property->options = g_ptr_array_new_with_free_func(option_free);
    if (g_strv_length(parts) == MAX_PARTS) {
        vv_pve_error(pve, key, error, "more than %d options", MAX_OPTIONS);
        return NULL;
    }
    for (char **part = parts; *part; part++)
        if (*g_strstrip(*part) && !add_option(pve, property, *part, default_name, error))
            return NULL;
    return g_steal_pointer(&property);
}

const char *vv_pve_take(VvPveProperty *property, const char *name)
{
    VvPveOption *option = find(property, name);

    if (!option)
        return NULL;
    option->taken = TRUE;
    return option->value;
}

gboolean vv_pve_take_flag(VvPve *pve, VvPveProperty *property, const char *name, gboolean *ret,
                          GError **error)
{
    const char *text = vv_pve_take(property, name);

    return !text || vv_pve_read(&vv_value_yes_no, text, ret, NULL) ||
           vv_pve_error(pve, property->key, error, "%s: '%s' is neither 0 nor 1", name, text);
}

gboolean vv_pve_take_number(VvPve *pve, VvPveProperty *property, const char *name, guint64 min, guint64 max,
                            guint64 *ret, GError **error)
{
    const char *text = vv_pve_take(property, name);

    return !text || g_ascii_string_to_unsigned(text, 10, min, max, ret, NULL) ||
           vv_pve_error(pve, property->key, error,
                        "%s: '%s' is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, name,
                        text, min, max);
}

gboolean vv_pve_take_word(VvPve *pve, VvPveProperty *property, const char *name, const char *const *words,
                          const char **ret, GError **error)
{
    const char *text = vv_pve_take(property, name);
    g_autofree char *list = NULL;

    for (const char *const *word = words; text && *word; word++)
        if (g_str_equal(*word, text)) {
            *ret = *word;
            return TRUE;
        }
    if (!text)
        return TRUE;
    list = g_strjoinv(", ", (char **)words);
    return vv_pve_error(pve, property->key, error, "%s: '%s' is none of %s", name, text, list);
}

void vv_pve_take_rest(VvPve *pve, VvPveProperty *property, const VvPveReason *dropped)
{
    for (guint i = 0; i < property->options->len; i++) {
        VvPveOption *option = property->options->pdata[i];
        const VvPveReason *reason = dropped;

        if (option->taken)
            continue;
        option->taken = TRUE;
        while (reason && reason->name && !g_str_equal(reason->name, option->name))
            reason++;
        if (reason && reason->name)
            vv_pve_say(pve, property->key, option->name, VV_PROXMOX_DROPPED, "%s", reason->why);
        else
            vv_pve_say(pve, property->key, option->name, VV_PROXMOX_UNKNOWN,
                       "'%s=%s' is not known here and was not taken", option->name, option->value);
    }
}
