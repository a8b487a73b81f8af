/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"

#include "domains/domread.h"

static void test_cards(void **state)
{
    g_autoptr(VvVm) vm = load(VM "[device gpu]\nhost = 01:00.0;01:00.1\nx-vga = yes\nrom = /r.rom\n"
                                 "allow = display-active claimed=01:00.1\n"
                                 "[device my.nic]\nhost = 10000:02:00.1\n");
    xmlDoc *doc;

    identify(vm, 0, 0, 0x030000);
    identify(vm, 0, 1, 0x040300);
    doc = build(vm, TRUE);
    /* Two cards, the USB controller, and four to spare. */
    expect(doc, "count(//controller[@model='pcie-root-port'])", "7");
    expect(doc, "//controller[@model='pcie-root']/@index", "0");
    expect(doc, "count(//hostdev[@managed='no'][@type='pci'][driver/@name='vfio'])", "3");
    expect(doc, "//hostdev[1]/source/address/@bus", "0x01");
    expect(doc, "//hostdev[1]/alias/@name", "ua-gpu-0");
    expect(doc, "//hostdev[1]/rom/@file", "/r.rom");
    expect(doc, "//hostdev[1]/address/@bus", "0x01");
    expect(doc, "//hostdev[1]/address/@function", "0x0");
    expect(doc, "//hostdev[1]/address/@multifunction", "on");
    expect(doc, "//hostdev[2]/source/address/@function", "0x1");
    expect(doc, "//hostdev[2]/alias/@name", "ua-gpu-1");
    expect(doc, "count(//hostdev[2]/rom)", "0");
    expect(doc, "//hostdev[2]/address/@slot", "0x00");
    expect(doc, "//hostdev[2]/address/@function", "0x1");
    expect(doc, "count(//hostdev[2]/address/@multifunction)", "0");
    expect(doc, "//hostdev[3]/source/address/@domain", "0x10000");
    expect(doc, "//hostdev[3]/source/address/@function", "0x1");
    expect(doc, "//hostdev[3]/alias/@name", "ua-my_nic-0");
    expect(doc, "//hostdev[3]/address/@bus", "0x02");
    expect(doc, "//hostdev[3]/address/@function", "0x0");
    expect(doc, "count(//hostdev[3]/address/@multifunction)", "0");
    expect(doc, "count(//hostdev[3]/rom)", "0");
    expect(doc, "//q:override/q:device/@alias", "ua-gpu-0");
    expect(doc, "//q:override/q:device/q:frontend/q:property[@name='x-vga'][@type='bool']/@value", "true");
    expect(doc, "//video/model/@type", "none");
    expect(doc, "count(//graphics)", "0");
    expect(doc, "count(//v:device)", "3");
    expect(doc, "//v:device[1]/@vendor", "0x10de");
    expect(doc, "//v:device[1]/@class", "0x030000");
    expect(doc, "//v:device[1]/@rom", "/r.rom");
    expect(doc, "//v:device[1]/@x-vga", "yes");
    expect(doc, "count(//v:device[2]/@rom)", "0");
    expect(doc, "//v:device[3]/@address", "10000:02:00.1");
    expect(doc, "//v:device[3]/@function", "0");
    expect(doc, "count(//v:device[3]/@vendor)", "0");
    expect(doc, "count(//v:allow)", "3");
    expect(doc, "count(//v:allow[@code='display-active'])", "2");
    expect(doc, "//v:allow[@code='claimed']/@address", "0000:01:00.1");
    xmlFreeDoc(doc);
}

