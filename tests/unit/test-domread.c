/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domread.h"

/* As libvirt 9.0 prints it, with all that is a real device and some that are not. */
static const char full[] =
    "<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <name>win11</name>\n"
    "  <uuid>6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11</uuid>\n"
    "  <metadata>\n"
    "    <other:domain xmlns:other='urn:other'><other:device address='x'/></other:domain>\n"
    "    <vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>\n"
    "      <vv:device name='gpu' address='0000:01:00.0' function='0' vendor='0x10de' device='0x1b80'\n"
    "        subsystem-vendor='0x1458' subsystem-device='0x3702' class='0x030000' rom='auto' x-vga='yes'/>\n"
    "      <vv:device name='gpu' address='0000:01:00.1' function='1'/>\n"
    "      <vv:device name='gone' address='0000:09:00.0' function='0'/>\n"
    "      <vv:allow code='disk-mounted' address='04:00.0'/>\n"
    "      <vv:services display-manager='stop' stop='a.service b@c.service'/>\n"
    "      <vv:later thing='1'/>\n"
    "    </vv:domain>\n"
    "  </metadata>\n"
    "  <devices>\n"
    "    <!-- a comment -->\n"
    "    <hostdev mode='subsystem' type='pci' managed='no'>\n"
    "      <driver name='vfio'/>\n"
    "      <source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>\n"
    "      <alias name='ua-gpu-0'/><rom file='/usr/share/vgabios/a &amp; b.rom'/>\n"
    "      <address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>\n"
    "    </hostdev>\n"
    "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
    "      <source><address domain='0' bus='1' slot='0' function='1'/></source>\n"
    "      <address type='unassigned'/>\n"
    "    </hostdev>\n"
    "    <hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>\n"
    "    <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
    "uuid='x'/></source></hostdev>\n"
    "    <interface type='hostdev' managed='yes'>\n"
    "      <source><address type='pci' domain='0x10000' bus='6' slot='16' function='7'/></source>\n"
    "    </interface>\n"
    "    <interface type='bridge'><source bridge='br0'/></interface>\n"
    "    <disk type='nvme' device='disk'>\n"
    "      <source type='pci' managed='yes' namespace='1'><address bus='0x4' slot='037'/></source>\n"
    "    </disk>\n"
    "    <disk type='file'><source file='/x'/></disk>\n"
    "  </devices>\n"
    "</domain>\n";

static const VvDomainDevice *device(const VvDomain *domain, guint index)
{
    assert_true(index < domain->devices->len);
    return domain->devices->pdata[index];
}

static void assert_host(const VvDomain *domain, guint index, const char *address)
{
    char text[VV_ADDRESS_TEXT];

    assert_string_equal(vv_address_format(device(domain, index)->host, text), address);
}

static void test_full(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvDomain) domain = vv_domain_read(full, sizeof full - 1, &error);

    if (!domain)
        print_error("%s\n", error->message);
    assert_non_null(domain);
    assert_string_equal(domain->name, "win11");
    assert_string_equal(domain->uuid, "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    assert_true(domain->ours);
    assert_string_equal(domain->allow[0], "disk-mounted=0000:04:00.0");
    assert_null(domain->allow[1]);
    assert_true(domain->stop_display_manager);
    assert_string_equal(domain->stop_services[1], "b@c.service");
    assert_null(domain->stop_services[2]);
    assert_int_equal(domain->devices->len, 4);
    assert_host(domain, 0, "0000:01:00.0");
    assert_string_equal(device(domain, 0)->card, "gpu");
    assert_false(device(domain, 0)->managed);
    assert_string_equal(device(domain, 0)->rom_file, "/usr/share/vgabios/a & b.rom");
    const VvIdentity *identity = device(domain, 0)->identity;
    assert_non_null(identity);
    assert_true(vv_address_equal(identity->address, device(domain, 0)->host));
    assert_int_equal(identity->vendor, 0x10de);
    assert_int_equal(identity->device, 0x1b80);
    assert_int_equal(identity->subsystem_vendor, 0x1458);
    assert_int_equal(identity->subsystem_device, 0x3702);
    assert_int_equal(identity->class_code, 0x030000);
    /* As the first versions wrote it. */
    assert_null(identity->serial);
    assert_null(identity->mac);
    assert_true(identity->dsn == 0);
    assert_true(device(domain, 0)->rom_auto);
    assert_true(device(domain, 0)->rombar);
    assert_false(domain->uefi);
    assert_host(domain, 1, "0000:01:00.1");
    assert_false(device(domain, 1)->rom_auto);
    assert_true(device(domain, 1)->managed);
    assert_string_equal(device(domain, 1)->card, "gpu");
    assert_null(device(domain, 1)->rom_file);
    assert_null(device(domain, 1)->identity);
    assert_host(domain, 2, "10000:06:10.7");
    assert_null(device(domain, 2)->card);
    assert_host(domain, 3, "0000:04:1f.0");
    assert_true(device(domain, 3)->managed);
}

