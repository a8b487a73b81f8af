/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "asked-host.h"
#include "vfio/usage.h"

#define DISK NVME "/nvme/nvme0/nvme0n1"

static int set_up(void **state)
{
    asked_reset();
    *state = usage_machine_new();
    usage_add_block(*state, "259:0", DISK);
    return 0;
}

static int tear_down(void **state)
{
    asked_reset();
    fake_host_free(*state);
    return 0;
}

static void put_bytes(FakeHost *fake, const char *path, gsize size, gsize at, const void *bytes, gsize length,
                      gboolean also_swap)
{
    g_autofree char *full = g_build_filename(fake_host_root(fake), path, NULL);
    g_autofree char *content = g_malloc0(size);
    const guint32 version_and_last[] = {1, 255};

    usage_put(fake, path, "");
    if (length)
        memcpy(content + at, bytes, length);
    if (also_swap) {
        memcpy(content + 1024, version_and_last, sizeof version_and_last);
        memcpy(content + 1024 + 12 + 16, "spare", 5);
        memcpy(content + 4096 - 10, "SWAPSPACE2", 10);
    }
    assert_true(g_file_set_contents(full, content, (gssize)size, NULL));
}

/* Larger than a floppy, of which blkid takes the first signature that it finds. */
#define DISK_SIZE (4 << 20)

/* What is written on the disk itself, which udev need not have seen yet. */
static void test_signature(void **state)
{
    static const char luks[] = "LUKS\xba\xbe\0\1", romfs[] = "-rom1fs-\0\0\20\0\0\0\0\0x";

    asked_go_live(*state);
    usage_put(*state, "run/udev/data/b259:0", "E:ID_FS_TYPE=vfat\n");
    assert_usage(*state, NVME, "disk-data warn /dev/nvme0n1 has data that the host does not use now: vfat\n");
    put_bytes(*state, "dev/nvme0n1", DISK_SIZE, 0, NULL, 0, FALSE);
    assert_usage(*state, NVME, "");
    put_bytes(*state, "dev/nvme0n1", DISK_SIZE, 0, luks, 8, FALSE);
    assert_usage(*state, NVME,
                 "disk-data warn /dev/nvme0n1 has data that the host does not use now: crypto_LUKS\n");
    put_bytes(*state, "dev/nvme0n1", DISK_SIZE, 0, NULL, 0, TRUE);
    assert_usage(*state, NVME,
                 "disk-data warn /dev/nvme0n1 has data that the host does not use now: swap spare\n");
    put_bytes(*state, "dev/nvme0n1", DISK_SIZE, 0, romfs, 16, TRUE);
    assert_usage(*state, NVME,
                 "disk-data warn /dev/nvme0n1 has data that the host does not use now: more than one kind of "
                 "data\n");
}

/* A drive without a medium opens, and has no size. */
static void test_no_medium(void **state)
{
    asked_go_live(*state);
    usage_put(*state, "dev/nvme0n1/x", "a folder cannot be probed");
    assert_usage(*state, NVME, "");
}

static void test_exclusive(void **state)
{
    static const char said[] =
        "disk-open block /dev/nvme0n1 is in use by something that does not show: another mount namespace or "
        "a part of the kernel\n";

    put_bytes(*state, "dev/nvme0n1", DISK_SIZE, 0, NULL, 0, TRUE);
    asked_go_live(*state);
    asked.busy_path = "dev/nvme0n1";
    assert_usage(*state, NVME, said);
    /* A partition that is in use explains the disk. */
    usage_add_block(*state, "259:1", DISK "/nvme0n1p1");
    asked.busy_path = "dev/nvme0n1p1";
    assert_usage(*state, NVME,
                 "disk-open block /dev/nvme0n1p1 is in use by something that does not show: another mount "
                 "namespace or a part of the kernel\n");
}

static const AskedNode nodes[] = {
    {"/dev/disk/by-id/nvme-x", TRUE, 259, 0},
    {"/dev/other/name", TRUE, 259, 0},
    {"/dev/other/5", TRUE, 259, 5},
    {"/dev/null", FALSE, 1, 3},
    {"/dev/tty", FALSE, 5, 0},
    {"/dev/pts/0", FALSE, 136, 0},
    {"/dev/pts/9", FALSE, 143, 9},
    {"/dev/fuse", FALSE, 10, 229},
    {"/dev/late", FALSE, 259, 0},
    {"/dev/nvme9", FALSE, 241, 9},
    {"/dev/other/9", FALSE, 259, 7},
    {"/dev/card", FALSE, 226, 0},
    {"/dev/vfio/renamed", FALSE, 242, 3},
    {"/dev/chardev", FALSE, 4, 64},
    {NULL, FALSE, 0, 0},
};

