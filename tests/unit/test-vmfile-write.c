/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random-vm.h"
#include "vm-equal.h"
#include "vmfile-texts.h"

static VvVm *read_back(const VvVm *vm, guint32 seed)
{
    g_autofree char *text = vv_vm_write(vm);
    GError *error = NULL;
    VvVm *again = parse(text, NULL, &error);

    if (!again)
        fail_msg("seed %u: %s in:\n%.3000s", seed, error->message, text);
    return again;
}

/* parse(write(vm)) = vm, and that writes the same text. */
static void test_random(void **state)
{
    for (guint32 seed = 0; seed < 10000; seed++) {
        g_autoptr(VvVm) vm = random_vm(seed, TRUE);
        g_autoptr(VvVm) again = read_back(vm, seed);
        g_autofree char *text = vv_vm_write(vm), *again_text = vv_vm_write(again);
        const char *field = vm_difference(vm, again);

        if (field)
            fail_msg("seed %u: %s differs in:\n%.3000s", seed, field, text);
        assert_string_equal(text, again_text);
    }
}

/* What the other tests with random VMs build on. */
static void test_random_resolves(void **state)
{
    for (guint32 seed = 0; seed < 1000; seed++) {
        g_autoptr(VvVm) vm = random_vm(seed, FALSE);
        GError *error = NULL;

        if (!vv_vm_resolve(vm, NULL, &error))
            fail_msg("seed %u: %s", seed, error->message);
    }
}

static void test_defaults_left_out(void **state)
{
    g_autoptr(VvVm) vm =
        good(VM "os = windows11\ncpus = 2\nfirmware = uefi-secure\nhugepages = auto\npinning = auto\n" GPU
                "rom = auto\nrombar = yes\nfunctions = auto\nreset = auto\nx-vga = no\n"
                "[disk d]\npath = /a.qcow2\nformat = qcow2\nbus = virtio\n[disk e]\ncdrom = yes\nbus = sata\n"
                "[network n]\nbridge = b\nmodel = virtio\nlink = up\n"
                "[display]\ngraphics = auto\n[sound]\nmodel = none\n[share s]\npath = /s\ntag = s\n");
    g_autofree char *text = vv_vm_write(vm);

    assert_string_equal(text, "[vm]\nname = a\nos = windows11\nmemory = 1G\n\n[device gpu]\n"
                              "host = 0000:01:00.0\n\n[disk d]\npath = /a.qcow2\n\n[disk e]\ncdrom = yes\n\n"
                              "[network n]\nbridge = b\n\n[share s]\npath = /s\n");
}

static void test_quotes(void **state)
{
    static const char *const lines[] = {"a # b",        "a ; b", "# b",   " a ",   "\"a\" b",
                                        "a\nb\\n\"c\"", "\n",    "a;b#c", "\\n\\", "a\"b\\c",
                                        "''",           "\"",    " ",     "[vm]",  "a = b"};

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(VvVm) vm = good(VM), again = NULL;

        vm->description = g_strdup(lines[i]);
        again = read_back(vm, 0);
        assert_string_equal(again->description, lines[i]);
    }
}

/* A VM that no file says is written all the same, and then refused. */
static void test_unwritable(void **state)
{
    static const char *const paths[] = {"/a\nb", "/a\tb", "/a\033[2J", "a"};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(VvVm) vm = good(VM);
        g_autofree char *text = NULL;
        GError *error = NULL;

        vm->emulator = g_strdup(paths[i]);
        text = vv_vm_write(vm);
        assert_null(parse(text, NULL, &error));
        assert_problem(error, VV_ERROR_USAGE, "[vm] emulator: ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_resolves),
        cmocka_unit_test(test_defaults_left_out),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_unwritable),
    };

    return cmocka_run_group_tests_name("vmfile-write", tests, NULL, NULL);
}
