/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/rom-chain.h"
#include "vfio/rom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <cmocka.h>

/* One card in a folder of its own. Writes go to the hook below, which keeps count and reacts; `rom` itself is
 * a plain file that always answers. */
#define CARD "sys/bus/pci/devices/0000:01:00.0"

typedef struct {
    char *root;
    VvSysfs *sysfs;
    VvDevice device;
    GString *log;        /* "power/control=on enable=1 …" */
    const char *fail_at; /* the write that fails: "enable=1" */
    int fail_errno;
    gboolean wakes;
    int rom, enable; /* as the kernel would have them */
} Fake;

static inline char *in_tree(const Fake *fake, const char *path)
{
    return g_build_filename(fake->root, path, NULL);
}

static inline void put(const Fake *fake, const char *path, const char *text)
{
    g_autofree char *full = in_tree(fake, path);
    g_autofree char *folder = g_path_get_dirname(full);

    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(full, text, -1, NULL));
}

static inline void put_link(const Fake *fake, const char *path, const char *target)
{
    g_autofree char *full = in_tree(fake, path);

    g_remove(full);
    assert_int_equal(symlink(target, full), 0);
}

static inline void assert_reads(const Fake *fake, const char *path, const char *text)
{
    g_autofree char *content = vv_sysfs_read(fake->sysfs, path);

    assert_string_equal(content, text);
}

static inline int on_write(const char *path, const char *text, gpointer data)
{
    Fake *fake = data;

    assert_true(g_str_has_prefix(path, CARD "/"));
    const char *attribute = path + strlen(CARD "/");
    g_autofree char *what = g_strdup_printf("%s=%s", attribute, text);
    g_string_append_printf(fake->log, "%s%s", fake->log->len ? " " : "", what);
    if (g_strcmp0(what, fake->fail_at) == 0)
        return fake->fail_errno;
    if (strcmp(attribute, "power/control") == 0) {
        put(fake, CARD "/power/control", text);
        if (fake->wakes && strcmp(text, "on") == 0)
            put(fake, CARD "/power_state", "D0\n");
    } else if (strcmp(attribute, "enable") == 0) {
        fake->enable += text[0] == '1' ? 1 : -1;
    } else if (strcmp(attribute, "rom") == 0) {
        fake->rom = strcmp(text, "0\n") != 0; /* as pci_write_rom */
    }
    return 0;
}

static inline int set_up(void **state)
{
    Fake *fake = g_new0(Fake, 1);
    g_autoptr(GByteArray) chain = g_byte_array_new();

    *state = fake;
    fake->root = g_dir_make_tmp("rom-read-XXXXXX", NULL);
    fake->sysfs = vv_sysfs_new(fake->root, NULL);
    fake->log = g_string_new(NULL);
    fake->wakes = TRUE;
    fake->device = (VvDevice){.address = {.bus = 1},
                              .text = "0000:01:00.0",
                              .vendor = 0x10de,
                              .device = 0x1b80,
                              .class_code = 0x030000,
                              .kind = VV_KIND_GPU,
                              .group = 7};
    put(fake, CARD "/power/control", "auto\n");
    put(fake, CARD "/power_state", "D3cold\n");
    append_image(chain, 0, 20, FALSE);
    append_image(chain, 3, 3, TRUE);
    g_autofree char *rom = in_tree(fake, CARD "/rom");
    assert_true(g_file_set_contents(rom, (char *)chain->data, (gssize)chain->len, NULL));
    vv_sysfs_set_write_hook(fake->sysfs, on_write, fake);
    return 0;
}

static inline void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_tree(inside);
    }
    g_remove(path);
}

static inline int tear_down(void **state)
{
    Fake *fake = *state;

    vv_sysfs_free(fake->sysfs);
    remove_tree(fake->root);
    g_free(fake->root);
    g_strfreev(fake->device.reset_methods);
    g_string_free(fake->log, TRUE);
    g_free(fake);
    return 0;
}