static VvDomain *read_text(const char *text, GError **error)
{
    return vv_domain_read(text, strlen(text), error);
}

static void test_smallest(void **state)
{
    g_autoptr(VvDomain) domain = read_text("<domain><name>a</name></domain>", NULL);

    assert_non_null(domain);
    assert_null(domain->uuid);
    assert_false(domain->ours);
    assert_non_null(domain->allow);
    assert_null(domain->allow[0]);
    assert_false(domain->stop_display_manager);
    assert_null(domain->stop_services[0]);
    assert_int_equal(domain->devices->len, 0);
}

static void refused(const char *text, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvDomain) domain = read_text(text, &error);

    if (domain)
        print_error("taken: %.200s\n", text);
    assert_null(domain);
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_FAILED));
    if (!strstr(error->message, word))
        print_error("no '%s' in: %s\n", word, error->message);
    assert_non_null(strstr(error->message, word));
    for (const char *c = error->message; *c; c++)
        assert_true(g_ascii_isprint(*c));
}

#define HOSTDEV(address)                                                                                     \
    "<domain><name>a</name><devices><hostdev mode='subsystem' type='pci'><source>" address                   \
    "</source></hostdev></devices></domain>"
#define OWN(inner)                                                                                           \
    "<domain><name>a</name><metadata><v:domain xmlns:v='urn:virt-vfio:domain:1'>" inner                      \
    "</v:domain></metadata><devices><hostdev mode='subsystem' type='pci'><source><address bus='1'/>"         \
    "</source></hostdev></devices></domain>"

static void test_bad_devices(void **state)
{
    refused(HOSTDEV(""), "which PCI device");
    refused(HOSTDEV("<address/>"), "which PCI device");
    refused("<domain><name>a</name><devices><hostdev mode='subsystem' type='pci'/></devices></domain>",
            "which PCI device");
    refused(HOSTDEV("<address bus='0x100' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='1' slot='0x20'/>"), "slot");
    refused(HOSTDEV("<address bus='1' slot='0' function='8'/>"), "function");
    refused(HOSTDEV("<address bus='-1' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='+1' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus=' 1' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='1 ' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='0x' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='1f' slot='0'/>"), "bus");
    refused(HOSTDEV("<address bus='08' slot='0'/>"), "bus");
    refused(HOSTDEV("<address domain='0x100000000' bus='1' slot='0'/>"), "domain");
    refused(HOSTDEV("<address domain='18446744073709551617' bus='1' slot='0'/>"), "domain");
    refused("<domain><name>a</name><devices><hostdev mode='subsystem' type='pci'><source><address bus='1'/>"
            "</source><rom file='/a&#10;b'/></hostdev></devices></domain>",
            "ROM");
}

#define IDS                                                                                                  \
    "<v:device address='01:00.0' vendor='1' device='1' subsystem-vendor='0' subsystem-device='0' class='0' "