static void test_roms(void **state)
{
    static const struct {
        const char *keys, *enabled, *bar, *file, *count;
    } cases[] = {
        {"", "", "", "", "0"},
        {"rom = auto\n", "", "", "", "0"},
        {"rom = none\n", "no", "", "", "2"},
        {"rombar = no\n", "", "off", "", "2"},
        {"rom = none\nrombar = no\n", "no", "", "", "2"},
        {"rom = /a\n", "", "", "/a", "1"},
        {"rom = /a\nrombar = no\n", "", "off", "/a", "2"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(VM "[device d]\nhost = 01:00.0;01:00.1\n%s", cases[i].keys);
        g_autoptr(VvVm) vm = load(text);
        xmlDoc *doc = build(vm, FALSE);

        expect(doc, "//hostdev[1]/rom/@enabled", cases[i].enabled);
        expect(doc, "//hostdev[1]/rom/@bar", cases[i].bar);
        expect(doc, "//hostdev[1]/rom/@file", cases[i].file);
        expect(doc, "//hostdev[2]/rom/@file", "");
        expect(doc, "count(//rom)", cases[i].count);
        xmlFreeDoc(doc);
    }
}

/* Which emulated devices a card makes superfluous. */
static void test_kinds(void **state)
{
    static const struct {
        guint32 class_code;
        const char *video, *usb, *boot;
    } cases[] = {
        {0x030000, "none", "qemu-xhci", ""}, {0x038000, "none", "qemu-xhci", ""},
        {0x030200, "vga", "qemu-xhci", ""},  {0x120000, "vga", "qemu-xhci", ""},
        {0x0c0330, "vga", "none", ""},       {0x010700, "vga", "qemu-xhci", "1"},
        {0x010802, "vga", "qemu-xhci", "1"}, {0x020000, "vga", "qemu-xhci", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VvVm) vm = load(VM "[device d]\nhost = 01:00.0\n");
        xmlDoc *doc;

        identify(vm, 0, 0, cases[i].class_code);
        doc = build(vm, FALSE);
        expect(doc, "//video/model/@type", cases[i].video);
        expect(doc, "//controller[@type='usb']/@model", cases[i].usb);
        expect(doc, "//hostdev/boot/@order", cases[i].boot);
        xmlFreeDoc(doc);
    }
}

static void assert_identity(const VvIdentity *found, const VvIdentity *wanted)
{
    assert_int_equal(found != NULL, wanted != NULL);
    if (!found || !wanted)
        return;
    assert_true(vv_address_equal(found->address, wanted->address));
    assert_int_equal(found->vendor, wanted->vendor);
    assert_int_equal(found->device, wanted->device);
    assert_int_equal(found->subsystem_vendor, wanted->subsystem_vendor);
    assert_int_equal(found->subsystem_device, wanted->subsystem_device);
    assert_int_equal(found->class_code, wanted->class_code);
    assert_text(found->serial, wanted->serial);
    assert_text(found->mac, wanted->mac);
    assert_true(found->dsn == wanted->dsn);
}

static VvIdentity *identity_of(const VvVm *vm, guint card, guint index)
{
    return g_array_index(((VvVmDevice *)vm->devices->pdata[card])->functions, VvVmFunction, index).identity;
}

static void test_round_trip(void **state)
{
    g_autoptr(VvVm) vm = load(VM "uuid = 6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11\n[device gpu]\n"
                                 "host = 01:00.0;01:00.1\nrom = /r.rom\nallow = net-up\n"
                                 "[device nic]\nhost = 10000:02:1f.7\n");
    g_autofree char *xml = NULL;
    g_autoptr(VvDomain) domain = NULL;
    guint at = 0;

    identify(vm, 0, 0, 0x030000);
    identify(vm, 0, 1, 0x040300);
    /* What a drive may say of itself must not become markup. */
    identity_of(vm, 0, 0)->serial = g_strdup("S4 <\"'&>]]>");
    identity_of(vm, 0, 0)->dsn = G_GUINT64_CONSTANT(0xfedcba9876543210);
    identity_of(vm, 0, 1)->mac = g_strdup("52:54:00:12:34:56");
    identity_of(vm, 0, 1)->dsn = 1;
    xml = build_text(vm, TRUE);
    domain = vv_domain_read(xml, strlen(xml), NULL);
    assert_non_null(domain);
    assert_true(domain->ours);
    assert_string_equal(domain->name, vm->name);
    assert_string_equal(domain->uuid, vm->uuid);
    assert_int_equal(domain->devices->len, 3);
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++, at++) {
            const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, f);
            const VvDomainDevice *device = domain->devices->pdata[at];

            assert_true(vv_address_equal(function->host, device->host));
            assert_string_equal(device->card, card->name);
            assert_identity(device->identity, function->identity);
            assert_false(device->managed);
            assert_int_equal(device->rom_file != NULL, at == 0);
        }
    }
    assert_string_equal(domain->allow[0], "net-up=0000:01:00.0");
    assert_string_equal(domain->allow[1], "net-up=0000:01:00.1");
    assert_null(domain->allow[2]);
    g_autoptr(GPtrArray) identities = vv_domain_identities(domain);
    assert_int_equal(identities->len, 2);
    assert_identity(identities->pdata[1], identity_of(vm, 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_roms),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests_name("domxml-cards", tests, load_schema, free_schema);
}
