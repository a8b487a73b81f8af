/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* VFs that come and go as drivers/pci/iov.c has it. Those that are off are parked outside of sysfs: what the
 * fake knows of them was said when the machine was made, because a forked child cannot add to it. */

#define PARKED "parked"

guint fake_sriov_most;

static gint64 number_of(const FakeHost *fake, const char *pf, const char *attribute)
{
    g_autofree char *path = fake_below(fake, FAKE_DEVICES "/%s/%s", pf, attribute);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : -1;
}

static void put_number(FakeHost *fake, const char *pf, const char *attribute, gint64 number)
{
    g_autofree char *line = g_strdup_printf("%" G_GINT64_FORMAT "\n", number);

    fake_put_attribute(fake, pf, attribute, line);
}

static void move(const FakeHost *fake, const char *place, const char *parked, gboolean on)
{
    g_autofree char *here = fake_below(fake, "%s", place), *there = fake_below(fake, PARKED "/%s", parked);

    rename(on ? there : here, on ? here : there);
}

/* FALSE: the machine has no VF of that number. */
static gboolean switch_vf(FakeHost *fake, const char *pf, guint index, gboolean on)
{
    g_autofree char *link = g_strdup_printf(FAKE_DEVICES "/%s/virtfn%u", pf, index);
    g_autofree char *parked = g_strdup_printf("%s-virtfn%u", pf, index);
    g_autofree char *path = on ? fake_below(fake, PARKED "/%s", parked) : fake_below(fake, "%s", link);
    g_autofree char *target = g_file_read_link(path, NULL);

    if (!target)
        return FALSE;
    g_autofree char *vf = g_path_get_basename(target);
    g_autofree char *device = g_strdup_printf("sys/bus/pci/devices/%s", vf);
    if (!on)
        fake_host_bind(fake, vf, NULL);
    move(fake, device, vf, on);
    move(fake, link, parked, on);
    if (on && number_of(fake, pf, "sriov_drivers_autoprobe") == 1)
        fake_probe_native(fake, vf);
    return TRUE;
}

static void switch_all(FakeHost *fake, const char *pf, guint count)
{
    g_autofree char *folder = fake_below(fake, PARKED);

    g_mkdir_with_parents(folder, 0755);
    for (guint i = 0; switch_vf(fake, pf, i, i < count) || i < count; i++)
        if (i > 256)
            g_error("fake host: %s has not so many VFs", pf);
    put_number(fake, pf, "sriov_numvfs", count);
}

void fake_host_set_vfs(FakeHost *fake, const char *pf, guint count)
{
    switch_all(fake, pf, 0);
    if (count)
        switch_all(fake, pf, count);
}

/* sriov_numvfs_store. */
static int write_count(FakeHost *fake, const char *pf, const char *text)
{
    gint64 wanted = g_ascii_strtoll(text, NULL, 10), now = number_of(fake, pf, "sriov_numvfs");
    g_autofree char *driver = fake_host_driver(fake, pf);

    if (wanted > number_of(fake, pf, "sriov_totalvfs"))
        return ERANGE;
    if (wanted == now)
        return 0;
    if (!driver || vv_driver_is_vfio(driver))
        return ENOENT;
    if (wanted && now)
        return EBUSY;
    switch_all(fake, pf, fake_sriov_most ? MIN((guint)wanted, fake_sriov_most) : (guint)wanted);
    return 0;
}

static gboolean is_sriov(const char *path)
{
    return g_str_has_suffix(path, "/sriov_numvfs") || g_str_has_suffix(path, "/sriov_drivers_autoprobe");
}

gboolean fake_sriov_is_noted(const FakeHost *fake, const char *path, const char *pf)
{
    g_autofree char *note = fake_below(fake, "run/virt-vfio/sriov/%s", pf);

    return is_sriov(path) && g_file_test(note, G_FILE_TEST_EXISTS);
}

gboolean fake_sriov_write(FakeHost *fake, const char *path, const char *text, int *ret_error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *pf = g_path_get_basename(folder), *full = fake_below(fake, "%s", path);

    if (!is_sriov(path))
        return FALSE;
    *ret_error = 0;
    if (!g_file_test(full, G_FILE_TEST_EXISTS))
        *ret_error = ENOENT;
    else if (g_str_has_suffix(path, "/sriov_numvfs"))
        *ret_error = write_count(fake, pf, text);
    else
        put_number(fake, pf, "sriov_drivers_autoprobe", g_ascii_strtoll(text, NULL, 10));
    return TRUE;
}
