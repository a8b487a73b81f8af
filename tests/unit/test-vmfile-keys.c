/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-texts.h"

#include "domains/vmfile-keys.h"

static void test_vm_defaults(void **state)
{
    g_autoptr(VvVm) vm = good(VM);

    assert_null(vm->vmgenid);
    assert_null(vm->description);
    assert_int_equal(vm->os_version, 0);
    assert_int_equal(vm->sockets + vm->dies + vm->cores + vm->threads, 0);
    assert_false(vm->hide_kvm);
    assert_null(vm->machine);
    assert_null(vm->nvram);
    assert_null(vm->tpm);
    assert_string_equal(vm->viommu, "none");
    assert_string_equal(vm->hugepages, "auto");
    assert_string_equal(vm->pinning, "auto");
    assert_string_equal(vm->numa, "auto");
    assert_string_equal(vm->mmio, "auto");
    assert_false(vm->latency);
    assert_false(vm->autostart);
    assert_false(vm->stop_display_manager);
    assert_null(vm->stop_services);
    assert_string_equal(vm->display.graphics, "auto");
    assert_string_equal(vm->display.video, "auto");
    assert_null(vm->display.listen);
    assert_int_equal(vm->display.port, 0);
    assert_string_equal(vm->sound.model, "none");
    assert_null(vm->sound.backend);
    assert_int_equal(vm->usbs->len + vm->shares->len + vm->shmems->len, 0);
}

static void test_section_defaults(void **state)
{
    g_autoptr(VvVm) vm = good(VM GPU "[usb u]\nhost = 046d:c52b\n[disk d]\npath = /x.raw\n"
                                     "[network n]\nuser = yes\n[share s]\npath = /s\n");
    const VvVmDevice *gpu = card(vm, 0);
    const VvVmUsb *usb = vm->usbs->pdata[0];
    const VvVmDisk *disk = vm->disks->pdata[0];
    const VvVmNetwork *network = vm->networks->pdata[0];
    const VvVmShare *share = vm->shares->pdata[0];

    assert_false(gpu->igd_opregion);
    assert_int_equal(gpu->layout, VV_LAYOUT_AUTO);
    assert_int_equal(gpu->boot, VV_BOOT_AUTO);
    assert_string_equal(gpu->reset, "auto");
    assert_false(gpu->quarantine);
    assert_false(gpu->has_guest_address);
    assert_int_equal(gpu->ids.vendor & gpu->ids.device & gpu->ids.subsystem_vendor, -1);
    assert_int_equal(gpu->ids.subsystem_device, -1);
    assert_false(usb->optional);
    assert_null(disk->cache);
    assert_int_equal(disk->discard, -1);
    assert_int_equal(disk->iothread, -1);
    assert_false(disk->readonly || disk->ssd);
    assert_null(disk->serial);
    assert_int_equal(disk->boot, VV_BOOT_AUTO);
    assert_false(network->vf.word || network->link_down);
    assert_int_equal(network->vlan + network->queues + network->mtu, 0);
    assert_int_equal(network->trust, -1);
    assert_int_equal(network->boot, VV_BOOT_AUTO);
    assert_string_equal(share->tag, "s");
    assert_false(share->readonly);
}

