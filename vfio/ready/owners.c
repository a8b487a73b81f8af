/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/words.h"

#include <string.h>

/* Who else on this host decides which driver has a card, or how CPUs and memory are shared out. */

/* driverctl keeps one file for each device whose driver it sets at boot: driverctl(8). */
static void find_driverctl(const VvSysfs *sysfs, GPtrArray *found)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "etc/driverctl.d");

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_strdup_printf("etc/driverctl.d/%s", (char *)names->pdata[i]);
        g_autofree char *driver = vv_sysfs_read(sysfs, path);
        if (driver)
            g_ptr_array_add(found, g_strdup_printf("driverctl (/%s: %s)", path, g_strstrip(driver)));
    }
}

static void find_tuned(const VvSysfs *sysfs, GPtrArray *found)
{
    g_autofree char *profile = vv_sysfs_read(sysfs, "etc/tuned/active_profile");

    if (profile && *g_strstrip(profile))
        g_ptr_array_add(found, g_strdup_printf("tuned (/etc/tuned/active_profile: %s)", profile));
}

/* supergfxctl switches laptops' graphics, and has a mode in which it binds them to vfio-pci. */
static void find_switchers(const VvSysfs *sysfs, GPtrArray *found)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "etc/supergfxd.conf", 1 << 16);

    if (text && (strstr(text, "\"vfio_enable\": true") || strstr(text, "\"vfio_enable\":true")))
        g_ptr_array_add(found, g_strdup("supergfxd (/etc/supergfxd.conf: vfio_enable)"));
}

/* "options vfio-pci ids=10de:1b80": each card of that id goes to vfio-pci at boot, twins too. */
static char *ids_of_line(const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
    const char *ids = NULL;
    gboolean ours = FALSE;

    if (g_strcmp0(words[0], "options") != 0)
        return NULL;
    for (char **word = words + 1; *word; word++) {
        ours |= strcmp(*word, "vfio-pci") == 0 || strcmp(*word, "vfio_pci") == 0;
        if (g_str_has_prefix(*word, "ids="))
            ids = *word;
    }
    return ours && ids ? g_strdup(ids) : NULL;
}

static void find_options(const VvSysfs *sysfs, GPtrArray *found)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "etc/modprobe.d");

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *path = g_strdup_printf("etc/modprobe.d/%s", name);
        g_autofree char *text = vv_sysfs_read_all(sysfs, path, 1 << 16);
        g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
        /* What setup wrote is in its ledger. */
        if (strstr(name, "virt-vfio") || !g_str_has_suffix(name, ".conf"))
            continue;
        for (char **line = lines; *line; line++) {
            g_autofree char *ids = ids_of_line(g_strstrip(*line));
            if (ids)
                g_ptr_array_add(found, g_strdup_printf("/%s (%s)", path, ids));
        }
    }
}

void vv_ready_check_owners(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    find_driverctl(ready->sysfs, found);
    find_options(ready->sysfs, found);
    find_switchers(ready->sysfs, found);
    find_tuned(ready->sysfs, found);
    if (!found->len) {
        vv_ready_add(rows, "owners", VV_READY_PASS,
                     "nobody else manages drivers (driverctl, modprobe.d, supergfxd, tuned)");
        return;
    }
    g_autofree char *list = vv_words_join(found, 4);
    VvReadyRow *row = vv_ready_add(rows, "owners", VV_READY_WARN, "others have a say: %s", list);
    row->remedy = g_strdup(
        "let one of them decide: what they bind to vfio-pci at boot has no host driver to come back to, and "
        "tuned may change CPU isolation under a guest");
}
