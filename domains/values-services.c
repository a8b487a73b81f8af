/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/units.h"
#include "domains/values.h"

static gboolean read_services(const VvValue *value G_GNUC_UNUSED, const char *text, gpointer field,
                              GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    g_autoptr(GPtrArray) units = g_ptr_array_new();

    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        if (!vv_unit_is_service(*word))
            return vv_value_wrong(error, "'%s' is not a unit like nvidia-persistenced.service", *word);
        if (g_ptr_array_find_with_equal_func(units, *word, g_str_equal, NULL))
            return vv_value_wrong(error, "%s is there twice", *word);
        if (g_str_equal(*word, VV_DISPLAY_MANAGER))
            return vv_value_wrong(error, "%s has a key of its own: display-manager = stop", *word);
        g_ptr_array_add(units, *word);
    }
    if (!units->len)
        return vv_value_wrong(error, "'%s' names no unit", text);
    g_ptr_array_add(units, NULL);
    return vv_value_set(field, g_strjoinv(" ", (char **)units->pdata));
}

const VvValue vv_value_services = {read_services, vv_value_write_text, NULL, 0, 0};