static void test_marks(void **state)
{
    /* Named twice: the last one counts, and the first one is not lost. */
    const char *text = OWN(IDS "serial='A'/>" IDS "serial='S4 EW' mac='02:1a:b0:00:05:ff' "
                               "dsn='0xfedcba9876543210'/>");
    g_autoptr(VvDomain) domain = read_text(text, NULL);

    assert_non_null(domain);
    assert_text(device(domain, 0)->identity->serial, "S4 EW");
    assert_text(device(domain, 0)->identity->mac, "02:1a:b0:00:05:ff");
    assert_true(device(domain, 0)->identity->dsn == G_GUINT64_CONSTANT(0xfedcba9876543210));
    refused(OWN(IDS "serial=''/>"), "serial");
    refused(OWN(IDS "serial=' a'/>"), "serial");
    refused(OWN(IDS "serial='a&#27;[2J'/>"), "line 1");
    refused(OWN(IDS "serial='a&#10;b'/>"), "serial");
    refused(OWN(IDS "serial='\xc2\x9b'/>"), "serial");
    refused(OWN(IDS "serial='12345678901234567890123456789012345678901234567890123456789012345'/>"),
            "serial");
    refused(OWN(IDS "mac=''/>"), "mac");
    refused(OWN(IDS "mac='02:1a:b0:00:05'/>"), "mac");
    refused(OWN(IDS "mac='02:1A:b0:00:05:ff'/>"), "mac");
    refused(OWN(IDS "mac='02-1a-b0-00-05-ff'/>"), "mac");
    refused(OWN(IDS "mac='00:00:00:00:00:00'/>"), "mac");
    refused(OWN(IDS "dsn='-1'/>"), "dsn");
    refused(OWN(IDS "dsn='0x10000000000000000'/>"), "dsn");
    refused(OWN("<v:device address='01:00.0' serial='a'/>"), "part");
    refused(OWN("<v:device address='01:00.0' dsn='1'/>"), "part");
}

static void test_reset(void **state)
{
    g_autoptr(VvDomain) domain = read_text(OWN(IDS "/>" IDS "reset='hot_reset flr'/>"), NULL);
    g_autoptr(VvDomain) silent = read_text(OWN(IDS "/>"), NULL);

    assert_text(device(domain, 0)->reset, "hot_reset flr");
    assert_text(device(silent, 0)->reset, "auto");
    refused(OWN(IDS "reset=''/>"), "reset");
    refused(OWN(IDS "reset='flr;pm'/>"), "reset");
    refused(OWN(IDS "reset='auto flr'/>"), "reset");
}

static void test_bad_metadata(void **state)
{
    refused(OWN("<v:device name='a'/>"), "<device>");
    refused(OWN("<v:device name='a' address='01:00'/>"), "<device>");
    refused(OWN("<v:device name='a/b' address='01:00.0'/>"), "name");
    refused(OWN("<v:device name='a' address='01:00.0' vendor='0x10de'/>"), "part");
    refused(OWN("<v:device address='01:00.0' vendor='0x10de' device='0x10000' subsystem-vendor='0' "
                "subsystem-device='0' class='0'/>"),
            "device");
    refused(OWN("<v:device address='01:00.0' vendor='1' device='1' subsystem-vendor='0' subsystem-device='0' "
                "class='0x1000000'/>"),
            "class");
    refused(OWN("<v:allow address='01:00.0'/>"), "<allow>");
    refused(OWN("<v:allow code='' address='01:00.0'/>"), "<allow>");
    refused(OWN("<v:allow code='claimed=02:00.0' address='01:00.0'/>"), "<allow>");
    refused(OWN("<v:allow code='claimed'/>"), "<allow>");
    refused(OWN("<v:allow code='claimed' address='*'/>"), "<allow>");
}

