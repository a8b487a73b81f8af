/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"
#include "vfio/host.h"
#include "vfio/variant.h"

#include <libkmod.h>

#define RELEASE "6.12.0-test"
#define ALIASES "lib/modules/" RELEASE "/modules.alias"
#define GENERIC "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
/* What depmod writes for Linux 6.12 with all of them built. */
#define REAL                                                                                                 \
    "# Aliases extracted from modules themselves.\n"                                                         \
    "alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n" GENERIC                                         \
    "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"                                        \
    "alias vfio_pci:v00001AF4d00001041sv*sd*bc*sc*i* virtio_vfio_pci\n"                                      \
    "alias vfio_pci:v000019E5d0000A251sv*sd*bc*sc*i* hisi_acc_vfio_pci\n"                                    \
    "alias vfio_pci:v00001DD8d00001003sv*sd*bc*sc*i* pds_vfio_pci\n"                                         \
    "alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* nvgrace_gpu_vfio_pci\n"                                 \
    "alias net-pf-16-proto-4-type-2-93 mlx5_ib"

#define CX6_VF "pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00"
#define VIRTIO_NET "pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00"
/* Transitional: it has the old device id, and no variant driver. */
#define VIRTIO_NET_OLD "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00"
#define GRACE "pci:v000010DEd00002342sv000010DEsd000016EBbc03sc02i00"
#define NVME "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"

static FakeHost *machine_with(const char *aliases)
{
    FakeHost *fake = fake_host_new("drivers vfio-pci\n0000:01:00.0 class=010802 id=144d:a808\n");

    fake_host_put(fake, "proc/sys/kernel/osrelease", RELEASE "\n");
    if (aliases)
        fake_host_put(fake, ALIASES, aliases);
    return fake;
}

static void assert_module(FakeHost *fake, const char *modalias, const char *expected)
{
    g_autofree char *module = vv_variant_module(fake_host_sysfs(fake), modalias);

    assert_text(module, expected);
}

static void assert_chosen(const char *aliases, const char *modalias, const char *expected)
{
    FakeHost *fake = machine_with(aliases);

    assert_module(fake, modalias, expected);
    fake_host_free(fake);
}

static void test_real(void **state)
{
    FakeHost *fake = machine_with(REAL);

    assert_module(fake, CX6_VF, "mlx5_vfio_pci");
    assert_module(fake, VIRTIO_NET, "virtio_vfio_pci");
    assert_module(fake, VIRTIO_NET_OLD, "vfio_pci");
    assert_module(fake, GRACE, "nvgrace_gpu_vfio_pci");
    assert_module(fake, NVME, "vfio_pci");
    assert_module(fake, NULL, "vfio_pci");
    assert_module(fake, "usb:v1D6Bp0002d0612dc09dsc00dp01ic09isc00ip00in00", "vfio_pci");
    assert_module(fake, "pci:", "vfio_pci");
    fake_host_free(fake);
}

static void test_nothing_to_read(void **state)
{
    assert_chosen(NULL, CX6_VF, "vfio_pci");
    assert_chosen("", CX6_VF, "vfio_pci");
    assert_chosen(GENERIC, CX6_VF, "vfio_pci");

    FakeHost *fake = machine_with(REAL);
    fake_host_put(fake, "proc/sys/kernel/osrelease", "../" RELEASE "\n");
    assert_module(fake, CX6_VF, "vfio_pci");
    fake_host_free(fake);
    fake = fake_host_new("drivers vfio-pci\n");
    fake_host_put(fake, ALIASES, REAL);
    assert_module(fake, CX6_VF, "vfio_pci");
    fake_host_free(fake);
}

