/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/rom-chain.h"
#include "vfio/rom-internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include <cmocka.h>

/* One card in a folder of its own. Writes go to the hook below, which reacts; what the kernel would keep is
 * in files, so that a killed child's doings stay. `rom` itself is a plain file that always answers. */
#define CARD "sys/bus/pci/devices/0000:01:00.0"
#define ROM_ON "rom-on"
#define NOTES "run/virt-vfio/rom"
/* Bus mastering and SERR#, which are none of our business. */
#define COMMAND_BEFORE 0x0104

typedef struct {
    char *root;
    VvSysfs *sysfs;
    VvHost *host;
    VvDevice *device; /* of the host */
    VvJournal *journal;
    GString *log;        /* "power/control=on enable=1 …" */
    const char *fail_at; /* the write that fails: "enable=1" */
    int fail_errno;
    gboolean wakes;
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

static inline void put_command(const Fake *fake, unsigned value)
{
    g_autofree char *full = in_tree(fake, CARD "/config");
    guint8 config[64] = {[4] = (guint8)value, [5] = (guint8)(value >> 8)};

    assert_true(g_file_set_contents(full, (const char *)config, sizeof config, NULL));
}

static inline unsigned command(const Fake *fake)
{
    g_autofree char *full = in_tree(fake, CARD "/config"), *config = NULL;

    assert_true(g_file_get_contents(full, &config, NULL, NULL));
    return (unsigned)((guint8)config[4] | (guint8)config[5] << 8);
}

/* After another driver or other ids. */
static inline void scan(Fake *fake)
{
    vv_host_free(fake->host);
    fake->host = vv_host_scan(fake->sysfs, NULL);
    fake->device = vv_host_find(fake->host, (VvAddress){.bus = 1});
    assert_non_null(fake->device);
}

static inline void put_bytes(const Fake *fake, const char *path, const GByteArray *bytes)
{
    g_autofree char *full = in_tree(fake, path);
    g_autofree char *folder = g_path_get_dirname(full);

    assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
    assert_true(g_file_set_contents(full, (const char *)bytes->data, (gssize)bytes->len, NULL));
}

static inline int number(const Fake *fake, const char *path)
{
    gint64 value = -1;

    assert_true(vv_sysfs_read_number(fake->sysfs, path, &value));
    return (int)value;
}

static inline void put_number(const Fake *fake, const char *path, int number)
{
    g_autofree char *text = g_strdup_printf("%d\n", number);

    put(fake, path, text);
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
        put_number(fake, CARD "/enable", number(fake, CARD "/enable") + (text[0] == '1' ? 1 : -1));
        if (text[0] == '1') /* pci_enable_resources; nothing takes it back (pci_disable_device) */
            put_command(fake, command(fake) | 2);
    } else if (strcmp(attribute, "config") == 0) {
        unsigned offset, value;
        assert_int_equal(sscanf(text, "%x=%x", &offset, &value), 2);
        assert_int_equal(offset, 4);
        put_command(fake, value);
    } else if (strcmp(attribute, "rom") == 0) {
        put_number(fake, ROM_ON, strcmp(text, "0\n") != 0); /* as pci_write_rom */
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
    fake->journal = vv_journal_new(fake->root);
    put(fake, CARD "/modalias", "pci:v000010DEd00001B80sv00001458sd00003702bc03sc00i00\n");
    put(fake, CARD "/enable", "0\n");
    put(fake, ROM_ON, "0\n");
    put_command(fake, COMMAND_BEFORE);
    put_link(fake, CARD "/iommu_group", "../../../../kernel/iommu_groups/7");
    put(fake, CARD "/power/control", "auto\n");
    put(fake, CARD "/power_state", "D3cold\n");
    append_image(chain, 0, 20, FALSE);
    append_image(chain, 3, 3, TRUE);
    g_autofree char *rom = in_tree(fake, CARD "/rom");
    assert_true(g_file_set_contents(rom, (char *)chain->data, (gssize)chain->len, NULL));
    vv_sysfs_set_write_hook(fake->sysfs, on_write, fake);
    scan(fake);
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

    vv_journal_free(fake->journal);
    vv_host_free(fake->host);
    vv_sysfs_free(fake->sysfs);
    remove_tree(fake->root);
    g_free(fake->root);
    g_string_free(fake->log, TRUE);
    g_free(fake);
    return 0;
}
