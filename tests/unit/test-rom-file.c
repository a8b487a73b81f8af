/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/scratch.h"
#include "vfio/error.h"
#include "vfio/rom.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* Nothing else may be left behind, under no name. */
static guint count_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

static gboolean write_text(const char *path, const char *text, gboolean replace, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    return vv_rom_write_file(path, bytes, replace, error);
}

static void assert_refused(const char *path, gboolean replace)
{
    g_autoptr(GError) error = NULL;

    assert_false(write_text(path, "new", replace, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
    assert_non_null(strstr(error->message, path));
}

static void assert_content(const char *path, const char *text)
{
    g_autofree char *content = NULL;

    assert_true(g_file_get_contents(path, &content, NULL, NULL));
    assert_string_equal(content, text);
}

static void test_new_file(void **state)
{
    g_autofree char *path = in_folder("card.rom");
    struct stat status;

    /* Whatever the umask: exactly 0600. */
    mode_t before = umask(0277);
    assert_true(write_text(path, "bytes", FALSE, NULL));
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_nlink, 1);
    assert_content(path, "bytes");
    assert_int_equal(count_files(), 1);
}

static void test_replace(void **state)
{
    g_autofree char *path = in_folder("card.rom");

    assert_true(write_text(path, "old", FALSE, NULL));
    assert_refused(path, FALSE);
    assert_content(path, "old");
    assert_true(write_text(path, "new", TRUE, NULL));
    assert_content(path, "new");
    assert_int_equal(count_files(), 1);
}

static void test_links(void **state)
{
    g_autofree char *target = in_folder("target"), *link = in_folder("link"),
                    *dangling = in_folder("dangling");

    assert_true(g_file_set_contents(target, "old", -1, NULL));
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(symlink("nothing", dangling), 0);
    assert_refused(link, FALSE);
    assert_refused(link, TRUE);
    assert_refused(dangling, FALSE);
    assert_refused(dangling, TRUE);
    assert_content(target, "old");
    assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    assert_int_equal(count_files(), 3);
}

static void test_no_file_name(void **state)
{
    g_autofree char *sub = in_folder("sub"), *slash = in_folder("sub/"), *dots = in_folder("sub/..");
    g_autofree char *lost = in_folder("nowhere/card.rom");

    assert_int_equal(g_mkdir(sub, 0700), 0);
    assert_refused(sub, TRUE);
    assert_refused(slash, FALSE);
    assert_refused(dots, FALSE);
    assert_refused(lost, FALSE);
    assert_refused("", FALSE);
    assert_int_equal(count_files(), 1);
}

static void test_long_name(void **state)
{
    g_autofree char *name = g_strnfill(255, 'r'), *path = in_folder(name);

    assert_true(write_text(path, "bytes", FALSE, NULL));
    assert_int_equal(count_files(), 1);
}

/* A file system that is full half-way: the old file stays, the new one leaves nothing behind. */
static void test_no_room(void **state)
{
    g_autofree char *path = in_folder("card.rom"), *other = in_folder("other.rom");
    g_autofree char *big = g_strnfill(100000, 'x');
    struct rlimit before, small;

    assert_true(write_text(path, "old", FALSE, NULL));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    gboolean replaced = write_text(path, big, TRUE, NULL);
    gboolean written = write_text(other, big, FALSE, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(replaced || written);
    assert_content(path, "old");
    assert_int_equal(count_files(), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_new_file),     TEST(test_replace),   TEST(test_links),
        TEST(test_no_file_name), TEST(test_long_name), TEST(test_no_room),
    };

    return cmocka_run_group_tests_name("rom-file", tests, NULL, NULL);
}