static void test_fewest_wildcards(void **state)
{
#define BY_VENDOR "alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* by_vendor\n"
#define BY_DEVICE "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* by_device\n"
#define BY_SUBSYSTEM "alias vfio_pci:v000015B3d0000101Esv000015B3sd00000058bc*sc*i* by_subsystem\n"
#define BY_CLASS "alias vfio_pci:v*d*sv*sd*bc02sc00i00 by_class\n"
    assert_chosen(BY_VENDOR BY_DEVICE BY_SUBSYSTEM GENERIC, CX6_VF, "by_subsystem");
    assert_chosen(GENERIC BY_SUBSYSTEM BY_DEVICE BY_VENDOR, CX6_VF, "by_subsystem");
    assert_chosen(GENERIC BY_VENDOR BY_DEVICE, CX6_VF, "by_device");
    assert_chosen(BY_DEVICE BY_CLASS, CX6_VF, "by_class");
    assert_chosen(BY_VENDOR BY_CLASS, "pci:v000015B3d00001017sv000015B3sd00000000bc02sc07i00", "by_vendor");
    /* A tie: the first one. */
    assert_chosen(BY_DEVICE "alias vfio_pci:v000015B3d*sv000015B3sd*bc*sc*i* other\n", CX6_VF, "by_device");
    assert_chosen("alias vfio_pci:v000015B3d*sv000015B3sd*bc*sc*i* other\n" BY_DEVICE, CX6_VF, "other");
    /* One that takes everything never wins, wherever it is. */
    assert_chosen("alias vfio_pci:v*d*sv*sd*bc*sc*i* greedy\n" GENERIC, CX6_VF, "vfio_pci");
    assert_chosen("alias vfio_pci:v*d*sv*sd*bc*sc*i* greedy\n", CX6_VF, "vfio_pci");
}

/* Lines that are not as depmod writes them: none is taken, and none spoils the good one behind it. */
static void test_hostile(void **state)
{
    static const char *const lines[] = {
        "alias vfio_pci:",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* ",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* ../../evil",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* evil two",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* evil\r",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* "
        "a23456789012345678901234567890123456789012345678901234567",
        " alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* evil",
        "#alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v* evil",
        "alias vfio_pci:* evil",
        "alias vfio_pci:v000015B3d0000101E* evil",
        "alias vfio_pci:v15B3d101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v000015b3d0000101esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v000015B?d0000101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v[0-9A-F]d0000101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:vd0000101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v**d0000101Esv*sd*bc*sc*i* evil",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*x evil",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i00i00 evil",
        "alias vfio_pci:v000015B3d0000101Esv*sd*sc*bc*i* evil",
        "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc* evil",
        "alias pci:v000015B3d0000101Esv*sd*bc*sc*i* evil",
        "\xff\xfe\x01",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *alone = g_strdup_printf("%s\n" GENERIC, lines[i]);
        g_autofree char *before = g_strdup_printf("%s\n" BY_VENDOR, lines[i]);
        assert_chosen(alone, CX6_VF, "vfio_pci");
        assert_chosen(before, CX6_VF, "by_vendor");
        assert_chosen(lines[i], CX6_VF, "vfio_pci");
    }
    /* And so for the function's own. */
    assert_chosen(BY_VENDOR, "pci:v000015B3", "vfio_pci");
    assert_chosen(BY_VENDOR, "pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00x", "vfio_pci");
    assert_chosen(BY_VENDOR, "pci:v000015B3d*", "vfio_pci");
}

static void test_long_file(void **state)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < 40000; i++)
        g_string_append_printf(text, "alias pci:v%08Xd*sv*sd*bc*sc*i* module_%d\n", i, i);
    g_string_append(text, BY_DEVICE);
    FakeHost *fake = machine_with(text->str);
    assert_module(fake, CX6_VF, "by_device");

    /* What is asked again is not read again: thousands of questions would take many seconds. */
    gint64 start = g_get_monotonic_time();
    for (int i = 0; i < 5000; i++)
        assert_module(fake, CX6_VF, "by_device");
    assert_true(g_get_monotonic_time() - start < 4 * G_USEC_PER_SEC);
    fake_host_free(fake);
    g_string_free(text, TRUE);
}

/* Kernel packages come and go while a program runs. */
static void test_updated(void **state)
{
    FakeHost *fake = machine_with(GENERIC);

    assert_module(fake, CX6_VF, "vfio_pci");
    fake_host_put(fake, ALIASES, REAL);
    assert_module(fake, CX6_VF, "mlx5_vfio_pci");
    fake_host_free(fake);
}

static void test_blacklisted(void **state)
{
    FakeHost *fake = machine_with(BY_VENDOR BY_DEVICE);

    fake_host_put(fake, "etc/modprobe.d/local.conf", "blacklist by-device\nblacklist unrelated\n");
    assert_module(fake, CX6_VF, "by_vendor");
    fake_host_put(fake, "usr/lib/modprobe.d/vendor.conf", "blacklist by_vendor\n");
    assert_module(fake, CX6_VF, "vfio_pci");
    assert_true(vv_module_is_blacklisted(fake_host_sysfs(fake), "unrelated"));
    assert_false(vv_module_is_blacklisted(fake_host_sysfs(fake), "unrelate"));
    assert_false(vv_module_is_blacklisted(fake_host_sysfs(fake), "unrelated2"));
    fake_host_free(fake);
}

