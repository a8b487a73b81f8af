/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"

#include "domains/compare.h"
#include "domains/connection.h"
#include "domains/keep.h"
#include "launcher/diff.h"

static VvConnection *connection;

static int set_up(void **state)
{
    connection = vv_connection_open("test:///default", NULL);
    return 0;
}

static int clean_up(void **state)
{
    vv_connection_close(connection);
    xmlCleanupParser();
    return 0;
}

static void expect_reduced(const char *stored, const char *built, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reduced = vv_domain_reduce(stored, built, &error);
    g_autoptr(GString) flat = g_string_new(reduced);

    assert_fine(error);
    g_string_replace(flat, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 0);
    g_string_replace(flat, "\n", "", 0);
    g_string_replace(flat, "  ", "", 0);
    assert_string_equal(flat->str, wanted);
}

static void test_libvirts_own(void **state)
{
    const char *built = "<domain type=\"kvm\"><name>a</name><vcpu>2</vcpu><devices>"
                        "<controller type=\"pci\" index=\"0\" model=\"pcie-root\"/>"
                        "<disk type=\"file\"><target dev=\"vda\"/></disk></devices></domain>";

    expect_reduced(built, built, built);
    expect_reduced("<domain type='kvm'><name>a</name><uuid>x</uuid><currentMemory>1</currentMemory>"
                   "<vcpu placement='static'>2</vcpu><resource/><devices><emulator>/q</emulator>"
                   "<disk type='file'><backingStore/><target dev='vda'/><address type='pci'/></disk>"
                   "<controller type='pci' index='0' model='pcie-root'/>"
                   "<controller type='pci' index='1' model='pcie-root-port'/><input type='mouse'/>"
                   "</devices></domain>",
                   built, built);
    /* A card of the host is not libvirt's, wherever it is in the guest. */
    expect_reduced(
        "<domain><hostdev><source><address bus='1'/></source><address bus='2'/></hostdev></domain>",
        "<domain><hostdev><source/></hostdev></domain>",
        "<domain><hostdev><source><address bus=\"1\"/></source></hostdev></domain>");
    /* Not if it was asked for. */
    expect_reduced("<domain><uuid>x</uuid></domain>", "<domain><uuid>y</uuid></domain>",
                   "<domain><uuid>x</uuid></domain>");
}

static void test_differences(void **state)
{
    /* A value, an attribute, an element that is no longer there; where they were. */
    expect_reduced("<domain><vcpu>4</vcpu><iothreads>1</iothreads><os/></domain>",
                   "<domain><vcpu>2</vcpu><os/></domain>",
                   "<domain><vcpu>4</vcpu><iothreads>1</iothreads><os/></domain>");
    expect_reduced("<domain><a/><b/></domain>", "<domain><c/></domain>", "<domain><a/><b/></domain>");
    expect_reduced("<domain><disk><driver cache='none' name='qemu'/></disk></domain>",
                   "<domain><disk><driver name=\"qemu\"/></disk></domain>",
                   "<domain><disk><driver name=\"qemu\" cache=\"none\"/></disk></domain>");
    expect_reduced("<domain/>", "<domain><a/></domain>", "<domain/>");
    /* The order of `built`; the most alike of several. */
    expect_reduced("<domain><disk><t dev='a'/></disk><disk><t dev='b'/></disk></domain>",
                   "<domain><disk><t dev=\"b\"/></disk><disk><t dev=\"a\"/></disk></domain>",
                   "<domain><disk><t dev=\"b\"/></disk><disk><t dev=\"a\"/></disk></domain>");
    expect_reduced("<domain><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='2'/></domain>",
                   "<domain><vcpupin vcpu=\"1\" cpuset=\"1\"/></domain>",
                   "<domain><vcpupin vcpu=\"0\" cpuset=\"1\"/><vcpupin vcpu=\"1\" cpuset=\"2\"/></domain>");
}

static void test_namespaces(void **state)
{
    const char *built =
        "<domain xmlns:q=\"urn:q\"><metadata><v:d xmlns:v=\"urn:v\" version=\"1\"/></metadata>"
        "<q:arg value=\"1\"/></domain>";

    expect_reduced(built, built, built);
    expect_reduced("<domain xmlns:v='urn:v' xmlns:q='urn:q'><metadata><v:d version='1'/></metadata>"
                   "<q:arg value='1'/></domain>",
                   built, built);
    expect_reduced("<domain xmlns:o='urn:o'><o:x/></domain>", "<domain/>",
                   "<domain><o:x xmlns:o=\"urn:o\"/></domain>");
}

static void test_bad(void **state)
{
    GError *error = NULL;

    assert_null(vv_domain_reduce("<domain", "<domain/>", &error));
    assert_problem(error, VV_ERROR_FAILED, "XML");
    error = NULL;
    assert_null(vv_domain_reduce("<domain/>", "", &error));
    assert_problem(error, VV_ERROR_FAILED, "XML");
    error = NULL;
    assert_null(vv_domain_sorted("<domain", &error));
    assert_problem(error, VV_ERROR_FAILED, "XML");
}

