/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int set_up(void **state)
{
    *state = fake_host_new("");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void test_root(void **state)
{
    g_autoptr(VvSysfs) live = vv_sysfs_new(NULL, NULL), slash = vv_sysfs_new("/", NULL);
    GError *error = NULL;

    assert_true(vv_sysfs_is_live(live));
    assert_true(vv_sysfs_is_live(slash));
    assert_string_equal(vv_sysfs_root(live), "/");
    assert_false(vv_sysfs_is_live(fake_host_sysfs(*state)));
    assert_null(vv_sysfs_new("/nowhere/at/all", &error));
    assert_problem(error, VV_ERROR_NOT_READY, "/nowhere/at/all");
    assert_null(vv_sysfs_new("/etc/passwd", NULL));
    vv_sysfs_free(NULL);
}

static void test_read(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);
    static const struct {
        const char *content, *text;
    } files[] = {
        {"text\n", "text"},         {"text", "text"}, {"", ""}, {"\n", ""}, {"two\nlines\n", "two\nlines"},
        {"space \n\n", "space \n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        char buffer[64];
        fake_host_put(*state, "sys/a", files[i].content);
        g_autofree char *text = vv_sysfs_read(sysfs, "sys/a");
        assert_text(text, files[i].text);
        assert_int_equal(vv_sysfs_read_into(sysfs, "sys/a", buffer, sizeof buffer), strlen(files[i].text));
        assert_string_equal(buffer, files[i].text);
    }
    errno = 0;
    assert_null(vv_sysfs_read(sysfs, "sys/missing"));
    assert_int_equal(errno, ENOENT);
    assert_null(vv_sysfs_read(sysfs, "sys/bus"));
    assert_int_equal(errno, EISDIR);
}

static void test_read_is_bounded(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);
    char buffer[8];
    g_autofree char *page = g_strnfill(4096, 'x');

    memset(buffer, '#', sizeof buffer);
    fake_host_put(*state, "sys/a", "0123456789");
    assert_int_equal(vv_sysfs_read_into(sysfs, "sys/a", buffer, 5), 4);
    assert_memory_equal(buffer, "0123\0###", 8);

    fake_host_put(*state, "sys/a", page);
    g_autofree char *whole = vv_sysfs_read(sysfs, "sys/a");
    assert_text(whole, page);
}

static void test_number(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);
    static const struct {
        const char *content;
        gboolean good;
        gint64 value;
    } numbers[] = {
        {"0\n", TRUE, 0},
        {"-1\n", TRUE, -1},
        {"64\n", TRUE, 64},
        {"010\n", TRUE, 10},
        {"0x8086\n", TRUE, 0x8086},
        {"9223372036854775807\n", TRUE, G_MAXINT64},
        {"9223372036854775808\n", FALSE, 0},
        {"", FALSE, 0},
        {"\n", FALSE, 0},
        {"ten\n", FALSE, 0},
        {"10 apples\n", FALSE, 0},
        {"0x\n", FALSE, 0},
        {"1\n2\n", FALSE, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gint64 value = 4711;
        fake_host_put(*state, "sys/n", numbers[i].content);
        if (vv_sysfs_read_number(sysfs, "sys/n", &value) != numbers[i].good)
            fail_msg("'%s'", numbers[i].content);
        assert_true(value == (numbers[i].good ? numbers[i].value : 4711));
    }
    gint64 value = 4711;
    assert_false(vv_sysfs_read_number(sysfs, "sys/missing", &value));
    assert_true(value == 4711);
}

static void test_links(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);

    fake_host_add(*state, "0000:01:00.0 class=010802 id=144d:a808 driver=nvme group=3");
    g_autofree char *name = vv_sysfs_link_name(sysfs, "sys/bus/pci/devices/0000:01:00.0/driver");
    g_autofree char *target = vv_sysfs_link_target(sysfs, "sys/bus/pci/devices/0000:01:00.0/driver");
    assert_text(name, "nvme");
    assert_text(target, "../../../bus/pci/drivers/nvme");
    assert_null(vv_sysfs_link_name(sysfs, "sys/bus/pci/devices/0000:01:00.0/physfn"));
    assert_int_equal(errno, ENOENT);
    assert_null(vv_sysfs_link_name(sysfs, "sys/bus/pci/devices/0000:01:00.0/uevent"));
    assert_int_equal(errno, EINVAL);

    assert_true(vv_sysfs_exists(sysfs, "sys/bus/pci/devices/0000:01:00.0/uevent"));
    assert_true(vv_sysfs_exists(sysfs, "sys/bus/pci/devices/0000:01:00.0/driver"));
    assert_false(vv_sysfs_exists(sysfs, "sys/bus/pci/devices/0000:01:00.0/rom"));
}