static void assert_pci_driver(FakeHost *fake, const char *module, const char *expected)
{
    g_autofree char *driver = vv_module_pci_driver(fake_host_sysfs(fake), module);

    assert_text(driver, expected);
}

static void test_pci_driver(void **state)
{
    FakeHost *fake = fake_host_new("drivers vfio-pci mlx5_vfio_pci\n");

    /* Without /sys/module the drivers' names have to do. */
    assert_pci_driver(fake, "vfio_pci", "vfio-pci");
    assert_pci_driver(fake, "mlx5_vfio_pci", "mlx5_vfio_pci");
    assert_pci_driver(fake, "virtio_vfio_pci", NULL);

    fake_host_put(fake, "sys/module/hisi_acc_vfio_pci/drivers/pci:hisi-acc-vfio-pci", "");
    assert_pci_driver(fake, "hisi-acc-vfio-pci", "hisi-acc-vfio-pci");
    fake_host_put(fake, "sys/module/odd/drivers/platform:abc", "");
    assert_pci_driver(fake, "odd", NULL);
    fake_host_put(fake, "sys/module/odd/drivers/pci:zebra", "");
    fake_host_put(fake, "sys/module/odd/drivers/pci:ape", "");
    fake_host_put(fake, "sys/module/odd/drivers/pci:odds", "");
    assert_pci_driver(fake, "odd", "ape");
    fake_host_put(fake, "sys/module/odd/drivers/pci:odd", "");
    assert_pci_driver(fake, "odd", "odd");
    fake_host_free(fake);
}

static void test_load(void **state)
{
    FakeHost *fake = fake_host_new("drivers vfio-pci\n");
    g_autoptr(GError) error = NULL;
    g_autofree char *driver = vv_module_load_pci(fake_host_sysfs(fake), "vfio_pci", &error);

    assert_fine(error);
    assert_text(driver, "vfio-pci");
    assert_null(vv_module_load_pci(fake_host_sysfs(fake), "mlx5_vfio_pci", &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "mlx5_vfio_pci");
    fake_host_free(fake);
}

/* Does libkmod say that this alias leads to the module? */
static gboolean kmod_agrees(struct kmod_ctx *context, const char *modalias, const char *module)
{
    g_autofree char *alias = g_strconcat("vfio_", modalias, NULL);
    struct kmod_list *found = NULL, *item;
    gboolean agrees = FALSE;

    if (kmod_module_new_from_lookup(context, alias, &found) < 0 || !found)
        return strcmp(module, VV_VFIO_MODULE) == 0; /* a kernel without modules */
    kmod_list_foreach(item, found)
    {
        struct kmod_module *candidate = kmod_module_get_module(item);
        agrees = agrees || strcmp(kmod_module_get_name(candidate), module) == 0;
        kmod_module_unref(candidate);
    }
    kmod_module_unref_list(found);
    return agrees;
}

/* This machine's own functions, by two ways. Only looks. */
static void test_this_machine(void **state)
{
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, NULL);
    g_autoptr(VvHost) host = vv_host_scan(sysfs, NULL);
    struct kmod_ctx *context = kmod_new(NULL, NULL);

    for (guint i = 0; host && context && i < vv_host_devices(host)->len; i++) {
        const VvDevice *device = vv_host_devices(host)->pdata[i];
        g_autofree char *module = vv_variant_module(sysfs, device->modalias);
        if (device->modalias && !kmod_agrees(context, device->modalias, module))
            fail_msg("%s (%s) is not for %s", device->text, device->modalias, module);
        print_message("# %s %s: %s\n", device->text, device->modalias, module);
    }
    kmod_unref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real),        cmocka_unit_test(test_nothing_to_read),
        cmocka_unit_test(test_hostile),     cmocka_unit_test(test_fewest_wildcards),
        cmocka_unit_test(test_long_file),   cmocka_unit_test(test_updated),
        cmocka_unit_test(test_blacklisted), cmocka_unit_test(test_pci_driver),
        cmocka_unit_test(test_load),        cmocka_unit_test(test_this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
