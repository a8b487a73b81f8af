/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"

#define GPU "[device gpu]\nhost = 01:00.0;01:00.1\n"
#define DISK "[disk d]\npath = /d.qcow2\n"
#define NET "[network n]\nbridge = br0\n"
#define VF "[network n]\nvf = 05:10.0\n"

typedef struct {
    const char *text, *ask, *says;
} Case;

static void check(const Case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *text = g_strconcat(VM, cases[i].text, NULL);
        g_autoptr(VvVm) vm = load(text);
        xmlDoc *doc = build(vm, FALSE);

        expect(doc, cases[i].ask, cases[i].says);
        xmlFreeDoc(doc);
    }
}

static void test_cards(void **state)
{
    static const Case cases[] = {
        {GPU "guest-address = 05:00\n", "//hostdev[2]/address/@bus", "0x05"},
        {GPU "guest-address = 05:00\n", "count(//controller[@model='pcie-root-port'])", "10"},
        {GPU "guest-address = 00:10\n", "//hostdev[2]/address/@slot", "0x10"},
        {GPU "guest-address = 00:10\n", "//hostdev[1]/address/@multifunction", "on"},
        {GPU "functions = separate\n", "//hostdev[2]/address/@bus", "0x02"},
        {GPU "functions = separate\n", "//hostdev[2]/address/@function", "0x0"},
        {GPU "functions = separate\n", "count(//@multifunction)", "0"},
        {GPU "functions = separate\nx-vga = yes\n", "//q:device/@alias", "ua-gpu-0"},
        {"[device gpu]\nhost = 01:00.2;01:00.3\nfunctions = packed\n", "//hostdev[2]/address/@function",
         "0x1"},
        {GPU "vendor-id = 0x1002\n", "//q:property[@name='x-pci-vendor-id']/@value", "4098"},
        {GPU "igd-opregion = yes\n", "//q:property[@name='x-igd-opregion']/@value", "true"},
        {GPU, "count(//q:override)", "0"},
        {GPU "reset = flr bus\n", "//v:device[2]/@reset", "flr bus"},
        {GPU "quarantine = yes\n", "//v:device[2]/@quarantine", "yes"},
        {GPU "boot = 3\n", "//hostdev[1]/boot/@order", "3"},
        {GPU "boot = 3\n" DISK, "//disk/boot/@order", "4"},
        {GPU DISK "boot = 3\n", "count(//hostdev/boot)", "0"},
        {DISK "boot = no\n", "count(//boot)", "0"},
    };

    check(cases, G_N_ELEMENTS(cases));
}

static void test_disks(void **state)
{
    static const Case cases[] = {
        {DISK, "//disk/driver/@discard", "unmap"},
        {DISK "discard = no\n", "count(//disk/driver/@discard)", "0"},
        {DISK "bus = usb\n", "count(//disk/driver/@discard)", "0"},
        {DISK "bus = usb\n", "//disk/target/@dev", "sda"},
        {DISK "readonly = yes\n", "count(//disk/readonly)", "1"},
        {DISK "cache = none\n", "//disk/driver/@cache", "none"},
        {DISK "bus = sata\nssd = yes\n", "//disk/target/@rotation_rate", "1"},
        {DISK "serial = S4 x\n", "//disk/serial", "S4 x"},
        {DISK "iothread = yes\n", "//disk/driver/@iothread", "1"},
        {DISK "bus = scsi\niothread = yes\n", "//controller[@type='scsi']/driver/@iothread", "1"},
        {"[disk d]\ncdrom = yes\n", "count(//disk/source)", "0"},
        {"[disk d]\ncdrom = yes\n", "//disk/@type", "file"},
    };

    check(cases, G_N_ELEMENTS(cases));
}

static void test_networks(void **state)
{
    static const Case cases[] = {
        {NET "queues = 4\n", "//interface/driver/@queues", "4"},
        {NET "mtu = 9000\n", "//interface/mtu/@size", "9000"},
        {NET "vlan = 7\n", "//interface/vlan/tag/@id", "7"},
        {NET "link = down\n", "//interface/link/@state", "down"},
        {NET "boot = 2\n", "//interface/boot/@order", "2"},
        {NET, "count(//interface/boot)", "0"},
        {"[network n]\nuser = yes\n", "//interface/@type", "user"},
        {"[network n]\nuser = yes\n", "count(//interface/source)", "0"},
        {VF, "//interface/@type", "hostdev"},
        {VF, "//interface/@managed", "no"},
        {VF, "//interface/source/address/@slot", "0x10"},
        {VF, "//interface/address/@bus", "0x01"},
        {VF, "count(//interface/model)", "0"},
        {GPU VF, "//interface/address/@bus", "0x02"},
        {VF "mac = 52:54:00:12:34:56\nvlan = 7\n", "//interface/vlan/tag/@id", "7"},
        {VF "trust = yes\n", "//v:vf/@trust", "yes"},
        {VF, "count(//v:vf/@trust)", "0"},
    };

    check(cases, G_N_ELEMENTS(cases));
}

