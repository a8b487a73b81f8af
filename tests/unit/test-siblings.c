/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/siblings.h"

#include <unistd.h>

/* "0000:01:00.1 0000:01:00.2": what a reset reaches besides the function; new string. */
static char *siblings_of(FakeHost *fake, const char *address)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    GString *text = g_string_new(NULL);
    const VvDevice *device = vv_host_find(host, address_of(address));

    assert_non_null(device);
    vv_reset_siblings(host, device, found);
    for (guint i = 0; i < found->len; i++) {
        const VvDevice *sibling = found->pdata[i];
        assert_ptr_equal(sibling, vv_host_find(host, sibling->address));
        g_string_append_printf(text, "%s%s", i ? " " : "", sibling->text);
    }
    return g_string_free(text, FALSE);
}

static void assert_siblings(FakeHost *fake, const char *address, const char *expected)
{
    g_autofree char *found = siblings_of(fake, address);

    if (strcmp(found, expected) != 0)
        fail_msg("a reset of %s reaches \"%s\", expected \"%s\"", address, found, expected);
}

static void test_function_level(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");

    assert_siblings(fake, "0000:02:00.0", "");
    /* Alone on its bus. */
    assert_siblings(fake, "0000:03:00.0", "");
    fake_host_free(fake);
}

/* Each method that the kernel knows (pci_reset_fn_methods), and what is there before 5.15. The bus is named
 * for function 0 even where it has neighbours, and cannot be reset then. */
static void test_methods(void **state)
{
    static const struct {
        const char *methods;
        gboolean is_own;
    } cases[] = {{"device_specific", TRUE},
                 {"acpi", TRUE},
                 {"flr", TRUE},
                 {"af_flr", TRUE},
                 {"pm", TRUE},
                 {"old", TRUE},
                 {"pm,bus", TRUE},
                 {"bus,pm", TRUE},
                 {"bus", FALSE},
                 {"", FALSE},
                 {"bus,cxl_bus", FALSE},
                 {"cxl_bus", FALSE}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *machine =
            g_strdup_printf("0000:00:01.0 class=060400 id=8086:1901\n"
                            "0000:01:00.0 class=020000 id=8086:10d3 behind=0000:00:01.0 reset=%s\n"
                            "0000:01:00.1 class=020000 id=8086:10d3 behind=0000:00:01.0\n",
                            cases[i].methods);
        FakeHost *fake = fake_host_new(machine);
        assert_siblings(fake, "0000:01:00.0", cases[i].is_own ? "" : "0000:01:00.1");
        assert_siblings(fake, "0000:01:00.1", "0000:01:00.0");
        fake_host_free(fake);
    }
    /* Alone on its bus. */
    FakeHost *fake = fake_host_new("0000:00:01.0 class=060400 id=8086:1901\n"
                                   "0000:01:00.0 class=020000 id=8086:10d3 behind=0000:00:01.0 reset=bus\n");
    assert_siblings(fake, "0000:01:00.0", "");
    fake_host_free(fake);
}

static void test_bus(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");

    assert_siblings(fake, "0000:01:00.0", "0000:01:00.1 0000:01:00.2 0000:01:00.3");
    assert_siblings(fake, "0000:01:00.2", "0000:01:00.0 0000:01:00.1 0000:01:00.3");
    fake_host_free(fake);

    /* Behind two bridges of its own; one function of four has a method. */
    fake = fake_host_load("amd-desktop");
    assert_siblings(fake, "0000:08:00.0", "0000:08:00.1 0000:08:00.2 0000:08:00.3");
    assert_siblings(fake, "0000:08:00.2", "");
    fake_host_free(fake);
}

static void test_root_bus(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");

    assert_siblings(fake, "0000:00:1f.3", "");
    assert_siblings(fake, "0000:00:17.0", "");
    fake_host_free(fake);

    /* The bus below a VMD is a root bus too. */
    fake =
        fake_host_new("10000:00:02.0 class=010802 id=8086:0a54\n10000:00:03.0 class=010802 id=8086:0a54\n");
    assert_siblings(fake, "10000:00:02.0", "");
    fake_host_free(fake);
}

/* A function beside a bridge takes with it what is behind that, at any depth, but nothing beside the bus. */
static void test_below(void **state)
{
    FakeHost *fake = fake_host_new("0000:00:01.0 class=060400 id=8086:1901\n"
                                   "0000:00:01.1 class=060400 id=8086:1901\n"
                                   "0000:01:00.0 class=060400 id=10b5:8747 behind=0000:00:01.0\n"
                                   "0000:01:00.1 class=088000 id=10b5:87b0 behind=0000:00:01.0\n"
                                   "0000:02:08.0 class=060400 id=10b5:8747 behind=0000:01:00.0\n"
                                   "0000:03:00.0 class=010802 id=144d:a808 behind=0000:02:08.0\n"
                                   "0000:04:00.0 class=010802 id=144d:a808 behind=0000:00:01.1\n");

    assert_siblings(fake, "0000:01:00.1", "0000:01:00.0 0000:02:08.0 0000:03:00.0");
    assert_siblings(fake, "0000:03:00.0", "");
    assert_siblings(fake, "0000:02:08.0", "0000:03:00.0");
    fake_host_free(fake);
}

static void test_virtual_functions(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");

    assert_siblings(fake, "0000:17:00.0", "0000:17:02.0 0000:17:02.1 0000:17:02.2 0000:17:02.3");
    /* The neighbour has none. */
    assert_siblings(fake, "0000:17:00.1", "");
    assert_siblings(fake, "0000:17:02.1", "");
    fake_host_free(fake);

    /* Virtual functions of two parents, some on a bus of another number, which has the same bridge above. */
    fake = fake_host_new("0000:00:01.0 class=060400 id=8086:1901\n"
                         "0000:01:00.0 class=020000 id=8086:10c9 behind=0000:00:01.0 sriov=8/1\n"
                         "0000:01:00.1 class=020000 id=8086:10c9 behind=0000:00:01.0 sriov=8/1 reset=flr\n"
                         "0000:02:10.0 class=020000 id=8086:10ca behind=0000:00:01.0 physfn=0000:01:00.0\n"
                         "0000:02:10.1 class=020000 id=8086:10ca behind=0000:00:01.0 physfn=0000:01:00.1\n");
    assert_siblings(fake, "0000:01:00.0", "0000:01:00.1 0000:02:10.0 0000:02:10.1");
    assert_siblings(fake, "0000:01:00.1", "0000:02:10.1");
    fake_host_free(fake);
}

/* A machine recorded with folders in place of links has no tree. */
static void test_without_tree(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0 class=030000 id=10de:1e84\n"
                                   "0001:01:00.0 class=030000 id=10de:1e84\n"
                                   "0000:02:00.0 class=030000 id=10de:1e84\n");

    for (const char *const *name = (const char *const[]){"0000:01:00.0", "0000:01:00.1", NULL}; *name;
         name++) {
        g_autofree char *link = g_strdup_printf("%s/sys/bus/pci/devices/%s", fake_host_root(fake), *name);
        g_autofree char *modalias = g_strdup_printf("sys/bus/pci/devices/%s/modalias", *name);
        unlink(link);
        fake_host_put(fake, modalias, "pci:v000010DEd00001E84sv00000000sd00000000bc03sc00i00\n");
    }
    assert_siblings(fake, "0000:01:00.0", "0000:01:00.1");
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_function_level),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_bus),
        cmocka_unit_test(test_root_bus),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_virtual_functions),
        cmocka_unit_test(test_without_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