#define VFS(own)                                                                                             \
    "<domain><name>a</name><metadata><v:domain xmlns:v='urn:virt-vfio:domain:1'>" own                        \
    "</v:domain></metadata><devices><interface type='hostdev'><mac address='52:54:00:12:34:56'/>"            \
    "<source><address type='pci' bus='1' slot='0'/></source><vlan><tag id='9'/></vlan></interface>"          \
    "<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'><vendor id='0x46d'/>"             \
    "<product id='50475'/><address bus='3' device='7'/></source><alias name='ua-k-usb'/></hostdev>"          \
    "</devices></domain>"

static void test_policy(void **state)
{
    g_autoptr(VvDomain) domain =
        read_text(VFS("<v:vf name='lan' address='01:00.0' trust='no'/><v:usb name='k' alias='ua-k-usb' "
                      "port='3-4.2'/><v:vf name='gone' address='09:00.0'/><v:usb name='gone' alias='x'/>"),
                  NULL);
    g_autoptr(VvDomain) card =
        read_text(OWN("<v:device name='c' address='01:00.0' reset='flr pm' quarantine='yes'/>"), NULL);
    const VvDomainUsb *usb;

    assert_non_null(domain);
    assert_true(device(domain, 0)->interface);
    assert_text(device(domain, 0)->card, "lan");
    assert_text(device(domain, 0)->mac, "52:54:00:12:34:56");
    assert_int_equal(device(domain, 0)->vlan, 9);
    assert_int_equal(device(domain, 0)->wanted.trust, FALSE);
    assert_false(device(domain, 0)->has_guest_address);
    usb = domain->usbs->pdata[0];
    assert_text(usb->name, "k");
    assert_text(usb->port, "3-4.2");
    assert_int_equal(usb->vendor, 0x46d);
    assert_int_equal(usb->product, 50475);
    assert_int_equal(usb->bus, 3);
    assert_int_equal(usb->device, 7);
    assert_true(usb->optional);
    assert_non_null(card);
    assert_text(device(card, 0)->reset, "flr pm");
    assert_true(device(card, 0)->quarantine);
    assert_int_equal(device(card, 0)->wanted.fields, 0);
}

/* These are written to sysfs, or become a path in it. */
static void test_bad_policy(void **state)
{
    refused(OWN("<v:device address='01:00.0' reset=''/>"), "reset");
    refused(OWN("<v:device address='01:00.0' reset='flr&#10;bus'/>"), "reset");
    refused(OWN("<v:device address='01:00.0' reset='../flr'/>"), "reset");
    refused(OWN("<v:device address='01:00.0' quarantine='1'/>"), "quarantine");
    refused(VFS("<v:vf/>"), "<vf>");
    refused(VFS("<v:vf address='01:00.0' trust='maybe'/>"), "trust");
    refused(VFS("<v:vf address='01:00.0' name='a b'/>"), "name");
    refused(VFS("<v:usb alias='ua-k-usb' port='3-4.2/../..'/>"), "port");
    refused(VFS("<v:usb alias='ua-k-usb' port='3-'/>"), "port");
    refused(VFS("<v:usb alias='ua-k-usb' port='3-1.2.3.4.5.6.7.8'/>"), "port");
    refused(VFS("<v:usb alias='ua-k-usb' port='3-1&#10;'/>"), "port");
    refused(VFS("<v:usb alias='ua-k-usb' name='a&#27;' />"), "line 1");
    refused(HOSTDEV("<address bus='1' slot='0'/></source><alias name='a&#10;b'/><source>"), "alias");
    refused(HOSTDEV("<address bus='1' slot='0'/></source><address type='pci' bus='256' slot='0'/><source>"),
            "bus");
    refused(HOSTDEV("<address bus='1' slot='0'/></source><boot order='x'/><source>"), "order");
}

#define OVERRIDE(properties)                                                                                 \
    "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name><devices>"                   \
    "<hostdev mode='subsystem' type='pci'><source><address bus='1' slot='0'/></source>"                      \
    "<alias name='ua-a-0'/></hostdev></devices><q:override><q:device alias='ua-b-0'><q:frontend>"            \
    "<q:property name='x-vga' type='bool' value='true'/></q:frontend></q:device>"                            \
    "<q:device alias='ua-a-0'><q:frontend>" properties "</q:frontend></q:device></q:override></domain>"