static void test_display(void **state)
{
    static const Case cases[] = {
        {"", "//graphics/@type", "vnc"},
        {"", "//input/@type", "tablet"},
        {GPU "x-vga = yes\n", "count(//graphics)", "0"},
        {GPU "x-vga = yes\n[display]\ngraphics = spice\n", "//graphics/@type", "spice"},
        {GPU "x-vga = yes\n[display]\ngraphics = spice\n", "//video/model/@type", "none"},
        {"[display]\ngraphics = spice\n", "//channel/target/@name", "com.redhat.spice.0"},
        {"[display]\ngraphics = none\n", "//video/model/@type", "none"},
        {"[display]\nvideo = virtio\n", "//video/model/@type", "virtio"},
        {"[display]\nlisten = 127.0.0.1\nport = 5901\n", "//graphics/@port", "5901"},
        {"[display]\nlisten = 127.0.0.1\n", "//graphics/@autoport", "yes"},
        {"[display]\nlisten = ::1\n", "//graphics/listen/@address", "::1"},
        {"[sound]\nmodel = ich9\n", "//audio/@type", "none"},
        {"[display]\ngraphics = spice\n[sound]\nmodel = ich9\n", "//audio/@type", "spice"},
        {"[sound]\nmodel = ich9\n", "//sound/audio/@id", "1"},
        {"", "count(//sound)", "0"},
    };

    check(cases, G_N_ELEMENTS(cases));
}

static void test_others(void **state)
{
    static const Case cases[] = {
        {"[usb u]\nhost = 046d:c52b\n", "//hostdev/source/vendor/@id", "0x046d"},
        {"[usb u]\nhost = 046d:c52b\noptional = yes\n", "//hostdev/source/@startupPolicy", "optional"},
        {"[usb u]\nhost = 3-4.2\n", "//hostdev/source/address/@bus", "3"},
        {"[usb u]\nhost = 3-4.2\n", "//v:usb/@port", "3-4.2"},
        {"[usb u]\nhost = 3-4.2\n", "count(//q:override)", "0"},
        {"[usb u]\nhost = 3-4.2\noptional = yes\n", "//q:property[@name='hostport']/@value", "4.2"},
        {"[usb u]\nhost = 046d:c52b\noptional = yes\n", "//q:property[@name='vendorid']/@value", "1133"},
        {"[usb u.1]\nhost = 3-4.2\n", "//v:usb/@alias", "ua-u_1-usb"},
        {"[share s]\npath = /srv\n", "//filesystem/driver/@type", "virtiofs"},
        {"[share s]\npath = /srv\ntag = t\n", "//filesystem/target/@dir", "t"},
        {"[share s]\npath = /srv\nreadonly = yes\n", "count(//filesystem/readonly)", "1"},
        {"[shmem looking-glass]\nsize = 32M\n", "//shmem[@name='looking-glass']/size", "32"},
        {"tpm = 2.0\n", "//tpm[@model='tpm-crb']/backend/@version", "2.0"},
        {"tpm = 1.2\n", "//tpm/@model", "tpm-tis"},
        {"os = windows11\n", "//tpm/backend/@version", "2.0"},
        {"os = windows11\ntpm = none\n", "count(//tpm)", "0"},
        {"os = windows10\n", "count(//tpm)", "0"},
        {"viommu = intel\n", "//iommu[@model='intel']/driver/@caching_mode", "on"},
        {"viommu = intel\n", "//features/ioapic/@driver", "qemu"},
        {"viommu = virtio\n", "count(//iommu[@model='virtio']/driver)", "0"},
    };

    check(cases, G_N_ELEMENTS(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards),   cmocka_unit_test(test_disks),  cmocka_unit_test(test_networks),
        cmocka_unit_test(test_display), cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests_name("domxml-sections", tests, load_schema, free_schema);
}