static void test_vm_keys(void **state)
{
    g_autoptr(VvVm) vm = good(
        VM "vmgenid = 6F1C1BD0-0c5e-4f0e-9f3a-2f4f6f2a9c11\ndescription = \"two\\nlines # \\\"x\\\"\" ; c\n"
           "os = Windows11\ntopology = cores=4, threads=2\nhide-kvm = yes\nmachine = pc-q35-9.2\n"
           "nvram = /n\ntpm = 2.0\nviommu = virtio\nhugepages = 1G\npinning = 4-7, 12-15\nnuma = 0,2\n"
           "mmio = 64G\nlatency = on\nautostart = 1\ncpu = host,-aes\ndisplay-manager = stop\n"
           "stop-services = nvidia-persistenced.service, a@b.service\n");

    assert_string_equal(vm->vmgenid, "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    assert_string_equal(vm->description, "two\nlines # \"x\"");
    assert_int_equal(vm->os, VV_OS_WINDOWS);
    assert_int_equal(vm->os_version, 11);
    assert_int_equal(vm->firmware, VV_FIRMWARE_UEFI_SECURE);
    assert_int_equal(vm->sockets * 1000 + vm->dies * 100 + vm->cores * 10 + vm->threads, 1142);
    assert_int_equal(vm->cpus, 8);
    assert_true(vm->hide_kvm);
    assert_string_equal(vm->machine, "pc-q35-9.2");
    assert_string_equal(vm->nvram, "/n");
    assert_string_equal(vm->tpm, "2.0");
    assert_string_equal(vm->viommu, "virtio");
    assert_string_equal(vm->hugepages, "1G");
    assert_string_equal(vm->pinning, "4-7,12-15");
    assert_string_equal(vm->numa, "0,2");
    assert_string_equal(vm->mmio, "64G");
    assert_true(vm->latency && vm->autostart && vm->stop_display_manager);
    assert_string_equal(vm->stop_services, "nvidia-persistenced.service a@b.service");
}

static void test_systems(void **state)
{
    static const struct {
        const char *text;
        VvOs os;
        guint version;
        VvFirmware firmware;
    } cases[] = {{"linux", VV_OS_LINUX, 0, VV_FIRMWARE_UEFI},
                 {"windows", VV_OS_WINDOWS, 0, VV_FIRMWARE_UEFI},
                 {"windows10", VV_OS_WINDOWS, 10, VV_FIRMWARE_UEFI},
                 {"windows11", VV_OS_WINDOWS, 11, VV_FIRMWARE_UEFI_SECURE},
                 {"windows11\nfirmware = uefi", VV_OS_WINDOWS, 11, VV_FIRMWARE_UEFI},
                 {"freebsd", VV_OS_FREEBSD, 0, VV_FIRMWARE_UEFI},
                 {"opnsense\nfirmware = bios", VV_OS_FREEBSD, 0, VV_FIRMWARE_BIOS},
                 {"other", VV_OS_OTHER, 0, VV_FIRMWARE_UEFI}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(VM "os = %s\n", cases[i].text);
        g_autoptr(VvVm) vm = good(text);

        assert_int_equal(vm->os, cases[i].os);
        assert_int_equal(vm->os_version, cases[i].version);
        assert_int_equal(vm->firmware, cases[i].firmware);
    }
}

static void test_device_keys(void **state)
{
    g_autoptr(VvVm) vm =
        good(VM "[device a]\nhost = 01:00\nigd-opregion = yes\nfunctions = packed\nboot = 3\n"
                "reset = bus, flr\nquarantine = yes\nguest-address = 00:02.0\nvendor-id = 0x10DE\n"
                "device-id = 1b80\nsubsystem-vendor-id = 0\nsubsystem-device-id = 0xffff\n"
                "[device b]\nhost = 02:00\nfunctions = separate\nboot = no\nreset = none\n"
                "[device c]\nhost = 03:00\nguest-address = 0000:80:00\n");
    const VvVmDevice *a = card(vm, 0);

    assert_true(a->igd_opregion && a->quarantine && a->has_guest_address);
    assert_int_equal(a->layout, VV_LAYOUT_PACKED);
    assert_int_equal(a->boot, 3);
    assert_string_equal(a->reset, "bus flr");
    assert_true(vv_address_equal(a->guest_address, address_of("00:02.0")));
    assert_int_equal(a->ids.vendor, 0x10de);
    assert_int_equal(a->ids.device, 0x1b80);
    assert_int_equal(a->ids.subsystem_vendor, 0);
    assert_int_equal(a->ids.subsystem_device, 0xffff);
    assert_int_equal(card(vm, 1)->layout, VV_LAYOUT_SEPARATE);
    assert_int_equal(card(vm, 1)->boot, VV_BOOT_NO);
    assert_string_equal(card(vm, 1)->reset, "none");
    assert_int_equal(card(vm, 2)->guest_address.bus, 0x80);
}

static void test_backend_keys(void **state)
{
    g_autoptr(VvVm) vm =
        good(VM "[usb i]\nhost = 046D:c52b\noptional = yes\n[usb p]\nhost = 1-4.2\n"
                "[disk d]\npath = /x.raw\nbus = scsi\ncache = writeback\ndiscard = no\niothread = yes\n"
                "readonly = yes\nssd = yes\nserial = a b\nboot = 1\n[disk c]\ncdrom = yes\nboot = no\n"
                "[network b]\nbridge = br0\nvlan = 7\nqueues = 4\nmtu = 9000\nlink = down\nboot = 2\n"
                "[network v]\nvf = 6:10.1\nmac = 52:54:00:00:00:01\nvlan = 4094\ntrust = no\n");
    const VvVmUsb *ids = vm->usbs->pdata[0], *port = vm->usbs->pdata[1];
    const VvVmDisk *disk = vm->disks->pdata[0], *empty = vm->disks->pdata[1];
    const VvVmNetwork *bridged = vm->networks->pdata[0], *vf = vm->networks->pdata[1];

    assert_true(ids->vendor == 0x46d && ids->product == 0xc52b && !ids->bus && !ids->port && ids->optional);
    assert_true(port->vendor == -1 && port->product == -1 && port->bus == 1);
    assert_string_equal(port->port, "4.2");
    assert_string_equal(disk->cache, "writeback");
    assert_true(disk->discard == 0 && disk->iothread == 1 && disk->readonly && disk->ssd && disk->boot == 1);
    assert_string_equal(disk->serial, "a b");
    assert_null(empty->path);
    assert_null(empty->format);
    assert_string_equal(empty->bus, "sata");
    assert_int_equal(empty->boot, VV_BOOT_NO);
    assert_true(bridged->vlan == 7 && bridged->queues == 4 && bridged->mtu == 9000 && bridged->link_down);
    assert_int_equal(bridged->boot, 2);
    assert_true(vf->vf.word && vf->trust == 0 && vf->vlan == 4094);
    assert_true(vv_address_equal(vf->vf.address, address_of("06:10.1")));
}

static void test_desktop_keys(void **state)
{
    g_autoptr(VvVm) vm =
        good(VM "[display]\ngraphics = spice\nvideo = qxl\nlisten = ::1\nport = 5901\n"
                "[sound]\nmodel = ich9\nbackend = spice\n[share docs]\npath = /a b\ntag = t\nreadonly = yes\n"
                "[share root]\npath = /\n[shmem looking-glass]\nsize = 64M\n");
    const VvVmShare *share = vm->shares->pdata[0];
    const VvVmShmem *shmem = vm->shmems->pdata[0];

    assert_string_equal(vm->display.graphics, "spice");
    assert_string_equal(vm->display.video, "qxl");
    assert_string_equal(vm->display.listen, "::1");
    assert_int_equal(vm->display.port, 5901);
    assert_string_equal(vm->sound.model, "ich9");
    assert_string_equal(vm->sound.backend, "spice");
    assert_string_equal(share->path, "/a b");
    assert_string_equal(share->tag, "t");
    assert_true(share->readonly);
    assert_string_equal(shmem->name, "looking-glass");
    assert_int_equal(shmem->size_kib, 64 << 10);
}

/* The keys of the section that `text` begins with, as the manual page lists them. */
static GHashTable *documented(const char *text)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *end = strstr(text, "\n.Sh ");
    g_autofree char *section = g_strndup(text, end ? (gsize)(end - text) : strlen(text));
    g_auto(GStrv) items = g_strsplit(section, "\n.It Cm ", -1);

    for (char **item = items + 1; *items && *item; item++) {
        g_auto(GStrv) names = NULL;

        *strstr(*item, " No =") = '\0';
        names = g_strsplit(*item, " , ", -1);
        for (char **name = names; *name; name++)
            assert_true(g_hash_table_add(keys, g_strdup(*name)));
    }
    return keys;
}

