/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/reset-method.h"
#include "vfio/reset-quirk.h"

#define BRIDGE "0000:00:01.0 class=060400 id=8086:1901 subordinate\n"

/* "flr bus! hot_reset(0000:01:00.1)": ! unfit, !! not even by name, ? wants consent; in brackets whom it
 * reaches. */
static char *describe(FakeHost *fake, const char *address)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(GPtrArray) methods = vv_reset_methods(host, vv_host_find(host, address_of(address)));
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < methods->len; i++) {
        const VvResetMethod *method = methods->pdata[i];
        g_string_append_printf(text, "%s%s%s%s", i ? " " : "", method->name,
                               method->refused ? "!!"
                               : method->unfit ? "!"
                                               : "",
                               method->consent ? "?" : "");
        for (guint j = 0; j < method->reaches->len; j++)
            g_string_append_printf(text, "%c%s%s", j ? ',' : '(',
                                   ((const VvDevice *)method->reaches->pdata[j])->text,
                                   j + 1 == method->reaches->len ? ")" : "");
        assert_ptr_equal(vv_reset_method_find(methods, method->name), method);
    }
    return g_string_free(text, FALSE);
}

static void assert_methods(const char *machine, const char *address, const char *expected)
{
    FakeHost *fake = fake_host_new(machine);
    g_autofree char *found = describe(fake, address);

    assert_string_equal(found, expected);
    fake_host_free(fake);
}

static void test_alone(void **state)
{
    assert_methods(BRIDGE "0000:01:00.0 class=010802 id=1b36:0010 behind=0000:00:01.0 reset=flr,bus slot=3\n",
                   "0000:01:00.0", "flr bus hot_reset!! reset_subordinate slot_power? remove_rescan?");
    /* The vendor's own comes first, wherever it is in the list. */
    assert_methods(BRIDGE "0000:01:00.0 class=030000 id=1002:67df behind=0000:00:01.0 "
                          "reset=flr,device_specific,bus driver=vfio-pci\n",
                   "0000:01:00.0", "device_specific flr bus hot_reset reset_subordinate remove_rescan?");
    /* On a root bus, and before 5.15. */
    assert_methods("0000:00:1f.3 class=040300 id=8086:a348 reset=old\n", "0000:00:1f.3",
                   "unknown remove_rescan?");
    assert_methods("0000:00:1f.3 class=040300 id=8086:a348\n", "0000:00:1f.3", "remove_rescan?");
}

static void test_siblings(void **state)
{
    static const char machine[] =
        BRIDGE "0000:01:00.0 class=030000 id=1234:1111 behind=0000:00:01.0 reset=bus driver=vfio-pci slot=1\n"
               "0000:01:00.1 class=040300 id=8086:2668 behind=0000:00:01.0 driver=vfio-pci\n"
               "0000:02:00.0 class=020000 id=8086:10d3 behind=0000:00:01.0 driver=e1000e\n";

    assert_methods(
        machine, "0000:01:00.0",
        "bus!! hot_reset!!(0000:01:00.1,0000:02:00.0) reset_subordinate(0000:01:00.1,0000:02:00.0) "
        "slot_power?(0000:01:00.1,0000:02:00.0) remove_rescan?(0000:01:00.1)");
}

static void test_virtual_functions(void **state)
{
    static const char machine[] =
        BRIDGE "0000:01:00.0 class=010802 id=1b36:0010 behind=0000:00:01.0 reset=flr sriov=4/1\n"
               "0000:01:00.1 class=010802 id=1b36:0010 behind=0000:00:01.0 reset=flr physfn=0000:01:00.0\n";

    assert_methods(machine, "0000:01:00.0",
                   "flr(0000:01:00.1) hot_reset!!(0000:01:00.1) reset_subordinate(0000:01:00.1) "
                   "remove_rescan!!?(0000:01:00.1)");
    assert_methods(machine, "0000:01:00.1",
                   "flr hot_reset!!(0000:01:00.0) reset_subordinate(0000:01:00.0) "
                   "remove_rescan!!?(0000:01:00.0)");
}

static void test_quirks(void **state)
{
    assert_methods("0000:00:1f.6 class=020000 id=8086:1502 reset=flr,pm\n", "0000:00:1f.6",
                   "flr! pm remove_rescan?");
    /* A bus is as bad for one as for whoever is beside it. */
    assert_methods(BRIDGE "0000:01:00.0 class=028000 id=168c:003e behind=0000:00:01.0 reset=pm,bus\n",
                   "0000:01:00.0", "pm bus! hot_reset!! reset_subordinate! remove_rescan?");
    assert_methods(BRIDGE "0000:01:00.0 class=020000 id=8086:10d3 behind=0000:00:01.0 reset=pm\n"
                          "0000:01:00.1 class=028000 id=168c:003e behind=0000:00:01.0\n",
                   "0000:01:00.0",
                   "pm hot_reset!!(0000:01:00.1) reset_subordinate!(0000:01:00.1) "
                   "remove_rescan?(0000:01:00.1)");
    assert_methods("0000:00:02.0 class=030000 id=1002:9874 reset=pm\n", "0000:00:02.0", "pm! remove_rescan?");
    assert_methods("0000:00:02.0 class=030200 id=10de:2342 reset=flr,bus\n", "0000:00:02.0",
                   "flr bus! remove_rescan?");
    assert_methods("0000:00:02.0 class=030200 id=10de:2380 reset=flr,bus\n", "0000:00:02.0",
                   "flr bus remove_rescan?");
}

/* Each row is about something, and says where it is from. */
static void test_table(void **state)
{
    gsize count;
    const VvResetQuirk *quirks = vv_reset_quirks(&count);

    assert_in_range(count, 60, 200);
    for (gsize i = 0; i < count; i++) {
        const VvResetQuirk *quirk = &quirks[i];
        const VvDevice device = {
            .vendor = quirk->vendor, .device = quirk->device, .class_code = quirk->class_code};
        assert_non_null(quirk->source);
        assert_true(quirk->mask || quirk->class_mask);
        assert_int_equal(quirk->why != NULL, quirk->settle_ms == 0);
        if (quirk->settle_ms)
            assert_int_equal(vv_reset_quirk_settle_ms(&device, quirk->method), quirk->settle_ms);
        else if (quirk->method)
            assert_ptr_equal(vv_reset_quirk_against(&device, quirk->method), quirk);
        else
            assert_ptr_equal(vv_reset_quirk_note(&device), quirk);
        for (gsize j = 0; j < i; j++)
            assert_false(quirks[j].vendor == quirk->vendor && quirks[j].device == quirk->device &&
                         g_strcmp0(quirks[j].method, quirk->method) == 0);
    }
}

static void test_words(void **state)
{
    assert_true(vv_reset_policy_valid("auto"));
    assert_true(vv_reset_policy_valid("none"));
    assert_true(vv_reset_policy_valid("flr"));
    assert_true(vv_reset_policy_valid("device_specific hot_reset remove_rescan"));
    assert_false(vv_reset_policy_valid(""));
    assert_false(vv_reset_policy_valid("flr auto"));
    assert_false(vv_reset_policy_valid("flr "));
    assert_false(vv_reset_policy_valid("FLR"));
    assert_false(vv_reset_method_known("unknown"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_siblings),
        cmocka_unit_test(test_virtual_functions),
        cmocka_unit_test(test_quirks),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
