/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"
#include "vmfile-texts.h"

#define BASE                                                                                                 \
    "; what all have\n[vm]\nmemory = 8G\nos = windows11\nautostart = yes\n"                                  \
    "[device gpu]\nhost = 01:00\nx-vga = yes\n[disk system]\npath = /base.qcow2\nbus = sata\n"

static char *put(const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static VvVm *load(const char *text, const char *const *settings, GError **error)
{
    g_autofree char *path = put("vm.ini", text);

    return vv_vm_load(path, settings, error);
}

/* FOLDER in `words` stands for the scratch folder. */
static void refused(const char *text, const char *const *settings, const char *words)
{
    g_auto(GStrv) parts = g_strsplit(words, "FOLDER", -1);
    g_autofree char *expected = g_strjoinv(folder, parts);
    GError *error = NULL;

    assert_null(load(text, settings, &error));
    assert_problem(error, VV_ERROR_USAGE, expected);
}

static void test_merge(void **state)
{
    g_autofree char *base = put("base", BASE);
    GError *error = NULL;
    g_autoptr(VvVm) vm = load("[vm]\ntemplate = base\nname = a\nmemory = 16G\n[disk data]\npath = /data.raw\n"
                              "[device gpu]\nhost = 02:00\n[device nic]\nhost = 03:00\n",
                              NULL, &error);

    assert_fine(error);
    assert_string_equal(vm->name, "a");
    assert_int_equal(vm->memory_kib, 16 << 20);
    assert_int_equal(vm->os_version, 11);
    assert_int_equal(vm->firmware, VV_FIRMWARE_UEFI_SECURE);
    assert_true(vm->autostart);
    /* The template's sections come first. */
    assert_int_equal(vm->devices->len, 2);
    assert_string_equal(card(vm, 0)->name, "gpu");
    assert_true(card(vm, 0)->x_vga);
    assert_int_equal(g_array_index(card(vm, 0)->selectors, VvSelector, 0).address.bus, 2);
    assert_string_equal(card(vm, 1)->name, "nic");
    assert_int_equal(vm->disks->len, 2);
    assert_string_equal(((VvVmDisk *)vm->disks->pdata[0])->bus, "sata");
    assert_string_equal(((VvVmDisk *)vm->disks->pdata[1])->path, "/data.raw");
}

static void test_settings(void **state)
{
    static const char *const settings[] = {"device.gpu.host=04:00", "vm.template=base", "vm.os=linux", NULL};
    g_autofree char *base = put("base", BASE);
    GError *error = NULL;
    g_autoptr(VvVm) vm = load("[vm]\ntemplate = none\nname = a\n", settings, &error);

    assert_fine(error);
    assert_int_equal(g_array_index(card(vm, 0)->selectors, VvSelector, 0).address.bus, 4);
    assert_true(card(vm, 0)->x_vga);
    assert_int_equal(vm->os, VV_OS_LINUX);
}

static void test_absolute(void **state)
{
    g_autofree char *base = put("base.ini", BASE);
    g_autofree char *text = g_strdup_printf("[vm]\ntemplate = %s\nname = a\n", base);
    GError *error = NULL;
    g_autoptr(VvVm) vm = load(text, NULL, &error);

    assert_fine(error);
    assert_int_equal(vm->memory_kib, 8 << 20);
}

/* Many machines from one file. */
static void test_many(void **state)
{
    g_autofree char *path = put("vm.ini", "[vm]\nname = a\nmemory = 1G\n[device gpu]\nhost = 01:00\n");

    for (guint i = 2; i < 9; i++) {
        g_autofree char *host = g_strdup_printf("device.gpu.host=%02x:00", i);
        g_autofree char *name = g_strdup_printf("vm.name=b%u", i);
        const char *const settings[] = {host, name, NULL};
        GError *error = NULL;
        g_autoptr(VvVm) vm = vv_vm_load(path, settings, &error);

        assert_fine(error);
        assert_string_equal(vm->name, name + strlen("vm.name="));
        assert_int_equal(g_array_index(card(vm, 0)->selectors, VvSelector, 0).address.bus, i);
    }
}

/* The file and line that an error names are those of the key. */
static void test_errors(void **state)
{
    static const char *const settings[] = {"device.gpu.boot=no", "disk.system.boot=maybe", NULL};
    g_autofree char *base = put("base", BASE "cache = fast\n");
    g_autofree char *good_base = put("good", BASE);
    g_autofree char *nested = put("nested", "[vm]\nmemory = 1G\ntemplate = good\n");
    g_autofree char *broken = put("broken", "[vm]\n\nmemory\n");

    refused("[vm]\ntemplate = base\nname = a\n", NULL, "FOLDER/base:12: [disk system] cache: ");
    refused("[vm]\ntemplate = good\nname = a\n\n[disk system]\ncache = slow\n", NULL,
            "FOLDER/vm.ini:6: [disk system] cache: ");
    refused("[vm]\ntemplate = good\n", NULL, "FOLDER/vm.ini:1: [vm] name: missing");
    refused("[vm]\ntemplate = good\nname = a\n[device gpu]\nguest-address = 00:00\n", NULL,
            "FOLDER/vm.ini:5: [device gpu] guest-address: ");
    refused("[vm]\ntemplate = good\nname = a\n[device b]\nhost = 02:00\nx-vga = yes\n", NULL,
            "FOLDER/vm.ini:6: [device b] x-vga: [device gpu] has it too");
    refused("[vm]\ntemplate = nested\nname = a\n", NULL, "FOLDER/nested:3: [vm] template: ");
    refused("[vm]\ntemplate = vm.ini\nname = a\n", NULL, "FOLDER/vm.ini:2: [vm] template: ");
    refused("[vm]\ntemplate = broken\nname = a\n", NULL, "FOLDER/vm.ini:2: [vm] template: FOLDER/broken:3: ");
    refused("[vm]\nname = a\ntemplate = nowhere\n", NULL, "FOLDER/vm.ini:3: [vm] template: FOLDER/nowhere: ");
    refused("[vm]\ntemplate = .\nname = a\n", NULL, "[vm] template: ");
    refused("[vm]\ntemplate = good\nname = a\n", settings, "[disk system] boot (overridden): ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_merge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absolute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("vmfile-template", tests, NULL, NULL);
}
