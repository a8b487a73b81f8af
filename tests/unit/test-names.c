/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vfio/names.h"

#include <glib/gstdio.h>
#include <pci/pci.h>
#include <unistd.h>

typedef struct {
    GPtrArray *devices;
    VvNames *names;
    char *path;
} Fixture;

static Fixture fixture(const char *text, gsize length)
{
    Fixture f = {g_ptr_array_new_with_free_func(g_free), NULL, NULL};
    int fd = g_file_open_tmp("virt-vfio-ids-XXXXXX", &f.path, NULL);

    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(f.path, text, (gssize)length, NULL));
    f.names = vv_names_new(f.devices);
    vv_names_set_file(f.names, f.path);
    return f;
}

static void tear_down(Fixture *f)
{
    vv_names_free(f->names);
    g_ptr_array_unref(f->devices);
    g_remove(f->path);
    g_free(f->path);
}

static VvDevice *add(Fixture *f, guint vendor, guint id)
{
    VvDevice *device = g_new0(VvDevice, 1);

    device->vendor = (guint16)vendor;
    device->device = (guint16)id;
    g_ptr_array_add(f->devices, device);
    return device;
}

static const char ids[] = "# a comment\n"
                          "#\t1111  not this\n"
                          "\n"
                          "10de  NVIDIA Corporation\n"
                          "\t1e84  TU104 [GeForce RTX 2070 SUPER]\n"
                          "\t\t1043 8728  a subsystem, no device\n"
                          "# a remark between two devices\n"
                          "\n"
                          "\t1e87  TU104 [GeForce RTX 2080]   \n"
                          "\t8728  Last\n"
                          "1234  Some: \"words\", \xc3\xa9\n"
                          "\t1111  Display\n"
                          "C 03  Display controller\n"
                          "\t00  VGA compatible controller\n"
                          "\t1111  a subclass would be no device\n"
                          "ffff  Illegal Vendor ID";

static void test_known(void **state)
{
    Fixture f = fixture(ids, strlen(ids));
    const VvDevice *first = add(&f, 0x10de, 0x1e84), *spaces = add(&f, 0x10de, 0x1e87);
    const VvDevice *other = add(&f, 0x1234, 0x1111), *again = add(&f, 0x10de, 0x1e84);
    const char *name = vv_names_get(f.names, first);

    assert_text(name, "NVIDIA Corporation TU104 [GeForce RTX 2070 SUPER]");
    assert_ptr_equal(vv_names_get(f.names, again), name); /* once for each id, not for each device */
    assert_text(vv_names_get(f.names, spaces), "NVIDIA Corporation TU104 [GeForce RTX 2080]");
    assert_text(vv_names_get(f.names, other), "Some: \"words\", \xc3\xa9 Display");
    tear_down(&f);
}

static void test_unknown(void **state)
{
    Fixture f = fixture(ids, strlen(ids));
    const VvDevice *device = add(&f, 0x10de, 0xfff1), *subsystem = add(&f, 0x10de, 0x1043);
    const VvDevice *both = add(&f, 0xfffe, 0x1043), *class = add(&f, 0x1234, 0x0000);

    assert_text(vv_names_get(f.names, device), "NVIDIA Corporation Device fff1");
    assert_text(vv_names_get(f.names, subsystem), "NVIDIA Corporation Device 1043");
    assert_text(vv_names_get(f.names, both), "Device fffe:1043");
    assert_text(vv_names_get(f.names, class), "Some: \"words\", \xc3\xa9 Device 0000");
    tear_down(&f);
}

static void test_no_file(void **state)
{
    Fixture f = fixture("", 0);
    const VvDevice *device = add(&f, 0xfffe, 0x1234);

    assert_non_null(strstr(vv_names_get(f.names, device), "1234")); /* empty */
    tear_down(&f);

    f = fixture(ids, strlen(ids));
    g_remove(f.path);
    assert_non_null(strstr(vv_names_get(f.names, add(&f, 0xfffe, 0x1234)), "1234"));
    tear_down(&f);
    vv_names_free(NULL);
}

/* Reads nothing behind the end, wherever that is: ASan watches. */
static void test_truncated(void **state)
{
    for (gsize length = 1; length < strlen(ids); length++) {
        g_autofree char *exact = g_memdup2(ids, length);
        Fixture f = fixture(exact, length);
        const VvDevice *last = add(&f, 0xffff, 0x1111);
        assert_non_null(vv_names_get(f.names, add(&f, 0x10de, 0x1e84)));
        assert_true(g_str_has_suffix(vv_names_get(f.names, last), "1111"));
        tear_down(&f);
    }
}

static void add_from_line(GPtrArray *devices, guint vendor, const char *line)
{
    VvDevice *device = g_new0(VvDevice, 1);

    device->vendor = (guint16)vendor;
    device->device = (guint16)g_ascii_strtoull(line + 1, NULL, 16);
    g_ptr_array_add(devices, device);
}

/* A tenth of all that is in the installed pci.ids, worded as libpci words it. */
static void test_like_libpci(void **state)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;
    guint vendor = 0, count = 0;

    if (!g_file_get_contents("/usr/share/misc/pci.ids", &text, NULL, NULL))
        skip();
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && !g_str_has_prefix(line, "C ");
         line = strtok_r(NULL, "\n", &save)) {
        if (g_ascii_isxdigit(*line))
            vendor = (guint)g_ascii_strtoull(line, NULL, 16);
        else if (line[0] == '\t' && line[1] != '\t' && count++ % 10 == 0)
            add_from_line(devices, vendor, line);
    }
    assert_true(devices->len > 100);

    g_autoptr(VvNames) names = vv_names_new(devices);
    struct pci_access *pci = pci_alloc();
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        char buffer[256];
        assert_text(vv_names_get(names, device),
                    pci_lookup_name(pci, buffer, sizeof buffer, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
                                    device->vendor, device->device));
    }
    pci_cleanup(pci);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),     cmocka_unit_test(test_unknown),     cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_like_libpci),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