static void test_overrides(void **state)
{
    g_autoptr(VvDomain) none =
        read_text(OVERRIDE("<q:property name='x-vga' type='bool' value='false'/>"), NULL);
    g_autoptr(VvDomain) some = read_text(
        OVERRIDE("<q:property name='x-vga' type='bool' value='true'/><q:property name='x-pci-device-id' "
                 "type='unsigned' value='4660'/><q:property name='x-pci-vendor-id' type='unsigned' "
                 "value='4294967295'/><q:property name='x-other' type='string' value='&lt;'/>"),
        NULL);

    assert_non_null(none);
    assert_false(device(none, 0)->x_vga);
    assert_non_null(some);
    assert_true(device(some, 0)->x_vga);
    assert_false(device(some, 0)->igd_opregion);
    assert_int_equal(device(some, 0)->ids.device, 4660);
    assert_int_equal(device(some, 0)->ids.vendor, -1);
    assert_int_equal(device(some, 0)->ids.subsystem_device, -1);
    refused(OVERRIDE("<q:property name='x-pci-device-id' type='unsigned' value='x'/>"), "value");
}

/* Only our own element at its own place counts as ours. */
static void test_not_ours(void **state)
{
    static const char *const texts[] = {
        "<domain><name>a</name><metadata><domain><device address='x'/></domain></metadata></domain>",
        "<domain><name>a</name><metadata><v:domain xmlns:v='urn:virt-vfio:domain:2'/></metadata></domain>",
        "<domain><name>a</name><v:domain xmlns:v='urn:virt-vfio:domain:1'/></domain>",
        "<domain><name>a</name><metadata><x><v:domain "
        "xmlns:v='urn:virt-vfio:domain:1'/></x></metadata></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(VvDomain) domain = read_text(texts[i], NULL);

        assert_non_null(domain);
        assert_false(domain->ours);
    }
}

static void test_bad_documents(void **state)
{
    refused("", "");
    refused("hello", "line 1");
    refused("<domain>", "line 1");
    refused("<domain/>", "<name>");
    refused("<domain><name/></domain>", "<name>");
    refused("<domain><name>a&#x9b;2J</name></domain>", "<name>");
    refused("<domain><name>a</name><uuid>b</uuid></domain>", "uuid");
    refused("<network><name>a</name></network>", "not a libvirt domain");
    refused("<domain xmlns='urn:x'><name>a</name></domain>", "not a libvirt domain");
    refused("<domain><name>\x1b[2J</name></domain>", "line 1");
    refused("<domain><name>\xff</name></domain>", "line 1");
    refused("<domain><name>&lol;</name></domain>", "line 1");
}

static void test_dtd(void **state)
{
    refused("<!DOCTYPE domain><domain><name>a</name></domain>", "DOCTYPE");
    refused("<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain><name>a</name></domain>", "DOCTYPE");
    refused("<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x'><domain><name>a</name></domain>", "DOCTYPE");
    refused("<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><domain><name>&x;</name></domain>",
            "DOCTYPE");
    refused("<!DOCTYPE d [<!ENTITY % x SYSTEM 'file:///etc/hostname'> %x;]><domain><name>a</name></domain>",
            "DOCTYPE");
    refused("<!DOCTYPE d [<!ATTLIST name x CDATA 'y'>]><domain><name>a</name></domain>", "DOCTYPE");
    refused("<!-- c --><?pi x?>\n<!DOCTYPE d><domain><name>a</name></domain>", "DOCTYPE");
}