static void test_sorted(void **state)
{
    g_autofree char *a = vv_domain_sorted("<domain><devices><controller type='usb' index='0'/><disk/>"
                                          "<controller type='pci' index='10'/>"
                                          "<controller type='pci' index='9'/></devices></domain>",
                                          NULL);
    g_autofree char *b = vv_domain_sorted("<domain>  <devices>\n<controller type='pci' index='9'/>"
                                          "<controller type='pci' index='10'/><disk/>"
                                          "<controller type='usb' index='0'/></devices></domain>",
                                          NULL);
    g_autofree char *empty = vv_domain_sorted("<domain/>", NULL);

    assert_non_null(strstr(a, "index=\"9\"/>\n    <controller type=\"pci\" index=\"10\""));
    assert_non_null(strstr(empty, "<domain/>"));
    assert_string_equal(a, b);
}

/* What libvirt makes of a domain is no difference to it; a change is. */
static void test_round_trip(void **state)
{
    g_autoptr(VvVm) vm = load(VM "cpus = 4\n[disk d]\npath = /d.qcow2\n[network n]\nnetwork = default\n"
                                 "[device c]\nhost = 01:00.0;01:00.1\n");
    g_autofree char *made = build_text(vm, TRUE);
    g_autoptr(GString) xml = g_string_new(made), changed = NULL;
    g_autofree char *uuid = NULL, *stored = NULL, *reduced = NULL, *other = NULL, *difference = NULL;
    g_autoptr(GError) error = NULL;

    if (!connection)
        skip();
    g_string_replace(xml, "type=\"kvm\"", "type=\"test\"", 1);
    uuid = vv_connection_define(connection, xml->str, &error);
    assert_fine(error);
    stored = vv_connection_domain_xml(connection, "a", NULL);
    assert_non_null(strstr(stored, "<mac "));
    reduced = vv_domain_reduce(stored, xml->str, NULL);
    difference = vv_diff("libvirt's", "ours", reduced, xml->str);
    assert_string_equal(difference, "");
    changed = g_string_new(xml->str);
    g_string_replace(changed, "<vcpu>4</vcpu>", "<vcpu>2</vcpu>", 1);
    other = vv_domain_reduce(stored, changed->str, NULL);
    assert_string_equal(other, xml->str);
}

#define STORED                                                                                               \
    "<domain><uuid>6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11</uuid><os><type "                                    \
    "machine='pc-q35-7.2'>hvm</type></os>"                                                                   \
    "<devices><interface type='user'><mac address='52:54:00:00:00:01'/></interface>"                         \
    "<interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br0'/></interface>"          \
    "<interface type='bridge'><mac address='52:54:00:00:00:03'/><source bridge='br0'/></interface>"          \
    "<interface type='network'><mac address='52:54:00:00:00:04'/><source network='default'/></interface>"    \
    "<interface type='network'><mac address='nonsense'/><source network='default'/></interface>"             \
    "</devices></domain>"

static const char *mac_of(const VvVm *vm, guint index)
{
    return ((const VvVmNetwork *)vm->networks->pdata[index])->mac;
}

static void test_keep(void **state)
{
    g_autoptr(VvVm) vm = load(VM "[network n]\nnetwork = default\n[network b]\nbridge = br0\n"
                                 "[network c]\nbridge = br0\n[network d]\nbridge = br1\n"
                                 "[network u]\nuser = yes\n[network m]\nnetwork = default\n");

    vv_vm_keep(vm, STORED);
    assert_text(vm->uuid, "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    assert_text(vm->machine, "pc-q35-7.2");
    assert_text(mac_of(vm, 0), "52:54:00:00:00:04");
    assert_text(mac_of(vm, 1), "52:54:00:00:00:02");
    assert_text(mac_of(vm, 2), "52:54:00:00:00:03");
    assert_null(mac_of(vm, 3));
    assert_text(mac_of(vm, 4), "52:54:00:00:00:01");
    assert_null(mac_of(vm, 5));
}

static void test_keep_not(void **state)
{
    g_autoptr(VvVm) vm = load(VM "machine = pc-q35-8.2\nuuid = 11111111-2222-4333-8444-555555555555\n"
                                 "[network b]\nbridge = br0\nmac = 52:54:00:00:00:02\n"
                                 "[network c]\nbridge = br0\n");
    g_autoptr(VvVm) other = load(VM);

    vv_vm_keep(vm, STORED);
    assert_text(vm->machine, "pc-q35-8.2");
    assert_text(vm->uuid, "11111111-2222-4333-8444-555555555555");
    assert_text(mac_of(vm, 1), "52:54:00:00:00:03");
    vv_vm_keep(other, "<domain");
    vv_vm_keep(other, "<domain><uuid>x</uuid><os><type machine='pc-i440fx-7.2'/></os></domain>");
    assert_null(other->uuid);
    assert_null(other->machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libvirts_own), cmocka_unit_test(test_differences),
        cmocka_unit_test(test_namespaces),   cmocka_unit_test(test_bad),
        cmocka_unit_test(test_sorted),       cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_keep),         cmocka_unit_test(test_keep_not),
    };

    return cmocka_run_group_tests_name("compare", tests, set_up, clean_up);
}
