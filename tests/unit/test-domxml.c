/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"

static void test_plain(void **state)
{
    g_autoptr(VvVm) vm = load(VM "uuid = 6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11\ncpus = 3\n");
    xmlDoc *doc = build(vm, FALSE);

    expect(doc, "/domain/@type", "qemu");
    expect(doc, "/domain/name", "a");
    expect(doc, "/domain/uuid", "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    expect(doc, "/domain/memory", "1048576");
    expect(doc, "/domain/memory/@unit", "KiB");
    expect(doc, "/domain/vcpu", "3");
    expect(doc, "/domain/os/type/@machine", "q35");
    expect(doc, "/domain/cpu/@mode", "maximum");
    expect(doc, "/domain/cpu/topology/@cores", "3");
    expect(doc, "count(/domain/cpu/cache)", "0");
    expect(doc, "/domain/clock/@offset", "utc");
    expect(doc, "/domain/clock/timer[@name='hpet']/@present", "no");
    expect(doc, "/domain/on_poweroff", "destroy");
    expect(doc, "/domain/on_crash", "destroy");
    expect(doc, "/domain/devices/memballoon/@model", "none");
    expect(doc, "count(//hostdev)", "0");
    expect(doc, "count(//q:override)", "0");
    expect(doc, "count(//emulator)", "0");
    expect(doc, "//video/model/@type", "vga");
    expect(doc, "//graphics/listen/@type", "socket");
    expect(doc, "//controller[@type='usb']/@model", "qemu-xhci");
    expect(doc, "count(//serial[@type='pty'])", "1");
    expect(doc, "count(//serial/log)", "0");
    expect(doc, "/domain/metadata/v:domain/@version", "1");
    xmlFreeDoc(doc);
    doc = build(vm, TRUE);
    expect(doc, "/domain/@type", "kvm");
    expect(doc, "/domain/cpu/@mode", "host-passthrough");
    expect(doc, "/domain/cpu/cache/@mode", "passthrough");
    expect(doc, "/domain/cpu/@migratable", "off");
    expect(doc, "count(//hyperv)", "0");
    xmlFreeDoc(doc);
}

static void test_cpu(void **state)
{
    g_autoptr(VvVm) named = load(VM "cpu = qemu64,-cx16,+aes\n");
    g_autoptr(VvVm) host = load(VM "cpu = host,-hypervisor\n");
    xmlDoc *doc = build(named, FALSE);

    expect(doc, "/domain/cpu/@mode", "custom");
    expect(doc, "/domain/cpu/@match", "exact");
    expect(doc, "/domain/cpu/model", "qemu64");
    expect(doc, "/domain/cpu/feature[@name='cx16']/@policy", "disable");
    expect(doc, "/domain/cpu/feature[@name='aes']/@policy", "require");
    xmlFreeDoc(doc);
    doc = build(host, TRUE);
    expect(doc, "/domain/cpu/@mode", "host-passthrough");
    expect(doc, "/domain/cpu/feature/@policy", "disable");
    expect(doc, "/domain/cpu/@migratable", "off");
    xmlFreeDoc(doc);
}

static void test_firmware(void **state)
{
    static const struct {
        const char *name, *enabled, *smm;
    } cases[] = {{"uefi", "no", ""}, {"uefi-secure", "yes", "on"}, {"bios", "", ""}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(VM "firmware = %s\n", cases[i].name);
        g_autoptr(VvVm) vm = load(text);
        xmlDoc *doc = build(vm, TRUE);

        expect(doc, "/domain/os/@firmware", *cases[i].enabled ? "efi" : "");
        expect(doc, "//feature[@name='secure-boot']/@enabled", cases[i].enabled);
        expect(doc, "//feature[@name='enrolled-keys']/@enabled", cases[i].enabled);
        expect(doc, "//smm/@state", cases[i].smm);
        xmlFreeDoc(doc);
    }
}

static void test_windows(void **state)
{
    g_autoptr(VvVm) vm = load(VM "os = windows\n");
    xmlDoc *doc = build(vm, TRUE);

    expect(doc, "//hyperv/relaxed/@state", "on");
    expect(doc, "//timer[@name='hypervclock']/@present", "yes");
    expect(doc, "/domain/clock/@offset", "localtime");
    xmlFreeDoc(doc);
    /* TCG has none of it. */
    doc = build(vm, FALSE);
    expect(doc, "count(//hyperv)", "0");
    expect(doc, "count(//timer[@name='hypervclock'])", "0");
    expect(doc, "/domain/clock/@offset", "localtime");
    xmlFreeDoc(doc);
}

static void test_boot(void **state)
{
    g_autoptr(VvVm) vm = load(VM "kernel = /k\ninitrd = /i\ncmdline = a <b> & \"c\" 'd'\nserial-log = /l\n"
                                 "emulator = /usr/bin/qemu-system-x86_64\n[disk d]\npath = /x.raw\n");
    xmlDoc *doc = build(vm, FALSE);

    expect(doc, "/domain/os/kernel", "/k");
    expect(doc, "/domain/os/initrd", "/i");
    expect(doc, "/domain/os/cmdline", "a <b> & \"c\" 'd'");
    expect(doc, "//serial/log/@file", "/l");
    expect(doc, "//serial/log/@append", "off");
    expect(doc, "//emulator", "/usr/bin/qemu-system-x86_64");
    expect(doc, "count(//boot)", "0");
    xmlFreeDoc(doc);
}

static void test_disks_and_networks(void **state)
{
    g_autoptr(VvVm) vm = load(VM "[disk cd]\npath = /a&b.iso\ncdrom = yes\n[disk v]\npath = /v.qcow2\n"
                                 "[disk s]\npath = /dev/disk/by-id/s\nbus = sata\n[disk w]\npath = /w.raw\n"
                                 "[disk c]\npath = /c.raw\nbus = scsi\n[device d]\nhost = 04:00.0\n"
                                 "[network n]\nbridge = br0\nmac = 52:54:00:12:34:56\n"
                                 "[network m]\nnetwork = default\nmodel = e1000e\n");
    xmlDoc *doc;

    identify(vm, 0, 0, 0x010802);
    doc = build(vm, FALSE);
    expect(doc, "//disk[1]/source/@file", "/a&b.iso");
    expect(doc, "//disk[1]/@device", "cdrom");
    expect(doc, "//disk[1]/target/@dev", "sda");
    expect(doc, "//disk[1]/target/@bus", "sata");
    expect(doc, "count(//disk[1]/readonly)", "1");
    expect(doc, "//disk[2]/target/@dev", "vda");
    expect(doc, "//disk[2]/driver/@type", "qcow2");
    expect(doc, "//disk[3]/@type", "block");
    expect(doc, "//disk[3]/source/@dev", "/dev/disk/by-id/s");
    expect(doc, "//disk[3]/target/@dev", "sdb");
    expect(doc, "//disk[4]/target/@dev", "vdb");
    expect(doc, "//disk[5]/target/@dev", "sdc");
    expect(doc, "//controller[@type='scsi']/@model", "virtio-scsi");
    /* Disks, then drives of the host, then CD-ROMs. */
    expect(doc, "//disk[2]/boot/@order", "1");
    expect(doc, "//disk[5]/boot/@order", "4");
    expect(doc, "//hostdev/boot/@order", "5");
    expect(doc, "//disk[1]/boot/@order", "6");
    expect(doc, "//interface[1]/@type", "bridge");
    expect(doc, "//interface[1]/source/@bridge", "br0");
    expect(doc, "//interface[1]/mac/@address", "52:54:00:12:34:56");
    expect(doc, "//interface[2]/source/@network", "default");
    expect(doc, "//interface[2]/model/@type", "e1000e");
    xmlFreeDoc(doc);
}

static void test_many_disks(void **state)
{
    g_autoptr(GString) text = g_string_new(VM);
    g_autoptr(VvVm) vm = NULL;
    xmlDoc *doc;

    for (int i = 0; i < 30; i++)
        g_string_append_printf(text, "[disk d%d]\npath = /%d.raw\n", i, i);
    vm = load(text->str);
    doc = build(vm, FALSE);
    expect(doc, "//disk[26]/target/@dev", "vdz");
    expect(doc, "//disk[27]/target/@dev", "vdaa");
    expect(doc, "//disk[30]/target/@dev", "vdad");
    xmlFreeDoc(doc);
}

/* Values from elsewhere (an importer) are data, whatever they look like. */
static void test_escaping(void **state)
{
    g_autoptr(VvVm) vm = load(VM "[network n]\nnetwork = <x>&\"'\n[disk d]\npath = /'/><disk>&amp;.raw\n");
    xmlDoc *doc = build(vm, FALSE);

    expect(doc, "//interface/source/@network", "<x>&\"'");
    expect(doc, "//disk/source/@file", "/'/><disk>&amp;.raw");
    expect(doc, "count(//disk)", "1");
    xmlFreeDoc(doc);
}

/* Every example is a domain that libvirt would take. Slots get two functions, for there is no host here. */
static void test_examples(void **state)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *folder = g_build_filename(source ? source : ".", "examples", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(VvVm) vm = NULL;

        if (!g_str_has_suffix(name, ".ini"))
            continue;
        vm = vv_vm_load(path, NULL, NULL);
        assert_non_null(vm);
        for (guint i = 0; i < vm->devices->len; i++) {
            const VvVmDevice *card = vm->devices->pdata[i];

            for (guint s = 0; s < card->selectors->len; s++)
                g_array_index(card->selectors, VvSelector, s).whole_slot = FALSE;
        }
        assert_true(vv_vm_resolve(vm, NULL, NULL));
        xmlFreeDoc(build(vm, FALSE));
        xmlFreeDoc(build(vm, TRUE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_firmware),   cmocka_unit_test(test_windows),
        cmocka_unit_test(test_boot),       cmocka_unit_test(test_disks_and_networks),
        cmocka_unit_test(test_many_disks), cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_examples),
    };

    return cmocka_run_group_tests_name("domxml", tests, load_schema, free_schema);
}
