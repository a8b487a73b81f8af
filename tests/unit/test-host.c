/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/group.h"
#include "vfio/override.h"

#include <unistd.h>

static void test_kinds(void **state)
{
    static const struct {
        guint32 code;
        const char *kind;
    } classes[] = {
        {0x030000, "gpu"},    {0x030200, "gpu"},    {0x038000, "gpu"},    {0x120000, "gpu"},
        {0x0b4000, "gpu"},    {0x040100, "audio"},  {0x040300, "audio"},  {0x040000, "other"},
        {0x048000, "other"},  {0x020000, "nic"},    {0x028000, "nic"},    {0x0c0330, "usb"},
        {0x0c0320, "usb"},    {0x0c0500, "other"},  {0x0c8000, "other"},  {0x010601, "hba"},
        {0x010700, "hba"},    {0x010400, "hba"},    {0x010802, "nvme"},   {0x010803, "nvme"},
        {0x060000, "bridge"}, {0x060400, "bridge"}, {0x060100, "bridge"}, {0x0b2000, "other"},
        {0x000000, "other"},  {0xff0000, "other"},  {0x0d1000, "other"},  {0x108000, "other"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
        VvDevice device = {.class_code = classes[i].code};
        char text[8];
        g_autofree char *expected = g_strdup_printf("%04x", classes[i].code >> 8);
        assert_string_equal(vv_kind_name(vv_kind_from_class(classes[i].code)), classes[i].kind);
        assert_string_equal(vv_device_class_text(&device, text), expected);
    }
}

static void test_drivers(void **state)
{
    static const struct {
        const char *driver;
        gboolean vfio, may_stay;
    } drivers[] = {
        {NULL, FALSE, TRUE},
        {"vfio-pci", TRUE, TRUE},
        {"mlx5_vfio_pci", TRUE, TRUE},
        {"nvgrace_gpu_vfio_pci", TRUE, TRUE},
        {"hisi_acc_vfio_pci", TRUE, TRUE},
        {"pci-stub", FALSE, TRUE},
        {"pcieport", FALSE, TRUE},
        {"nvme", FALSE, FALSE},
        {"vfio-pci-foo", FALSE, FALSE},
        {"vfio", FALSE, FALSE},
        {"", FALSE, FALSE},
        {"shpchp", FALSE, FALSE},
        {"xen-pciback", FALSE, FALSE},
        {"snd_hda_intel", FALSE, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        assert_int_equal(vv_driver_is_vfio(drivers[i].driver), drivers[i].vfio);
        assert_int_equal(vv_driver_may_stay(drivers[i].driver), drivers[i].may_stay);
    }
}

static void test_scan(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const GPtrArray *devices = vv_host_devices(host);

    assert_int_equal(devices->len, 21);
    for (guint i = 1; i < devices->len; i++) {
        const VvDevice *before = devices->pdata[i - 1], *device = devices->pdata[i];
        assert_true(vv_address_key(before->address) < vv_address_key(device->address));
    }
    const VvDevice *gpu = vv_host_find(host, address_of("01:00.0"));
    assert_string_equal(gpu->text, "0000:01:00.0");
    assert_int_equal(gpu->class_code, 0x030000);
    assert_int_equal(gpu->vendor, 0x10de);
    assert_int_equal(gpu->device, 0x1e84);
    assert_int_equal(gpu->subsystem_vendor, 0x1043);
    assert_int_equal(gpu->subsystem_device, 0x8728);
    assert_int_equal(gpu->kind, VV_KIND_GPU);
    assert_text(gpu->driver, "nouveau");
    assert_text(gpu->modalias, "pci:v000010DEd00001E84sv00001043sd00008728bc03sc00i00");
    assert_int_equal(gpu->group, 1);

    const VvDevice *ram = vv_host_find(host, address_of("00:14.2"));
    assert_null(ram->driver);
    assert_int_equal(ram->kind, VV_KIND_OTHER);
    assert_null(vv_host_find(host, address_of("01:00.4")));
    assert_null(vv_host_find(host, address_of("0001:01:00.0")));
    assert_ptr_equal(vv_host_sysfs(host), fake_host_sysfs(fake));
    assert_int_equal(fake_host_writes(fake), 0);
    fake_host_free(fake);
}

static void test_groups(void **state)
{
    FakeHost *fake = fake_host_load("amd-desktop");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const GArray *groups = vv_host_groups(host);
    static const char *const chipset[] = {"0000:02:00.0", "0000:02:00.1", "0000:02:00.2", "0000:03:00.0",
                                          "0000:03:09.0", "0000:04:00.0", "0000:05:00.0"};

    assert_int_equal(groups->len, 24);
    for (guint i = 0; i < groups->len; i++)
        assert_int_equal(g_array_index(groups, int, i), i);
    const GPtrArray *members = vv_host_group_members(host, 12);
    assert_int_equal(members->len, G_N_ELEMENTS(chipset));
    for (guint i = 0; i < members->len; i++)
        assert_string_equal(((VvDevice *)members->pdata[i])->text, chipset[i]);
    assert_null(vv_host_group_members(host, 99));
    assert_null(vv_host_group_members(host, -1));
    /* The IOMMU itself is in no group. */
    assert_int_equal(vv_host_find(host, address_of("00:00.2"))->group, -1);
    fake_host_free(fake);
}

static void test_select(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    VvSelector slot = {address_of("01:00.0"), TRUE}, one = {address_of("01:00.1"), FALSE};
    VvSelector nothing = {address_of("01:00.4"), FALSE}, empty = {address_of("04:00.0"), TRUE};
    VvSelector from_the_middle = {address_of("01:00.2"), TRUE};

    assert_true(vv_host_select(host, one, devices));
    assert_int_equal(devices->len, 1);
    assert_true(vv_host_select(host, slot, devices));
    assert_int_equal(devices->len, 4);
    assert_string_equal(((VvDevice *)devices->pdata[0])->text, "0000:01:00.1");
    assert_string_equal(((VvDevice *)devices->pdata[1])->text, "0000:01:00.0");
    assert_true(vv_host_select(host, from_the_middle, devices));
    assert_int_equal(devices->len, 4);
    assert_false(vv_host_select(host, nothing, devices));
    assert_false(vv_host_select(host, empty, devices));
    assert_int_equal(devices->len, 4);
    fake_host_free(fake);
}

static VvDevice *detailed(VvHost *host, const char *address)
{
    VvDevice *device = vv_host_find(host, address_of(address));

    assert_non_null(device);
    vv_device_read_details(vv_host_sysfs(host), device);
    return device;
}

static char *override_of(VvHost *host, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "driver_override");

    return vv_override_read(vv_host_sysfs(host), path);
}

static void test_details(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *igpu = detailed(host, "00:02.0"), *gpu = detailed(host, "01:00.0");
    const VvDevice *nvme = detailed(host, "02:00.0"), *audio = detailed(host, "01:00.1");

    assert_true(igpu->boot_vga);
    assert_true(igpu->has_rom);
    assert_false(gpu->boot_vga);
    assert_false(audio->has_rom);
    assert_null(override_of(host, gpu)); /* "(null)" */
    assert_int_equal(gpu->numa_node, -1);
    assert_int_equal(g_strv_length(nvme->reset_methods), 3);
    assert_string_equal(nvme->reset_methods[0], "flr");
    assert_string_equal(nvme->reset_methods[1], "pm");
    assert_string_equal(nvme->reset_methods[2], "bus");
    assert_int_equal(g_strv_length(audio->reset_methods), 0);
    assert_false(gpu->has_sriov);
    assert_false(gpu->is_virtual);
    fake_host_free(fake);
}

static void test_details_variants(void **state)
{
    FakeHost *fake =
        fake_host_new("0000:01:00.0 class=030000 id=1:1 override=vfio-pci reset=old numa=1 bootvga=1\n"
                      "0000:02:00.0 class=030200 id=1:2 bootvga=1 reset= rom\n"
                      "0000:03:00.0 class=030000 id=1:3\n");
    fake_host_put(fake, "sys/bus/pci/devices/0000:03:00.0/driver_override", "\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *old = detailed(host, "01:00.0"), *off = detailed(host, "02:00.0"),
                   *bare = detailed(host, "03:00.0");

    g_autofree char *override = override_of(host, old);
    assert_text(override, "vfio-pci");
    assert_int_equal(g_strv_length(old->reset_methods), 1);
    assert_int_equal(old->numa_node, 1);
    assert_true(old->boot_vga);
    assert_false(off->boot_vga); /* only class 0300 has one */
    assert_int_equal(g_strv_length(off->reset_methods), 0);
    assert_null(override_of(host, bare));
    assert_false(bare->boot_vga);
    fake_host_free(fake);
}

static void test_sriov(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *pf = detailed(host, "17:00.0"), *idle = detailed(host, "17:00.1");
    const VvDevice *vf = detailed(host, "17:02.1");

    assert_true(pf->has_sriov);
    assert_int_equal(pf->sriov_total, 64);
    assert_int_equal(pf->sriov_current, 4);
    assert_false(pf->is_virtual);
    assert_true(idle->has_sriov);
    assert_int_equal(idle->sriov_current, 0);
    assert_false(vf->has_sriov);
    assert_true(vf->is_virtual);
    assert_true(vv_address_equal(vf->parent, pf->address));
    g_autofree char *override = override_of(host, vf);
    assert_text(override, "vfio-pci");
    fake_host_free(fake);
}

/* Intel VMD counts its segments from 10000. */
static void test_wide_segments(void **state)
{
    FakeHost *fake = fake_host_load("server-sriov");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const GPtrArray *devices = vv_host_devices(host);
    const VvDevice *last = devices->pdata[devices->len - 1];
    const VvDevice *drive = detailed(host, "10000:01:00.0");

    assert_string_equal(last->text, "10000:02:00.0");
    assert_int_equal(drive->address.segment, 0x10000);
    assert_text(drive->driver, "nvme");
    assert_int_equal(g_strv_length(drive->reset_methods), 2);
    assert_null(vv_host_find(host, address_of("0000:01:00.0")));
    fake_host_free(fake);
}

static void test_vanished(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");
    g_autofree char *dangling =
        g_build_filename(fake_host_root(fake), "sys/bus/pci/devices/0000:05:00.0", NULL);

    assert_int_equal(symlink("../../../devices/gone", dangling), 0);
    fake_host_put(fake, "sys/bus/pci/devices/nonsense/modalias", "pci:v0000\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    assert_int_equal(vv_host_devices(host)->len, 21);
    assert_null(vv_host_find(host, address_of("05:00.0")));

    fake_host_unplug(fake, "0000:02:00.0");
    const VvDevice *gone = detailed(host, "02:00.0");
    assert_int_equal(g_strv_length(gone->reset_methods), 0);
    assert_null(override_of(host, gone));
    assert_int_equal(gone->numa_node, -1);
    assert_null(vv_device_driver_now(vv_host_sysfs(host), gone));
    g_autoptr(VvHost) again = fake_host_scan(fake);
    assert_int_equal(vv_host_devices(again)->len, 20);
    fake_host_free(fake);
}

static void test_no_bus(void **state)
{
    g_autofree char *empty = g_dir_make_tmp("virt-vfio-empty-XXXXXX", NULL);
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(empty, NULL);
    GError *error = NULL;

    assert_null(vv_host_scan(sysfs, &error));
    assert_problem(error, VV_ERROR_NOT_READY, empty);
    rmdir(empty);
    vv_host_free(NULL);
}

/* vfio's no-IOMMU mode makes a numbered group, and only its name tells (drivers/vfio/group.c). */
static void test_noiommu(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0 class=020000 id=8086:1572 driver=vfio-pci group=noiommu:0\n"
                                   "0000:02:00.0 class=020000 id=8086:1572 group=1");
    g_autoptr(VvHost) host = fake_host_scan(fake);

    assert_int_equal(vv_host_find(host, address_of("01:00.0"))->group, -1);
    assert_int_equal(vv_host_find(host, address_of("02:00.0"))->group, 1);
    assert_null(vv_host_group_members(host, 0));
    assert_int_equal(vv_host_groups(host)->len, 1);
    fake_host_free(fake);
}

static void test_endpoint(void **state)
{
    FakeHost *fake = fake_host_new("0000:00:00.0 class=060000 id=1:1\n"
                                   "0000:00:01.0 class=060400 id=1:2\n"
                                   "0000:01:00.0 class=030000 id=1:3\n"
                                   "0000:02:00.0 class=060700 id=1:4 header=2\n"
                                   "0000:03:00.0 class=088000 id=1:5 header=1\n"
                                   "0000:04:00.0 class=030000 id=1:6 header=none\n"
                                   "0000:05:00.0 class=060400 id=1:7 header=none\n"
                                   "0000:06:00.0 class=030000 id=ffff:ffff header=127\n"
                                   "0000:07:00.0 class=060400 id=1:8\n");
    static const gboolean endpoint[] = {TRUE, FALSE, TRUE, FALSE, FALSE, TRUE, FALSE, TRUE, FALSE};

    fake_host_put(fake, "sys/bus/pci/devices/0000:07:00.0/config", "short");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const GPtrArray *devices = vv_host_devices(host);
    assert_int_equal(devices->len, G_N_ELEMENTS(endpoint));
    for (guint i = 0; i < devices->len; i++)
        assert_int_equal(vv_device_is_endpoint(fake_host_sysfs(fake), devices->pdata[i]), endpoint[i]);
    fake_host_free(fake);
}

static void test_viable(void **state)
{
    FakeHost *fake = fake_host_new("0000:00:01.0 class=060400 id=1:1 driver=pcieport group=1\n"
                                   "0000:01:00.0 class=030000 id=1:2 driver=vfio-pci group=1\n"
                                   "0000:01:00.1 class=040300 id=1:3 driver=pci-stub group=1\n"
                                   "0000:01:00.2 class=0c0330 id=1:4 group=1\n"
                                   "0000:02:00.0 class=020000 id=1:5 driver=mlx5_vfio_pci group=2\n"
                                   "0000:03:00.0 class=060400 id=1:6 driver=shpchp group=3\n"
                                   "0000:04:00.0 class=010802 id=1:7 driver=nvme group=4\n"
                                   "0000:04:00.1 class=010802 id=1:8 driver=nvme group=4\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *first = vv_host_find(host, address_of("04:00.0")),
                   *second = vv_host_find(host, address_of("04:00.1"));
    const VvDevice *culprit = NULL;
    g_autoptr(GPtrArray) without = g_ptr_array_new();

    assert_true(vv_host_group_viable(host, 1, NULL, &culprit));
    assert_true(vv_host_group_viable(host, 2, NULL, NULL));
    assert_null(culprit);
    assert_false(vv_host_group_viable(host, 3, NULL, &culprit)); /* a bridge's driver blocks since 5.19 */
    assert_string_equal(culprit->text, "0000:03:00.0");
    assert_false(vv_host_group_viable(host, 4, NULL, &culprit));
    assert_ptr_equal(culprit, first);
    g_ptr_array_add(without, (gpointer)first);
    assert_false(vv_host_group_viable(host, 4, without, &culprit));
    assert_ptr_equal(culprit, second);
    g_ptr_array_add(without, (gpointer)second);
    assert_true(vv_host_group_viable(host, 4, without, NULL));
    fake_host_free(fake);
}

static void test_names(void **state)
{
    FakeHost *fake = fake_host_new("0000:01:00.0 class=030000 id=10de:1e84\n"
                                   "0000:02:00.0 class=ff0000 id=fffe:1234\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *known = vv_host_find(host, address_of("01:00.0")),
                   *unknown = vv_host_find(host, address_of("02:00.0"));
    const char *name = vv_host_device_name(host, known);

    assert_true(strstr(name, "NVIDIA") || strstr(name, "1e84"));
    assert_ptr_equal(vv_host_device_name(host, known), name);
    assert_non_null(strstr(vv_host_device_name(host, unknown), "1234"));
    fake_host_free(fake);
}

static void test_paths(void **state)
{
    FakeHost *fake = fake_host_new("10000:01:00.0 class=010802 id=1:1 driver=nvme");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    const VvDevice *device = vv_host_find(host, address_of("10000:01:00.0"));
    g_autofree char *folder = vv_device_path(device, NULL), *file = vv_device_path(device, "rom");
    g_autofree char *before = vv_device_driver_now(fake_host_sysfs(fake), device);

    assert_string_equal(folder, "sys/bus/pci/devices/10000:01:00.0");
    assert_string_equal(file, "sys/bus/pci/devices/10000:01:00.0/rom");
    assert_text(before, "nvme");
    fake_host_bind(fake, "10000:01:00.0", NULL);
    assert_null(vv_device_driver_now(fake_host_sysfs(fake), device));
    assert_text(device->driver, "nvme"); /* what the scan saw */
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_drivers),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_sriov),
        cmocka_unit_test(test_vanished),
        cmocka_unit_test(test_details_variants),
        cmocka_unit_test(test_no_bus),
        cmocka_unit_test(test_noiommu),
        cmocka_unit_test(test_wide_segments),
        cmocka_unit_test(test_viable),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_endpoint),
        cmocka_unit_test(test_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
