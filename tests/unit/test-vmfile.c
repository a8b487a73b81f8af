/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmfile-texts.h"

#include <unistd.h>

#include <glib/gstdio.h>

static void test_defaults(void **state)
{
    g_autoptr(VvVm) vm = good(VM GPU "[disk d]\npath = /x.qcow2\n[network n]\nbridge = br0\n");
    const VvVmDisk *disk = vm->disks->pdata[0];
    const VvVmNetwork *network = vm->networks->pdata[0];

    assert_string_equal(vm->path, "x.ini");
    assert_string_equal(vm->name, "a");
    assert_null(vm->uuid);
    assert_int_equal(vm->os, VV_OS_LINUX);
    assert_int_equal(vm->memory_kib, 1 << 20);
    assert_int_equal(vm->cpus, 2);
    assert_int_equal(vm->firmware, VV_FIRMWARE_UEFI);
    assert_int_equal(vm->accel, VV_ACCEL_AUTO);
    assert_null(vm->kernel);
    assert_null(vm->serial_log);
    assert_null(vm->emulator);
    assert_string_equal(card(vm, 0)->name, "gpu");
    assert_int_equal(card(vm, 0)->selectors->len, 1);
    assert_false(card(vm, 0)->x_vga);
    assert_true(card(vm, 0)->rombar);
    assert_string_equal(card(vm, 0)->rom, "auto");
    assert_null(card(vm, 0)->allow[0]);
    assert_int_equal(card(vm, 0)->functions->len, 0);
    assert_string_equal(disk->format, "qcow2");
    assert_string_equal(disk->bus, "virtio");
    assert_false(disk->cdrom);
    assert_string_equal(network->bridge, "br0");
    assert_null(network->network);
    assert_null(network->mac);
    assert_string_equal(network->model, "virtio");
}

static void test_every_key(void **state)
{
    g_autoptr(VvVm) vm =
        good("; a comment\n# another\n\n[vm]\r\n"
             "name = win.11_a-b\nuuid = 6F1C1BD0-0c5e-4f0e-9f3a-2f4f6f2a9c11\nos = windows ; x\n"
             "memory=16G\t# y\n  cpus  =  1024  \nfirmware = uefi-secure\naccel = tcg\ncpu = "
             "qemu64,-cx16\nviommu = intel\n"
             "kernel = /k e\ninitrd = /i\ncmdline = console=ttyS0 a=b;c quiet\n"
             "serial-log = /var/log/s\nemulator = /usr/bin/qemu\n"
             "[device  gpu ] ; main\nhost = 01:00;0000:02:00.1;10000:03:00.2\nx-vga = Yes\n"
             "rom = /usr/share/vgabios/a;b#.rom\nrombar = off\n"
             "allow = disk-mounted, net-up=2:0.1  claimed=0000:01:00.7\n"
             "[disk d]\npath = /dev/sdb\nformat = raw\nbus = scsi\ncdrom = on\n"
             "[network n]\nnetwork = my net\nmac = 52:54:00:AB:cd:ef\nmodel = e1000e\n");
    const VvVmDisk *disk = vm->disks->pdata[0];
    const VvVmNetwork *network = vm->networks->pdata[0];
    const VvVmDevice *gpu = card(vm, 0);

    assert_string_equal(vm->name, "win.11_a-b");
    assert_string_equal(vm->uuid, "6f1c1bd0-0c5e-4f0e-9f3a-2f4f6f2a9c11");
    assert_int_equal(vm->os, VV_OS_WINDOWS);
    assert_int_equal(vm->memory_kib, 16 << 20);
    assert_int_equal(vm->cpus, 1024);
    assert_int_equal(vm->firmware, VV_FIRMWARE_UEFI_SECURE);
    assert_int_equal(vm->accel, VV_ACCEL_TCG);
    assert_string_equal(vm->cpu, "qemu64,-cx16");
    assert_string_equal(vm->kernel, "/k e");
    assert_string_equal(vm->initrd, "/i");
    assert_string_equal(vm->cmdline, "console=ttyS0 a=b;c quiet");
    assert_string_equal(vm->serial_log, "/var/log/s");
    assert_string_equal(vm->emulator, "/usr/bin/qemu");
    assert_string_equal(gpu->name, "gpu");
    assert_int_equal(gpu->selectors->len, 3);
    assert_true(g_array_index(gpu->selectors, VvSelector, 0).whole_slot);
    assert_int_equal(g_array_index(gpu->selectors, VvSelector, 2).address.segment, 0x10000);
    assert_true(gpu->x_vga);
    assert_false(gpu->rombar);
    assert_string_equal(gpu->rom, "/usr/share/vgabios/a;b#.rom");
    assert_string_equal(gpu->allow[0], "disk-mounted");
    assert_string_equal(gpu->allow[1], "net-up=0000:02:00.1");
    assert_string_equal(gpu->allow[2], "claimed=0000:01:00.7");
    assert_null(gpu->allow[3]);
    assert_string_equal(disk->path, "/dev/sdb");
    assert_string_equal(disk->format, "raw");
    assert_string_equal(disk->bus, "scsi");
    assert_true(disk->cdrom);
    assert_string_equal(network->network, "my net");
    assert_null(network->bridge);
    assert_string_equal(network->mac, "52:54:00:ab:cd:ef");
    assert_string_equal(network->model, "e1000e");
}

