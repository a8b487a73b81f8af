/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-chains.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <unistd.h>

/* The verbs about ROM files, as they are called. They touch no device. */

static char *said;

/* Runs it in the folder; what it said goes to `said`. `words` is one string. */
static int run(const char *words)
{
    g_autofree char *line = g_strdup_printf("%s %s", VV_PROGRAM, words);
    g_autofree char *out = NULL, *error = NULL;
    g_auto(GStrv) arguments = NULL;
    int status;

    g_clear_pointer(&said, g_free);
    assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
    assert_true(
        g_spawn_sync(folder, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &error, &status, NULL));
    said = g_strconcat(out, error, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *words, int code, const char *part)
{
    int is = run(words);

    if (is != code || !strstr(said, part))
        fail_msg("%s: exit code %d, expected %d and \"%s\":\n%s", words, is, code, part, said);
}

static void put(const char *name, GByteArray *chain)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, (const char *)chain->data, (gssize)chain->len, NULL));
    g_byte_array_unref(chain);
}

/* As long as it has `size` bytes. */
static char *get(const char *name, gsize size)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *data = NULL;
    gsize is = 0;

    assert_true(g_file_get_contents(path, &data, &is, NULL));
    assert_int_equal(is, size);
    return data;
}

static void test_check(void **state)
{
    put("card", card_plain_efi());
    expect("rom check card", 0, "OVMF     yes: runs the EFI image at 0x400, a graphics driver (GOP)");
    expect("rom check card", 0, "SeaBIOS  yes");
    expect("rom check --json card", 0, "\"gop\": true");
    put("atom", card_atom());
    expect("rom check atom", 0, "113-D4120100-100");
    put("prefix", card_prefix_3());
    expect("rom check prefix", 1, "NVGI");
    expect("rom check none", 1, "none");
    expect("rom check .", 1, "not a regular file");
    expect("rom check /dev/zero", 1, "not a regular file");
}

static void test_fix(void **state)
{
    put("prefix", card_prefix_1());
    expect("rom fix prefix -o fixed", 0, "1540 bytes before the first image cut off");
    expect("rom check fixed", 0, "good");
    g_autofree char *fixed = get("fixed", CARD_SIZE);
    g_autoptr(GByteArray) whole = card();
    assert_memory_equal(fixed, whole->data, CARD_SIZE);

    expect("rom fix fixed -o again", 0, "nothing to mend");
    g_autofree char *again = get("again", CARD_SIZE);
    assert_memory_equal(again, whole->data, CARD_SIZE);
    expect("rom fix --json prefix -o json", 0, "\"changes\": [");
    expect("rom fix prefix", 2, "-o FILE");
}

static void test_fix_options(void **state)
{
    put("sum", card_checksum());
    expect("rom fix sum -o left", 1, "do not sum to 0");
    expect("rom fix sum -o mended --checksum", 0, "byte 0x6 changed");
    put("open", card_no_last());
    expect("rom fix open -o marked --last", 0, "marked as the last");
    GByteArray *cut = card();
    g_byte_array_set_size(cut, CARD_SIZE - 1);
    put("cut", cut);
    expect("rom fix cut -o none", 1, "cannot be mended: truncated");
    g_autofree char *none = g_build_filename(folder, "none", NULL);
    assert_false(g_file_test(none, G_FILE_TEST_EXISTS));
}

/* Not under any name: by itself, through a hard link, with --replace, or through a symbolic link. */
static void test_never_in_place(void **state)
{
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_autofree char *hard = g_build_filename(folder, "hard", NULL);
    g_autofree char *soft = g_build_filename(folder, "soft", NULL);

    put("file", card_prefix_1());
    g_autofree char *before = get("file", 0x604 + CARD_SIZE);
    assert_int_equal(link(file, hard), 0);
    assert_int_equal(symlink("file", soft), 0);
    expect("rom fix file -o file", 2, "same file");
    expect("rom fix file -o ./file --replace", 2, "same file");
    expect("rom fix file -o hard --replace", 2, "same file");
    expect("rom fix soft -o file --replace", 2, "same file");
    expect("rom fix file -o soft --replace", 2, "same file");
    g_autofree char *after = get("file", 0x604 + CARD_SIZE);
    assert_memory_equal(before, after, 0x604 + CARD_SIZE);

    put("other", card());
    expect("rom fix file -o other", 1, "exists");
    expect("rom fix file -o other --replace", 0, "good");
}

static void test_extract(void **state)
{
    put("prefix", card_prefix_1());
    g_autoptr(GByteArray) whole = card();
    expect("rom extract prefix --efi -o efi", 0, "1536 bytes");
    g_autofree char *efi = get("efi", 1536);
    assert_memory_equal(efi, whole->data + CARD_EFI, 1536);
    expect("rom extract prefix --image 1 -o first", 0, "1024 bytes");
    g_autofree char *first = get("first", 1024);
    assert_memory_equal(first, whole->data, 1024);

    expect("rom extract prefix --image 4 -o none", 1, "no image 4; it has 3");
    expect("rom extract prefix -o none", 2, "--image N");
    expect("rom extract prefix --efi --image 1 -o none", 2, "--image N");
    expect("rom extract prefix --image -1 -o none", 2, "--image N");
    expect("rom extract prefix --efi", 2, "-o FILE");
    put("list", card_device_list());
    expect("rom extract list --efi -o none", 1, "no EFI image");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_check),          TEST(test_fix),     TEST(test_fix_options),
        TEST(test_never_in_place), TEST(test_extract),
    };

    int failed = cmocka_run_group_tests_name("rom-verbs", tests, NULL, NULL);
    g_free(said);
    return failed;
}
