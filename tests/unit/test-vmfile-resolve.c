/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-host.h"
#include "vmfile-texts.h"

static const VvVmFunction *function(const VvVm *vm, guint device, guint index)
{
    assert_true(index < card(vm, device)->functions->len);
    return &g_array_index(card(vm, device)->functions, VvVmFunction, index);
}

static void bad_resolve(const char *text, VvHost *host, const char *first, const char *second)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = good(text);

    assert_false(vv_vm_resolve(vm, host, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
    if (!strstr(error->message, first) || !strstr(error->message, second))
        print_error("%s\n", error->message);
    assert_non_null(strstr(error->message, "x.ini"));
    assert_non_null(strstr(error->message, first));
    assert_non_null(strstr(error->message, second));
}

static void test_resolve_blind(void **state)
{
    g_autoptr(VvVm) vm = good(VM "[device a]\nhost = 01:00.0;01:00.2\n[device b]\nhost = 02:00.1\n"
                                 "[device c]\nhost = 03:00.1;03:00.3\n[device d]\nhost = 04:00.1;05:00.0\n"
                                 "[device e]\nhost = 06:00.1;06:00.0\n");
    GError *error = NULL;

    /* Twice: it begins anew. */
    assert_true(vv_vm_resolve(vm, NULL, &error));
    assert_true(vv_vm_resolve(vm, NULL, &error));
    assert_int_equal(card(vm, 0)->functions->len, 2);
    assert_int_equal(function(vm, 0, 0)->guest_function, 0);
    assert_int_equal(function(vm, 0, 1)->guest_function, 2);
    assert_int_equal(function(vm, 1, 0)->guest_function, 0);
    assert_int_equal(function(vm, 1, 0)->host.function, 1);
    assert_int_equal(function(vm, 2, 0)->guest_function, 0);
    assert_int_equal(function(vm, 2, 1)->guest_function, 1);
    assert_int_equal(function(vm, 3, 0)->guest_function, 0);
    assert_int_equal(function(vm, 3, 1)->guest_function, 1);
    assert_int_equal(function(vm, 4, 0)->guest_function, 1);
    assert_int_equal(function(vm, 4, 1)->guest_function, 0);
    assert_null(function(vm, 0, 0)->identity);

    bad_resolve(VM "[device a]\nhost = 01:00\n", NULL, "[device a] host: 0000:01:00 ",
                "0000:01:00.0;0000:01:00.1");
    bad_resolve(VM GPU "[device b]\nhost = 01:00.0\n", NULL, "[device b] host: 0000:01:00.0", "[device gpu]");
    bad_resolve(VM "[device a]\nhost = 01:00.0;01:00.0\n", NULL, "[device a] host: 0000:01:00.0", "twice");
    bad_resolve(
        VM "[device a]\nhost = 01:00.0;02:00.0;03:00.0;04:00.0;05:00.0;06:00.0;07:00.0;08:00.0;09:00.0\n",
        NULL, "[device a] host: ", "8 functions");
}

static void test_resolve_host(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0 class=030000 id=10de:1b80 sub=1458:3702\n"
                                   "0000:01:00.1 class=040300 id=10de:0fbb sub=1458:3703\n"
                                   "0000:02:00.1 class=020000 id=8086:1521 sub=8086:0001\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = good(VM "[device gpu]\nhost = 01:00\n[device nic]\nhost = 02:00.1\n");

    assert_true(vv_vm_resolve(vm, host, &error));
    assert_int_equal(card(vm, 0)->functions->len, 2);
    assert_non_null(function(vm, 0, 0)->identity);
    assert_int_equal(function(vm, 0, 0)->identity->class_code, 0x030000);
    assert_int_equal(function(vm, 0, 1)->identity->vendor, 0x10de);
    assert_int_equal(function(vm, 0, 1)->identity->device, 0x0fbb);
    assert_int_equal(function(vm, 0, 1)->identity->subsystem_vendor, 0x1458);
    assert_int_equal(function(vm, 0, 1)->identity->subsystem_device, 0x3703);
    assert_int_equal(function(vm, 0, 1)->guest_function, 1);
    assert_int_equal(function(vm, 1, 0)->guest_function, 0);

    bad_resolve(VM "[device a]\nhost = 03:00\n", host, "[device a] host: ", "no 0000:03:00 on");
    bad_resolve(VM "[device a]\nhost = 01:00.3\n", host, "[device a] host: ", "no 0000:01:00.3 on");
    bad_resolve(VM "[device a]\nhost = 01:00;01:00.1\n", host, "[device a] host: 0000:01:00.1", "twice");
    bad_resolve(VM "[device a]\nhost = 01:00\n[device b]\nhost = 01:00.1\n", host,
                "[device b] host: ", "[device a]");
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

static void test_layouts(void **state)
{
    g_autoptr(VvVm) vm = good(VM "[device a]\nhost = 01:00.0;01:00.2\nfunctions = packed\n"
                                 "[device b]\nhost = 02:00.0;02:00.2\nfunctions = separate\n"
                                 "[device c]\nhost = 03:00.2;03:00.0\nfunctions = packed\n"
                                 "[device d]\nfunctions = separate\nhost = 04:00.0;04:00.1;04:00.2;04:00.3;"
                                 "04:00.4;04:00.5;04:00.6;04:00.7;05:00.0\n");

    assert_true(vv_vm_resolve(vm, NULL, NULL));
    assert_int_equal(function(vm, 0, 0)->guest_function, 0);
    assert_int_equal(function(vm, 0, 1)->guest_function, 1);
    assert_int_equal(function(vm, 1, 0)->guest_function, 0);
    assert_int_equal(function(vm, 1, 1)->guest_function, 0);
    assert_int_equal(function(vm, 2, 0)->host.function, 2);
    assert_int_equal(function(vm, 2, 0)->guest_function, 0);
    assert_int_equal(card(vm, 3)->functions->len, 9);
}

/* A whole slot is one word and up to eight functions, each behind a port of its own. */
static void test_too_many_ports(void **state)
{
    g_autoptr(GString) machine = g_string_new(NULL), text = g_string_new(VM);
    FakeHost *fake;

    for (guint i = 1; i <= 17; i++) {
        for (guint f = 0; f < 8; f++)
            g_string_append_printf(machine, "0000:%02x:00.%u class=020000 id=8086:1521 sub=8086:0001\n", i,
                                   f);
        g_string_append_printf(text, "[device d%u]\nhost = %02x:00\nfunctions = separate\n", i, i);
    }
    fake = fake_host_new(machine->str);
    g_autoptr(VvHost) host = fake_host_scan(fake);
    bad_resolve(text->str, host, "[device d", "128 slots");
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

static void test_vf(void **state)
{
    FakeHost *fake =
        fake_host_new("0000:06:00.0 class=020000 id=8086:10c9 sub=8086:0001 sriov=7/1\n"
                      "0000:06:10.0 class=020000 id=8086:10ca sub=8086:0001 physfn=0000:06:00.0\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvVm) vm = good(VM "[network n]\nvf = 06:10.0\n");

    assert_true(vv_vm_resolve(vm, host, NULL));
    assert_true(vv_vm_resolve(vm, NULL, NULL));
    bad_resolve(VM "[network n]\nvf = 06:10.2\n", host, "[network n] vf: ", "no 0000:06:10.2 on");
    bad_resolve(VM "[network n]\nvf = 06:00.0/1\n", host, "[network n] vf: ", "number 0 to 0");
    g_clear_pointer(&host, vv_host_free);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve_blind),
        cmocka_unit_test(test_resolve_host),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_too_many_ports),
        cmocka_unit_test(test_vf),
    };

    return cmocka_run_group_tests_name("vmfile-resolve", tests, NULL, NULL);
}