static void test_size(void **state)
{
    static const struct {
        const char *text;
        guint64 kib; /* 0: refused */
    } cases[] = {
        {"1", 1 << 10},
        {"512", 512 << 10},
        {"1K", 1},
        {"3k", 3},
        {"1M", 1 << 10},
        {"1MB", 1 << 10},
        {"1MiB", 1 << 10},
        {"2mib", 2 << 10},
        {"16G", 1 << 24},
        {"16 G", 1 << 24},
        {"1T", 1 << 30},
        {"18014398509481983", 18014398509481983u << 10},
        {"", 0},
        {"0", 0},
        {"0G", 0},
        {"G", 0},
        {"1.5G", 0},
        {"1GiBs", 0},
        {"1Gi", 0},
        {"1E", 0},
        {"-1", 0},
        {" 1", 0},
        {"1 ", 1 << 10},
        {"0x10", 0},
        {"1G 2", 0},
        {"18014398509481984", 0},
        {"18446744073709551615K", G_MAXUINT64},
        {"18446744073709551616K", 0},
        {"18446744073709551615T", 0},
        {"99999999999999999999999", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint64 kib = 7;

        if (vv_size_parse(cases[i].text, &kib) != (cases[i].kib != 0))
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(vv_size_parse(cases[i].text, &kib), cases[i].kib != 0);
        assert_true(kib == (cases[i].kib ? cases[i].kib : 7));
    }
}

static void test_formats(void **state)
{
    static const char *const pairs[][2] = {{"/a.qcow2", "qcow2"}, {"/a.QCOW2", "qcow2"},
                                           {"/a.img", "raw"},     {"/a.iso", "raw"},
                                           {"/dev/sda", "raw"},   {"/dev/a.qcow2", "qcow2"}};

    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *text = g_strdup_printf(VM "[disk d]\npath = %s\n", pairs[i][0]);
        g_autoptr(VvVm) vm = good(text);
        const VvVmDisk *disk = vm->disks->pdata[0];

        assert_string_equal(disk->format, pairs[i][1]);
    }
}

static void test_files(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("vmfile-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a.ini", NULL);
    g_autofree char *large = g_malloc0(2 * 1024 * 1024);
    g_autoptr(GError) error = NULL;

    assert_null(vv_vm_load(path, NULL, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    assert_null(vv_vm_load(folder, NULL, &error));
    assert_non_null(strstr(error->message, folder));
    g_clear_error(&error);
    memset(large, '#', 2 * 1024 * 1024);
    assert_true(g_file_set_contents(path, large, 2 * 1024 * 1024, NULL));
    assert_null(vv_vm_load(path, NULL, &error));
    assert_non_null(strstr(error->message, "1 MiB"));
    g_clear_error(&error);
    assert_null(vv_vm_load("/dev/zero", NULL, &error));
    assert_true(g_error_matches(error, VV_ERROR, VV_ERROR_USAGE));
    assert_true(g_file_set_contents(path, VM, -1, NULL));
    vv_vm_free(vv_vm_load(path, NULL, NULL));
    g_unlink(path);
    g_rmdir(folder);
}

static void test_examples(void **state)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *folder = g_build_filename(source ? source : ".", "examples", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;

    assert_non_null(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(VvVm) vm = NULL;

        if (!g_str_has_suffix(name, ".ini"))
            continue;
        vm = vv_vm_load(path, NULL, &error);
        if (!vm)
            print_error("%s\n", error->message);
        assert_non_null(vm);
        assert_true(vm->devices->len + vm->usbs->len + vm->networks->len > 0);
        count++;
    }
    assert_true(count >= 8);
}

static void test_demo_settings(void **state)
{
    static const char *const settings[] = {"device.gpu.host=00:05", "vm.kernel=/tmp/k", "vm.memory=64M",
                                           NULL};
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *path = g_build_filename(source ? source : ".", "examples", "gpu.ini", NULL);
    g_autoptr(VvVm) vm = vv_vm_load(path, settings, NULL);

    assert_non_null(vm);
    assert_int_equal(vm->memory_kib, 64 << 10);
}

static void test_settings(void **state)
{
    static const char *const settings[] = {"vm.name=b",
                                           "vm.memory= 512 ",
                                           "device.gpu.host=02:00;02:01.1",
                                           "vm.kernel=/a=b",
                                           "device.my.nic.host=03:00",
                                           "vm.name=c",
                                           "vm.cmdline=quiet",
                                           "vm.cmdline=",
                                           NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(VvVm) vm = parse(VM GPU, settings, &error);

    assert_non_null(vm);
    assert_string_equal(vm->name, "c");
    assert_int_equal(vm->memory_kib, 512 << 10);
    assert_string_equal(vm->kernel, "/a=b");
    assert_null(vm->cmdline);
    assert_int_equal(card(vm, 0)->selectors->len, 2);
    assert_string_equal(card(vm, 1)->name, "my.nic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_size),
        cmocka_unit_test(test_formats),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_examples), cmocka_unit_test(test_demo_settings),
    };

    return cmocka_run_group_tests_name("vmfile", tests, NULL, NULL);
}
