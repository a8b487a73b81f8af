/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "test.h"

/* tests/unit/domains: what virt-install of several versions prints and what libvirt makes of it, and what
 * people write by hand. "refused-…" are those that no card can go to. */
static inline GPtrArray *domain_files(void)
{
    g_autofree char *folder = g_build_filename(g_getenv("SOURCE_ROOT"), "tests/unit/domains", NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".xml"))
            g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_dir_close(dir);
    assert_true(names->len >= 28);
    return names;
}

static inline char *file_text(const char *path)
{
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("%s cannot be read", path);
    return text;
}

static inline char *domain_text(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".xml", NULL);
    g_autofree char *path = g_build_filename(g_getenv("SOURCE_ROOT"), "tests/unit/domains", file, NULL);

    return file_text(path);
}
