/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

/* A folder for one test, as cmocka's set-up and tear-down. */
static char *folder;

static inline int set_up(void **state G_GNUC_UNUSED)
{
    folder = g_dir_make_tmp("virt-vfio-test-XXXXXX", NULL);
    return folder ? 0 : -1;
}

static inline int tear_down(void **state G_GNUC_UNUSED)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(folder);
    g_clear_pointer(&folder, g_free);
    return 0;
}
