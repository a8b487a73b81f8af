/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"
#include "vfio/error.h"

#include <string.h>

/* Restricted Damerau-Levenshtein distance: a swap of neighbours counts as one. */
static guint distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    guint d[MAX + 1][MAX + 1];
    gsize n = strlen(a), m = strlen(b);

    if (n > MAX || m > MAX)
        return G_MAXUINT;
    for (gsize i = 0; i <= n; i++)
        for (gsize j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = (guint)(i + j);
                continue;
            }
            d[i][j] = MIN(MIN(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

char *vv_did_you_mean(const char *text, const char *const *words)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    const char *best = NULL;
    guint best_distance = 3; /* two slips are a typo, three another word */

    g_strdelimit(lower, "_", '-');
    for (; *words; words++) {
        guint far = distance(lower, *words);

        /* Proxmox's "romfile" is our "rom". */
        if (strlen(*words) >= 3 && (g_str_has_prefix(lower, *words) || g_str_has_prefix(*words, lower)))
            far = MIN(far, 2);
        if (far < best_distance && far < strlen(*words)) {
            best = *words;
            best_distance = far;
        }
    }
    return best ? g_strdup_printf("; did you mean %s?", best) : g_strdup("");
}

static gboolean malformed(const char *setting, GError **error)
{
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "setting '%s': written SECTION.KEY=VALUE or SECTION.NAME.KEY=VALUE, as in vm.memory=4G or "
                "device.gpu.host=01:00",
                setting);
    return FALSE;
}

static gboolean check_type(const char *setting, const char *type, const char *const *plain,
                           const char *const *named, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autofree char *list = NULL, *hint = NULL;

    for (; *plain; plain++)
        g_ptr_array_add(all, (gpointer)*plain);
    for (; *named; named++)
        g_ptr_array_add(all, (gpointer)*named);
    g_ptr_array_add(all, NULL);
    if (g_strv_contains((const char *const *)all->pdata, type))
        return TRUE;
    list = g_strjoinv(", ", (char **)all->pdata);
    hint = vv_did_you_mean(type, (const char *const *)all->pdata);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "setting '%s': unknown section '%s'%s (there are: %s)",
                setting, type, hint, list);
    return FALSE;
}

/* A typo, most likely. */
static gboolean nothing_to_remove(const char *setting, GError **error)
{
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "setting '%s': takes a key away that is not in the file",
                setting);
    return FALSE;
}

gboolean vv_ini_override(VvIni *ini, const char *setting, const char *const *plain_types,
                         const char *const *named_types, GError **error)
{
    const char *value = strchr(setting, '=');
    g_autofree char *path = value ? g_strndup(setting, (gsize)(value - setting)) : NULL;
    g_autofree char *text = value ? g_strstrip(g_strdup(value + 1)) : NULL;
    char *name = path ? strchr(path, '.') : NULL;
    char *key = path ? strrchr(path, '.') : NULL; /* a NAME may have dots, a key has none */
    VvIniSection *section;
    VvIniKey *old;

    if (!name || !g_utf8_validate(setting, -1, NULL) || vv_has_control(setting))
        return malformed(setting, error);
    *key++ = '\0';
    if (name + 1 == key)
        name = NULL;
    else
        *name++ = '\0';
    if (!check_type(setting, path, plain_types, named_types, error))
        return FALSE;
    if (!vv_name_valid(key) || (name && !vv_name_valid(name)) ||
        !g_strv_contains(name ? named_types : plain_types, path))
        return malformed(setting, error);
    section = vv_ini_section(ini, path, name);
    if (!section && !*text)
        return nothing_to_remove(setting, error);
    if (!section)
        section = vv_ini_add_section(ini, path, name, 0);
    old = vv_ini_key(section, key);
    if (old)
        g_ptr_array_remove(section->keys, old);
    if (*text)
        vv_ini_add_key(section, key, text, 0);
    return *text || old || nothing_to_remove(setting, error);
}