/* The manual page has every section and key that the reader has, and no other. */
static void test_manual(void **state)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *path = g_build_filename(source ? source : ".", "docs", "virt-vfio-vm.5", NULL);
    g_autofree char *page = NULL;
    guint count = 0;

    assert_true(g_file_get_contents(path, &page, NULL, NULL));
    for (const VvVmSection *section = vv_vm_sections; section->type; section++) {
        g_autofree char *title = g_strdup_printf(".Sh THE SECTION%s [%s%s]\n", section->add ? "S" : "",
                                                 section->type, section->add ? " NAME" : "");
        const char *text = strstr(page, title);
        g_autoptr(GHashTable) keys = text ? documented(text + 1) : NULL;

        assert_non_null(text);
        count++;
        for (const VvVmKey *key = section->keys; key->name; key++)
            if (!g_hash_table_remove(keys, key->name))
                fail_msg("[%s] %s is not in the manual", section->type, key->name);
        assert_int_equal(g_hash_table_size(keys), 0);
    }
    for (const char *at = page; (at = strstr(at, ".Sh THE SECTION")); at++)
        count--;
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_defaults),  cmocka_unit_test(test_section_defaults),
        cmocka_unit_test(test_vm_keys),      cmocka_unit_test(test_systems),
        cmocka_unit_test(test_device_keys),  cmocka_unit_test(test_backend_keys),
        cmocka_unit_test(test_desktop_keys), cmocka_unit_test(test_manual),
    };

    return cmocka_run_group_tests_name("vmfile-keys", tests, NULL, NULL);
}
