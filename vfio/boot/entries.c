/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include <errno.h>
#include <string.h>

static void entry_free(gpointer data)
{
    VvBootEntry *entry = data;

    g_free(entry->path);
    g_free(entry->name);
    g_free(entry->text);
    g_free(entry->title);
    g_free(entry->options);
    g_free(entry);
}

char *vv_boot_entry_value(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) value = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) parts = g_strsplit_set(g_strchug(*line), " \t", 2);
        if (g_strcmp0(parts[0], key) != 0 || !parts[1])
            continue;
        g_string_append_printf(value, "%s%s", value->len ? " " : "", g_strstrip(parts[1]));
    }
    return g_string_free(g_steal_pointer(&value), FALSE);
}

/* Does the name start with the content of this file and a dash? */
static gboolean is_called_after(const VvSysfs *sysfs, const char *name, const char *path)
{
    g_autofree char *token = vv_sysfs_read(sysfs, path);
    gsize length = token ? strlen(g_strstrip(token)) : 0;

    return length && strncmp(name, token, length) == 0 && name[length] == '-';
}

static VvBootEntry *read_entry(const VvSysfs *sysfs, const char *folder, const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/%s", folder, name), *text = vv_boot_read(sysfs, path);

    if (!text)
        return NULL;
    g_autofree char *machine = vv_boot_entry_value(text, "machine-id"),
                    *kernel = vv_boot_entry_value(text, "linux"),
                    *image = vv_boot_entry_value(text, "linuxefi");
    VvBootEntry *entry = g_new0(VvBootEntry, 1);

    entry->path = g_steal_pointer(&path);
    entry->name = g_strdup(name);
    entry->title = vv_boot_entry_value(text, "title");
    entry->options = vv_boot_entry_value(text, "options");
    entry->linux_ = *kernel || *image;
    entry->made = *machine || is_called_after(sysfs, name, "etc/kernel/entry-token") ||
                  is_called_after(sysfs, name, "etc/machine-id");
    entry->text = g_steal_pointer(&text);
    return entry;
}

/* Where the EFI and the extended boot partition are mounted (the Boot Loader Specification; Debian mounts the
 * first one on /boot/efi). */
GPtrArray *vv_boot_entries(const VvSysfs *sysfs, char **ret_folder, gboolean *ret_closed)
{
    static const char *const folders[] = {"boot/loader/entries", "efi/loader/entries",
                                          "boot/efi/loader/entries"};

    *ret_folder = NULL;
    *ret_closed = FALSE;
    for (guint f = 0; f < G_N_ELEMENTS(folders); f++) {
        g_autoptr(GPtrArray) listed = vv_sysfs_list(sysfs, folders[f]);
        if (!listed) {
            *ret_closed |= errno == EACCES || errno == EPERM;
            continue;
        }
        g_autoptr(GPtrArray) names = vv_boot_names(sysfs, folders[f], ".conf");
        if (!names->len)
            continue;
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
        for (guint i = 0; i < names->len; i++) {
            VvBootEntry *entry = read_entry(sysfs, folders[f], names->pdata[i]);
            if (entry)
                g_ptr_array_add(entries, entry);
            else
                *ret_closed = TRUE;
        }
        *ret_folder = g_strdup(folders[f]);
        return g_steal_pointer(&entries);
    }
    return NULL;
}