static void test_billion_laughs(void **state)
{
    g_autoptr(GString) text = g_string_new("<!DOCTYPE d [<!ENTITY a0 'lol'>");
    gint64 start = g_get_monotonic_time();

    for (int i = 1; i < 30; i++)
        g_string_append_printf(text, "<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;'>", i, i - 1, i - 1, i - 1, i - 1);
    g_string_append(text, "]><domain x='&a29;'><name>&a29;</name></domain>");
    refused(text->str, "DOCTYPE");
    assert_true(g_get_monotonic_time() - start < G_USEC_PER_SEC);
}

static void test_deep(void **state)
{
    for (int depth = 100; depth <= 100000; depth *= 10) {
        g_autoptr(GString) text = g_string_new("<domain><name>a</name>");

        for (int i = 0; i < depth; i++)
            g_string_append(text, "<a>");
        for (int i = 0; i < depth; i++)
            g_string_append(text, "</a>");
        g_string_append(text, "</domain>");
        if (depth > 256)
            refused(text->str, "line 1");
        else
            vv_domain_free(read_text(text->str, NULL));
    }
}

static void test_large(void **state)
{
    g_autofree char *text = g_malloc(9 * 1024 * 1024);
    g_autoptr(GError) error = NULL;

    memset(text, ' ', 9 * 1024 * 1024);
    assert_null(vv_domain_read(text, 9 * 1024 * 1024, &error));
    assert_non_null(strstr(error->message, "8 MiB"));
    g_clear_error(&error);
    assert_null(vv_domain_read(text, G_MAXSIZE, &error));
    assert_non_null(strstr(error->message, "8 MiB"));
}

/* The sanitizers watch; a copy of exactly that size makes each byte too far visible. */
static void test_truncated(void **state)
{
    for (gsize length = 0; length < sizeof full - 2; length++) {
        g_autofree char *copy = g_memdup2(full, length ? length : 1);
        g_autoptr(GError) error = NULL;

        assert_null(vv_domain_read(copy, length, &error));
        assert_non_null(error);
    }
}

static void test_garbled(void **state)
{
    guint32 random = 1;

    for (int i = 0; i < 10000; i++) {
        g_autofree char *copy = g_memdup2(full, sizeof full);
        g_autoptr(GError) error = NULL;
        g_autoptr(VvDomain) domain = NULL;

        for (int changes = 0; changes < 2; changes++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % (sizeof full - 1)] = "<>/&;'=x0 \0:\xff-!?"[(random >> 4) & 15];
        }
        domain = vv_domain_read(copy, sizeof full - 1, &error);
        assert_true((domain == NULL) == (error != NULL));
    }
}

/* `rom` is what stands in the hostdev; `os` in the domain. */
static void expect_rom(const char *os, const char *rom, gboolean uefi, gboolean bar)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain><name>a</name>%s<devices><hostdev mode='subsystem' type='pci'><source><address bus='1'/>"
        "</source>%s</hostdev></devices></domain>",
        os, rom);
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), NULL);

    assert_non_null(domain);
    assert_int_equal(domain->uefi, uefi);
    assert_int_equal(device(domain, 0)->rombar && !device(domain, 0)->rom_none, bar);
    assert_false(device(domain, 0)->rom_auto);
}

static void test_rom(void **state)
{
    expect_rom("", "", FALSE, TRUE);
    expect_rom("<os firmware='efi'/>", "<rom bar='off'/>", TRUE, FALSE);
    expect_rom("<os><loader type='pflash'>/x</loader></os>", "<rom enabled='no'/>", TRUE, FALSE);
    expect_rom("<os><loader type='rom'>/x</loader></os>", "<rom file='/x'/>", FALSE, TRUE);
    expect_rom("<os firmware='bios'/>", "<rom bar='on'/>", FALSE, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_bad_policy),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_rom),
        cmocka_unit_test(test_bad_devices),
        cmocka_unit_test(test_bad_metadata),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_bad_documents),
        cmocka_unit_test(test_dtd),
        cmocka_unit_test(test_billion_laughs),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_garbled),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests_name("domread", tests, NULL, NULL);
}