static void test_list(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);

    fake_host_put(*state, "sys/folder/b", "");
    fake_host_put(*state, "sys/folder/a/deep", "");
    fake_host_put(*state, "sys/folder/.hidden", "");
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "sys/folder");
    assert_int_equal(names->len, 3);
    for (const char *const *name = (const char *const[]){"a", "b", ".hidden", NULL}; *name; name++)
        assert_true(g_ptr_array_find_with_equal_func(names, *name, g_str_equal, NULL));

    errno = 0;
    assert_null(vv_sysfs_list(sysfs, "sys/missing"));
    assert_int_equal(errno, ENOENT);
    assert_null(vv_sysfs_list(sysfs, "sys/folder/b"));
    assert_int_equal(errno, ENOTDIR);
}

static void test_open(void **state)
{
    const VvSysfs *sysfs = fake_host_sysfs(*state);

    fake_host_put(*state, "sys/a", "x");
    int fd = vv_sysfs_open(sysfs, "sys/a", O_RDONLY);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    assert_true(fcntl(vv_sysfs_fd(sysfs), F_GETFD) & FD_CLOEXEC);
    assert_int_equal(vv_sysfs_open(sysfs, "sys/missing", O_RDONLY), -1);
    assert_int_equal(errno, ENOENT);
}

/* Without a hook a recorded machine is only looked at. */
static void test_write_refused(void **state)
{
    VvSysfs *sysfs = fake_host_sysfs(*state);

    vv_sysfs_set_write_hook(sysfs, NULL, NULL);
    fake_host_put(*state, "sys/a", "before");
    assert_int_equal(vv_sysfs_write(sysfs, "sys/a", "behind"), EROFS);
    g_autofree char *text = vv_sysfs_read(sysfs, "sys/a");
    assert_text(text, "before");
}

/* The running system's root, but only files of our own folder. No file is made that was not there. */
static void test_write(void **state)
{
    g_autoptr(VvSysfs) live = vv_sysfs_new("/", NULL);
    g_autofree char *file = g_strdup_printf("%s/sys/a", fake_host_root(*state) + 1);
    g_autofree char *missing = g_strdup_printf("%s/sys/missing", fake_host_root(*state) + 1);

    fake_host_put(*state, "sys/a", "before");
    assert_int_equal(vv_sysfs_write(live, file, "behind\n"), 0);
    g_autofree char *text = vv_sysfs_read(live, file);
    assert_text(text, "behind");
    assert_int_equal(vv_sysfs_write(live, missing, "1"), ENOENT);
    assert_false(vv_sysfs_exists(live, missing));
}

static int answer(const char *path, const char *text, gpointer data)
{
    g_string_append_printf(data, "%s=%s;", path, text);
    return EBUSY;
}

static void test_write_hook(void **state)
{
    VvSysfs *sysfs = fake_host_sysfs(*state);
    g_autoptr(GString) seen = g_string_new(NULL);

    fake_host_put(*state, "sys/a", "before");
    vv_sysfs_set_write_hook(sysfs, answer, seen);
    assert_int_equal(vv_sysfs_write(sysfs, "sys/a", "1"), EBUSY);
    assert_string_equal(seen->str, "sys/a=1;");
    g_autofree char *text = vv_sysfs_read(sysfs, "sys/a");
    assert_text(text, "before");
}

/* Every path counts from the root, wherever the program stands. */
static void test_chdir(void **state)
{
    g_autofree char *before = g_get_current_dir();

    fake_host_put(*state, "sys/a", "here");
    assert_int_equal(chdir(fake_host_root(*state)), 0);
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(".", NULL);
    assert_int_equal(chdir(before), 0);
    g_autofree char *text = vv_sysfs_read(sysfs, "sys/a");
    assert_text(text, "here");
    assert_false(vv_sysfs_is_live(sysfs));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_root),       TEST(test_read),  TEST(test_read_is_bounded),
        TEST(test_number),     TEST(test_links), TEST(test_list),
        TEST(test_open),       TEST(test_write), TEST(test_write_refused),
        TEST(test_write_hook), TEST(test_chdir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
