/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

static const struct {
    const char *text, *full;
} functions[] = {
    {"0000:01:00.0", "0000:01:00.0"},   {"01:00.0", "0000:01:00.0"},
    {"1:0.7", "0000:01:00.7"},          {"0000:FF:1F.7", "0000:ff:1f.7"},
    {"10000:e1:00.0", "10000:e1:00.0"}, {"ffffffff:ff:1f.7", "ffffffff:ff:1f.7"},
    {"0001:00:00.0", "0001:00:00.0"},   {"abcd:ef:1a.3", "abcd:ef:1a.3"},
};

static void test_parse(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(functions); i++) {
        VvAddress address;
        GError *error = NULL;
        char text[VV_ADDRESS_TEXT];
        assert_true(vv_address_parse(functions[i].text, &address, &error));
        assert_null(error);
        assert_string_equal(vv_address_format(address, text), functions[i].full);
        g_autofree char *copy = vv_address_dup(address);
        assert_string_equal(copy, functions[i].full);
    }
    VvAddress address = address_of("12345678:9a:0b.5");
    assert_int_equal(address.segment, 0x12345678);
    assert_int_equal(address.bus, 0x9a);
    assert_int_equal(address.slot, 0x0b);
    assert_int_equal(address.function, 5);
}

static const char *const never[] = {
    "",
    " ",
    "0",
    "01",
    "01:",
    ":00.0",
    "01:00.",
    "01:00.8",
    "01:00.-1",
    "01:00.00",
    "01:00.0 ",
    " 01:00.0",
    "01:20.0",
    "100:00.0",
    "01:00.0x",
    "0x01:00.0",
    "01-00.0",
    "01:00,0",
    "0000:100:0.0",
    "0000:01:20.0",
    "0000:01:00:0.0",
    "0:0:0:0.0",
    "gg:00.0",
    "01:0g.0",
    "0000.01:00",
    "01:00.0.0",
    "-1:00.0",
    "+1:00.0",
    "01::00.0",
    "0000::00.0",
    "01:00.0/..",
    "../01:00.0",
    "01:00.0\n",
    "\302\2401:0.0",
    "123456789:00:00.0",
    "100000000:00:00.0",
    "0000:01:00.0;0000:02:00.0",
};

static void test_refuse(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++) {
        VvAddress address = {1, 2, 3, 4};
        GError *error = NULL;
        if (vv_address_parse(never[i], &address, &error))
            fail_msg("'%s' was taken for an address", never[i]);
        assert_problem(error, VV_ERROR_USAGE, never[i]);
        assert_int_equal(address.segment, 1);
        assert_int_equal(address.bus, 2);
        assert_int_equal(address.slot, 3);
        assert_int_equal(address.function, 4);
    }
}

static void test_slot_is_no_function(void **state)
{
    VvAddress address;
    GError *error = NULL;

    assert_false(vv_address_parse("0000:01:00", &address, &error));
    assert_problem(error, VV_ERROR_USAGE, "0000:01:00");
    assert_false(vv_address_parse("01:00", &address, NULL));
}

static void test_order(void **state)
{
    static const char *const ascending[] = {
        "0000:00:00.0", "0000:00:00.7", "0000:00:01.0",  "0000:00:1f.7",  "0000:01:00.0",     "0000:ff:1f.7",
        "0001:00:00.0", "ffff:ff:1f.7", "10000:00:00.0", "10000:01:00.0", "ffffffff:ff:1f.7",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(ascending); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(ascending); j++) {
            VvAddress a = address_of(ascending[i]), b = address_of(ascending[j]);
            assert_int_equal(vv_address_key(a) < vv_address_key(b), i < j);
            assert_int_equal(vv_address_equal(a, b), i == j);
        }
}

static void test_same_slot(void **state)
{
    VvAddress gpu = address_of("01:00.0");

    assert_true(vv_address_same_slot(gpu, address_of("0000:01:00.7")));
    assert_false(vv_address_same_slot(gpu, address_of("01:01.0")));
    assert_false(vv_address_same_slot(gpu, address_of("02:00.0")));
    assert_false(vv_address_same_slot(gpu, address_of("0001:01:00.0")));
    assert_false(vv_address_same_slot(gpu, address_of("10000:01:00.0")));
}

/* "0000:01:00.0 0000:02:00" for what was understood. */
static char *selected(const GArray *selectors)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);
        g_autofree char *address = vv_address_dup(selector->address);
        if (selector->whole_slot)
            address[strlen(address) - 2] = '\0';
        g_string_append_printf(text, "%s%s", i ? " " : "", address);
    }
    return g_string_free(text, FALSE);
}

static void test_selectors(void **state)
{
    static const struct {
        const char *text, *meaning;
    } lines[] = {
        {"01:00", "0000:01:00"},
        {"0000:01:00", "0000:01:00"},
        {"01:00.0", "0000:01:00.0"},
        {"01:00;02:00.1", "0000:01:00 0000:02:00.1"},
        {" 01:00 ; 10000:02:00.1 ", "0000:01:00 10000:02:00.1"},
        {"01:00.1;01:00.1", "0000:01:00.1 0000:01:00.1"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
        GError *error = NULL;
        assert_true(vv_selector_parse(lines[i].text, selectors, &error));
        assert_null(error);
        g_autofree char *meaning = selected(selectors);
        assert_string_equal(meaning, lines[i].meaning);
    }
}

static void test_selectors_append(void **state)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    assert_true(vv_selector_parse("01:00", selectors, NULL));
    assert_true(vv_selector_parse("02:00.0", selectors, NULL));
    /* A bad word in the end takes its good neighbours along, and nobody else's. */
    assert_false(vv_selector_parse("03:00;04:00.0;nonsense", selectors, &error));
    assert_problem(error, VV_ERROR_USAGE, "'nonsense'");
    g_autofree char *left = selected(selectors);
    assert_string_equal(left, "0000:01:00 0000:02:00.0");
}

static void test_selectors_refuse(void **state)
{
    static const char *const bad[] = {"", ";", " ", "01:00;;02:00", "01", "01:00,02:00", "gpu", "01:00.9"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
        GError *error = NULL;
        assert_false(vv_selector_parse(bad[i], selectors, &error));
        assert_problem(error, VV_ERROR_USAGE, "looks like 0000:01:00.0");
        assert_int_equal(selectors->len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_slot_is_no_function),
        cmocka_unit_test(test_same_slot),
        cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_selectors_append),
        cmocka_unit_test(test_selectors_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