/* By number, whatever the path is called. */
static void test_openers(void **state)
{
    asked_go_live(*state);
    asked.nodes = nodes;
    usage_add_process(*state, 701, "qemu-system-x86", NULL, "/dev/null", "/dev/other/name", "/dev/tty",
                      "/dev/pts/0", "/dev/pts/9", "/dev/other/5", "/dev/fuse", "/dev/late", "/dev/nvme9",
                      "/dev/other/9", "socket:[1]", NULL);
    assert_usage(*state, NVME, "disk-open block /dev/nvme0n1 is held open by qemu-system-x86 (pid 701)\n");
    usage_add_char(*state, "226:0", "dri/card0", GPU "/drm/card0");
    usage_add_process(*state, 702, "Xorg", NULL, "/dev/card", "/dev/vfio/renamed", NULL);
    assert_usage(*state, GPU, "process-holds block Xorg (pid 702) holds /dev/dri/card0 open\n");
    /* A node without a name in its uevent. */
    usage_put(*state, "sys/dev/char/226:0/uevent", "MAJOR=226\n");
    assert_usage(*state, GPU, "process-holds block Xorg (pid 702) holds /dev/card0 open\n");
    usage_put(*state, "sys/class/vfio/11/dev", "242:3\n");
    usage_put(*state, "sys/class/vfio/12/dev", "nonsense\n");
    g_autoptr(VvHost) host = fake_host_scan(*state);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autofree char *who = vv_usage_group_user(usage, 11), *nobody = vv_usage_group_user(usage, 12),
                    *unknown = vv_usage_group_user(usage, 13);
    assert_text(who, "Xorg (pid 702)");
    assert_null(nobody);
    assert_null(unknown);
}

/* Swap by a name that only the kernel can follow. */
static void test_resolve(void **state)
{
    asked_go_live(*state);
    asked.nodes = nodes;
    usage_put(*state, "proc/swaps",
              "Filename Type Size Used Priority\n/dev/disk/by-id/nvme-x partition 1 0 -2\n");
    assert_usage(*state, NVME, "disk-swap block /dev/nvme0n1 is swap space of this host\n");
    usage_put(*state, "proc/swaps", "Filename Type Size Used Priority\n/dev/chardev partition 1 0 -2\n");
    assert_usage(*state, NVME, "");
}

/* fbcon=map: puts the console on another frame buffer than the first. */
static void test_console_map(void **state)
{
    static const char said[] = "display-active warn the text console of this host is drawn by it\n";

    usage_add(*state, "graphics", "fb1", GPU "/graphics/fb1");
    usage_add(*state, "graphics", "fb0", IGPU "/graphics/fb0");
    usage_add_at(*state, "vtconsole", "vtcon1", "virtual/vtconsole/vtcon1");
    usage_put(*state, "sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
    usage_put(*state, "sys/class/vtconsole/vtcon1/bind", "1\n");
    asked_go_live(*state);
    assert_usage(*state, IGPU, said);
    assert_usage(*state, GPU, "");
    usage_put(*state, "dev/fb0", "");
    assert_usage(*state, IGPU, said);
    asked.console_framebuffer = 1;
    assert_usage(*state, GPU, said);
    assert_usage(*state, IGPU, "");
    /* The console is on none: what was said of the first still holds. */
    asked.console_framebuffer = -2;
    assert_usage(*state, IGPU, said);
    assert_usage(*state, GPU, "");
}

static void test_group(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);

    assert_false(asked_group_in_use(sysfs, 11));
    usage_put(*state, "dev/vfio/11", "");
    assert_false(asked_group_in_use(sysfs, 11));
    asked.busy_path = "dev/vfio/11";
    assert_true(asked_group_in_use(sysfs, 11));
    assert_false(asked_group_in_use(sysfs, 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_medium, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exclusive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_openers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resolve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_console_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
