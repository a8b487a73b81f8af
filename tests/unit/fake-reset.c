/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host-internal.h"
#include "vfio/reset-child.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define DEVICES "sys/bus/pci/devices/"
#define SLOTS "sys/bus/pci/slots/"
/* Where the names of functions are that the kernel does not see. */
#define AWAY "away"

/* What resets are made of, as the kernel does it (drivers/pci/pci.c, pci-sysfs.c, slot.c, hotplug). */

int fake_hot_error;

int __wrap_vv_reset_hot(const VvSysfs *sysfs, const GPtrArray *devices);

/* Nothing but VFIO has such a call; it goes through the same hook as the writes, so that it can fail and hang
 * like one. */
int __wrap_vv_reset_hot(const VvSysfs *sysfs, const GPtrArray *devices)
{
    int error = fake_hot_error;

    for (guint i = 0; !error && i < devices->len; i++)
        error = vv_sysfs_write(sysfs, "hot_reset", ((const VvDevice *)devices->pdata[i])->text);
    return error;
}

static gboolean is_in(const char *list, const char *separator, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list ? list : "", separator, -1);

    return g_strv_contains((const char *const *)words, word);
}

/* One function goes through a reset by this method. */
static int reset_by(FakeHost *fake, const char *address, const char *method)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    g_autofree char *saved = fake_below(fake, DEVICES "%s/config.alive", address);
    g_autofree char *config = fake_below(fake, DEVICES "%s/config", address);

    if (is_in(device->fails, ",", method))
        return ENOTTY;
    if (is_in(device->kills, ",", method))
        fake_host_kill_device(fake, address, FALSE);
    else if (g_file_test(saved, G_FILE_TEST_EXISTS))
        g_assert_no_errno(g_rename(saved, config));
    return 0;
}

/* The kernel goes on with the next method after ENOTTY (__pci_reset_function_locked). */
static int write_reset(FakeHost *fake, const char *address, const char *text)
{
    g_autofree char *path = fake_below(fake, DEVICES "%s/reset", address);
    g_autofree char *list = fake_below(fake, DEVICES "%s/reset_method", address);
    g_autofree char *methods = NULL;
    int error = ENOTTY;

    if (!g_file_test(path, G_FILE_TEST_EXISTS) || strcmp(text, "1") != 0)
        return EINVAL;
    if (!g_file_get_contents(list, &methods, NULL, NULL))
        return reset_by(fake, address, "unknown");
    g_auto(GStrv) names = g_strsplit(g_strstrip(methods), " ", -1);
    for (char **name = names; *name && error == ENOTTY; name++)
        error = reset_by(fake, address, *name);
    return error;
}

/* reset_method_store: each name must be one that the device has. */
static int write_methods(FakeHost *fake, const char *address, const char *text)
{
    const FakeDevice *device = g_hash_table_lookup(fake->devices, address);
    g_auto(GStrv) names = g_strsplit(text, " ", -1);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    for (char **name = names; *name; name++)
        if (!is_in(device->methods, " ", *name))
            return EINVAL;
    fake_put_attribute(fake, address, "reset_method", line);
    return 0;
}

static gboolean is_behind(FakeHost *fake, const char *address, const char *bridge)
{
    g_autofree char *path = fake_below(fake, DEVICES "%s", address);
    g_autofree char *place = g_file_read_link(path, NULL);
    g_autofree char *inside = g_strconcat("/", bridge, "/", NULL);

    return place && strstr(place, inside);
}

static int reset_behind(FakeHost *fake, const char *bridge)
{
    GHashTableIter iterator;
    gpointer address;
    int error = 0;

    g_hash_table_iter_init(&iterator, fake->devices);
    while (g_hash_table_iter_next(&iterator, &address, NULL))
        if (!error && is_behind(fake, address, bridge))
            error = reset_by(fake, address, "reset_subordinate");
    return error;
}

static int remove_function(FakeHost *fake, const char *address)
{
    g_autofree char *path = fake_below(fake, DEVICES "%s", address);
    g_autofree char *folder = fake_below(fake, AWAY);
    g_autofree char *away = g_build_filename(folder, address, NULL);

    fake_host_bind(fake, address, NULL);
    g_mkdir_with_parents(folder, 0755);
    return g_rename(path, away) == 0 ? 0 : errno;
}

static int find_all(FakeHost *fake, const char *method)
{
    g_autofree char *folder = fake_below(fake, AWAY);
    g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);

    for (const char *name; names && (name = g_dir_read_name(names));) {
        g_autofree char *away = g_build_filename(folder, name, NULL);
        g_autofree char *path = fake_below(fake, DEVICES "%s", name);
        const FakeDevice *device = g_hash_table_lookup(fake->devices, name);
        if (is_in(device->fails, ",", method))
            continue; /* it does not come back */
        reset_by(fake, name, method);
        g_assert_no_errno(g_rename(away, path));
        fake_probe_native(fake, name);
    }
    return 0;
}

static int write_slot(FakeHost *fake, const char *path, const char *text)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *address_path = fake_below(fake, "%s/address", folder);
    g_autofree char *line = g_strconcat(text, "\n", NULL), *place = NULL;
    GHashTableIter iterator;
    gpointer address;

    g_file_get_contents(address_path, &place, NULL, NULL);
    fake_host_put(fake, path, line);
    if (strcmp(text, "1") == 0)
        return find_all(fake, "slot_power");
    g_hash_table_iter_init(&iterator, fake->devices);
    while (g_hash_table_iter_next(&iterator, &address, NULL))
        if (g_str_has_prefix(address, g_strstrip(place)))
            remove_function(fake, address);
    return 0;
}

gboolean fake_reset_write(FakeHost *fake, const char *path, const char *text, int *ret_error)
{
    g_autofree char *name = g_path_get_basename(path), *folder = g_path_get_dirname(path);
    g_autofree char *address = g_path_get_basename(folder);
    g_autofree char *full = fake_below(fake, "%s", folder);

    if (strcmp(path, "hot_reset") == 0)
        *ret_error = reset_by(fake, text, path);
    else if (!g_file_test(full, G_FILE_TEST_IS_DIR))
        *ret_error = ENOENT;
    else if (strcmp(name, "reset") == 0)
        *ret_error = write_reset(fake, address, text);
    else if (strcmp(name, "reset_method") == 0)
        *ret_error = write_methods(fake, address, text);
    else if (strcmp(name, "reset_subordinate") == 0)
        *ret_error = reset_behind(fake, address);
    else if (strcmp(name, "remove") == 0)
        *ret_error = remove_function(fake, address);
    else if (strcmp(name, "rescan") == 0)
        *ret_error = find_all(fake, "remove_rescan");
    else if (g_str_has_prefix(path, SLOTS))
        *ret_error = write_slot(fake, path, text);
    else
        return FALSE;
    return TRUE;
}
