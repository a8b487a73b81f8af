/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include <string.h>

/* Entries of systemd-boot that were written by hand. */

static gboolean is_spare(const VvBootEntry *entry)
{
    static const char *const signs[] = {"fallback", "rescue", "recovery"};
    g_autofree char *name = g_ascii_strdown(entry->name, -1), *title = g_ascii_strdown(entry->title, -1);

    for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strstr(name, signs[i]) || strstr(title, signs[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_default(const VvSetupMaker *maker, const VvBootEntry *entry)
{
    g_autofree char *folder = g_path_get_dirname(maker->facts.entries_folder),
                    *path = g_build_filename(folder, "loader.conf", NULL),
                    *text = vv_boot_read(maker->sysfs, path),
                    *pattern = text ? vv_boot_entry_value(text, "default") : NULL;

    if (g_strcmp0(entry->name, maker->facts.selected) == 0)
        return TRUE;
    g_autofree char *with_suffix = pattern ? g_strdup_printf("%s.conf", pattern) : NULL;
    return pattern && *pattern &&
           (g_pattern_match_simple(pattern, entry->name) || g_pattern_match_simple(with_suffix, entry->name));
}

/* One entry that boots Linux keeps its arguments, so that a bad one cannot lock the user out: one that is
 * there for that, else the last one that is not the default. NULL: there is only one. */
static const VvBootEntry *untouched(const VvSetupMaker *maker)
{
    const VvBootEntry *spare = NULL;
    guint kernels = 0;

    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        if (!entry->linux_)
            continue;
        kernels++;
        if (is_spare(entry))
            return entry;
        if (!is_default(maker, entry))
            spare = entry;
    }
    return kernels > 1 ? spare : NULL;
}

gboolean vv_maker_loader_entries(VvSetupMaker *maker)
{
    const VvBootEntry *spare = untouched(maker);
    gboolean changed = FALSE;

    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        g_autofree char *path = g_strdup_printf("/%s", entry->path);
        if (!entry->linux_ || entry == spare || is_spare(entry))
            continue;
        g_auto(GStrv) missing = vv_maker_missing(maker, entry->options);
        if (*missing && !vv_maker_edit(maker, path, VV_EDIT_OPTIONS, NULL, (const char *const *)missing,
                                       FALSE, NULL, "kernel arguments", &changed))
            return FALSE;
    }
    if (changed && spare)
        vv_maker_note(maker,
                      "/%s stays as it is: boot it if the host does not come up with the new arguments",
                      spare->path);
    if (changed && !spare)
        vv_maker_note(maker,
                      "there is only one boot entry, and it is changed; in systemd-boot's menu the key \"e\" "
                      "edits the arguments for one boot");
    return TRUE;
}
