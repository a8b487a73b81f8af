/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domxml-asks.h"

#include "domains/domread.h"
#include "domains/usbport.h"

#include <glib/gstdio.h>

#define PORTS                                                                                                \
    VM "[usb stick]\nhost = 1-4.2\n[usb maybe]\nhost = 2-1\noptional = yes\n[usb any]\nhost = 046d:c52b\n"

static char *folder;
static VvSysfs *sysfs;

static int set_up(void **state)
{
    folder = g_dir_make_tmp("virt-vfio-test-XXXXXX", NULL);
    sysfs = folder ? vv_sysfs_new(folder, NULL) : NULL;
    return sysfs ? load_schema(state) : -1;
}

static int tear_down(void **state)
{
    static const char *const all[] = {"sys/bus/usb/devices/1-4.2/devnum",
                                      "sys/bus/usb/devices/1-4.2",
                                      "sys/bus/usb/devices/2-1/devnum",
                                      "sys/bus/usb/devices/2-1",
                                      "sys/bus/usb/devices",
                                      "sys/bus/usb",
                                      "sys/bus",
                                      "sys",
                                      ""};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *path = g_build_filename(folder, all[i], NULL);

        g_remove(path);
    }
    vv_sysfs_free(sysfs);
    g_free(folder);
    return free_schema(state);
}

/* What the kernel shows of a port; number NULL: it is empty. */
static void plug(const char *port, const char *number)
{
    g_autofree char *path = g_build_filename(folder, "sys/bus/usb/devices", port, NULL);
    g_autofree char *file = g_build_filename(path, "devnum", NULL);

    g_mkdir_with_parents(path, 0700);
    assert_true(number ? g_file_set_contents(file, number, -1, NULL) : g_unlink(file) == 0);
}

static char *update(const char *xml, GError **error)
{
    return vv_domain_update_usbs(xml, strlen(xml), sysfs, error);
}

static void assert_numbers(const char *xml, guint stick, guint maybe)
{
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), NULL);

    assert_int_equal(domain->usbs->len, 3);
    assert_int_equal(((const VvDomainUsb *)domain->usbs->pdata[0])->bus, 1);
    assert_int_equal(((const VvDomainUsb *)domain->usbs->pdata[0])->device, stick);
    assert_int_equal(((const VvDomainUsb *)domain->usbs->pdata[1])->bus, 2);
    assert_int_equal(((const VvDomainUsb *)domain->usbs->pdata[1])->device, maybe);
    assert_int_equal(((const VvDomainUsb *)domain->usbs->pdata[2])->device, 0);
}

static void test_update(void **state)
{
    g_autoptr(VvVm) vm = load(PORTS);
    g_autofree char *xml = NULL, *same = NULL, *later = NULL;

    plug("1-4.2", "17\n");
    vv_vm_resolve_usbs(vm, sysfs);
    xmlFreeDoc(build(vm, FALSE));
    xml = build_text(vm, FALSE);
    assert_numbers(xml, 17, 0);
    same = update(xml, NULL);
    assert_null(same);
    /* Out and in again, and another one. */
    plug("1-4.2", "23\n");
    plug("2-1", "4\n");
    later = update(xml, NULL);
    assert_non_null(later);
    assert_numbers(later, 23, 4);
}

static void test_empty(void **state)
{
    g_autoptr(VvVm) vm = load(PORTS);
    g_autofree char *xml = build_text(vm, FALSE);
    GError *error = NULL;

    plug("2-1", "9\n");
    plug("1-4.2", NULL);
    assert_null(update(xml, &error));
    assert_problem(error, VV_ERROR_NOT_READY, "USB port 1-4.2, which [usb stick] is");
}

/* A number that no device has. */
static void test_odd(void **state)
{
    static const char *const numbers[] = {"0\n", "128\n", "-1\n", "x\n", ""};
    g_autoptr(VvVm) vm = load(PORTS);

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        plug("1-4.2", numbers[i]);
        vv_vm_resolve_usbs(vm, sysfs);
        assert_int_equal(((const VvVmUsb *)vm->usbs->pdata[0])->device, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_odd),
    };

    return cmocka_run_group_tests_name("usbport", tests, set_up, tear_down);
}
