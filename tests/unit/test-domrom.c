/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "domains/domrom.h"

#include <string.h>

#define HOSTDEV(function, rom)                                                                               \
    "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x01' "         \
    "slot='0x00' function='" function "'/></source>" rom                                                     \
    "<address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/></hostdev>"
#define DOMAIN(devices) "<domain type='kvm'><name>a</name><devices>" devices "</devices></domain>"

/* Gives function 0 the ROM `path`; `want` is in what comes out, NULL: nothing changes. */
static void expect(const char *xml, const char *path, const char *want)
{
    g_autoptr(GHashTable) files = vv_domain_roms_new();
    g_autoptr(GError) error = NULL;

    vv_domain_roms_add(files, (VvAddress){.bus = 1}, g_strdup(path));
    g_autofree char *is = vv_domain_set_roms(xml, strlen(xml), files, &error);
    if (error)
        fail_msg("%s", error->message);
    if (!want) {
        assert_null(is);
        return;
    }
    if (!is || !strstr(is, want))
        fail_msg("no %s in %s", want, is);
    /* Once more changes nothing. */
    assert_null(vv_domain_set_roms(is, strlen(is), files, NULL));
}

static void test_set(void **state)
{
    expect(DOMAIN(HOSTDEV("0x0", "")), "/a&b.rom", "<rom file=\"/a&amp;b.rom\"/>");
    expect(DOMAIN(HOSTDEV("0x0", "<rom bar='on' file='/old'/>")), "/new", "<rom bar=\"on\" file=\"/new\"/>");
    expect(DOMAIN(HOSTDEV("0x0", "<rom file='/new'/>")), "/new", NULL);
    expect(DOMAIN(HOSTDEV("0x0", "<rom bar='off' file='/old'/>")), NULL, "<rom bar=\"off\"/>");
    expect(DOMAIN(HOSTDEV("0x0", "")), NULL, NULL);
    expect(DOMAIN(HOSTDEV("0x1", "")), "/new", NULL);
    expect(DOMAIN(""), "/new", NULL);
    expect("<domain/>", "/new", NULL);
}

static void test_empty_goes(void **state)
{
    const char *xml = DOMAIN(HOSTDEV("0x0", "<rom file='/old'/>") HOSTDEV("0x1", "<rom file='/other'/>"));
    g_autoptr(GHashTable) files = vv_domain_roms_new();

    vv_domain_roms_add(files, (VvAddress){.bus = 1}, NULL);
    g_autofree char *is = vv_domain_set_roms(xml, strlen(xml), files, NULL);
    assert_null(strstr(is, "/old"));
    assert_non_null(strstr(is, "<rom file=\"/other\"/>"));
    assert_null(strstr(is, "<rom/>"));
}

static void test_bad_xml(void **state)
{
    g_autoptr(GHashTable) files = vv_domain_roms_new();
    g_autoptr(GError) error = NULL;

    assert_null(vv_domain_set_roms("<domain", 7, files, &error));
    assert_non_null(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_empty_goes),
        cmocka_unit_test(test_bad_xml),
    };

    return cmocka_run_group_tests_name("domrom", tests, NULL, NULL);
}
