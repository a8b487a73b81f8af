/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxmox-cases.h"

#include "domains/domxml.h"

/* With UPDATE_CASES set the files are written instead; read the difference before it is committed. */
static gboolean same_as_file(const char *name, const char *ending, const char *text)
{
    g_autofree char *path = case_path(name, ending), *expected = NULL;

    if (g_getenv("UPDATE_CASES"))
        return g_file_set_contents(path, text, -1, NULL);
    expected = case_text(name, ending);
    if (g_str_equal(expected, text))
        return TRUE;
    print_error("%s: expected\n%s\nbut it is\n%s\n", path, expected, text);
    return FALSE;
}

static void test_expected(void **state)
{
    g_autoptr(GPtrArray) names = case_names();
    guint different = 0;

    assert_true(names->len >= 36);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autoptr(VvProxmoxImport) import = import_case(name);
        g_autofree char *report = report_of(import);

        different += !same_as_file(name, ".ini", import->text);
        different += !same_as_file(name, ".report", report);
    }
    assert_int_equal(different, 0);
}

/* A slot is as many functions as there are on a host; here, the first. */
static void take_first_functions(VvVm *vm)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];

        for (guint s = 0; s < device->selectors->len; s++)
            g_array_index(device->selectors, VvSelector, s).whole_slot = FALSE;
    }
}

static void test_xml(void **state)
{
    g_autoptr(GPtrArray) names = case_names();

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(VvProxmoxImport) import = import_case(names->pdata[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(VvVm) vm = vv_vm_parse("x.ini", import->text, strlen(import->text), NULL, &error);

        assert_fine(error);
        take_first_functions(vm);
        vv_vm_resolve(vm, NULL, &error);
        assert_fine(error);
        g_autoptr(VvTuning) tuning = vv_tuning_new(vm, TRUE, &(const VvTuningHost){0});
        g_autofree char *xml = vv_domain_xml_build(vm, tuning),
                        *name = g_strdup_printf("<name>%s</name>", vm->name);
        assert_non_null(strstr(xml, name));
        for (guint d = 0; d < vm->devices->len; d++)
            assert_non_null(strstr(xml, "<hostdev "));
    }
}

static gboolean has_row(const VvProxmoxImport *import, guint line, const char *key)
{
    for (guint i = 0; i < import->rows->len; i++) {
        const VvProxmoxRow *row = import->rows->pdata[i];

        if (row->line == line && g_str_equal(row->key, key))
            return TRUE;
    }
    return FALSE;
}

/* No line of a source is without a row: read here by rules of its own, simpler than the program's. */
static void test_nothing_silent(void **state)
{
    g_autoptr(GPtrArray) names = case_names();

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *text = case_text(name, ".conf");
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autoptr(VvProxmoxImport) import = import_case(name);
        gboolean snapshot = FALSE;

        for (guint line = 0; lines[line]; line++) {
            g_autofree char *key = g_strndup(lines[line], strcspn(lines[line], ":"));

            if (*lines[line] == '[') {
                snapshot = !g_str_equal(lines[line], "[PENDING]");
                assert_true(!snapshot || has_row(import, line + 1, lines[line]));
            } else if (!snapshot && *lines[line] && *lines[line] != '#' && !has_row(import, line + 1, key)) {
                fail_msg("%s.conf:%u: nothing is said of %s", name, line + 1, key);
            }
        }
    }
}

/* Whatever a key's value is made of: each option is in the report, or in the file, or is what its key is
 * about. */
static void test_every_option(void **state)
{
    static const char *const options[] = {/* hostpciN */ "mapping",
                                          "pcie",
                                          "x-vga",
                                          "rombar",
                                          "romfile",
                                          "legacy-igd",
                                          "mdev",
                                          "driver",
                                          "vendor-id",
                                          "device-id",
                                          "sub-vendor-id",
                                          "sub-device-id",
                                          /* usbN */ "host",
                                          "usb3",
                                          /* machine */ "type",
                                          "viommu",
                                          "aw-bits",
                                          "enable-s3",
                                          "enable-s4",
                                          /* efidisk0, tpmstate0 */ "efitype",
                                          "pre-enrolled-keys",
                                          "ms-cert",
                                          "size",
                                          "format",
                                          "version",
                                          /* cpu */ "hidden",
                                          "hv-vendor-id",
                                          "flags",
                                          "phys-bits",
                                          "guest-phys-bits",
                                          "reported-model",
                                          "level",
                                          /* memory, numaN */ "current",
                                          "cpus",
                                          "memory",
                                          "hostnodes",
                                          "policy",
                                          /* drives */ "media",
                                          "cache",
                                          "aio",
                                          "discard",
                                          "ssd",
                                          "iothread",
                                          "ro",
                                          "serial",
                                          "wwn",
                                          "backup",
                                          "replicate",
                                          "volume",
                                          "detect_zeroes",
                                          "rerror",
                                          "werror",
                                          "shared",
                                          "snapshot",
                                          "model",
                                          "product",
                                          "vendor",
                                          "queues",
                                          "scsiblock",
                                          "cyls",
                                          "heads",
                                          "secs",
                                          "trans",
                                          "bps",
                                          "bps_max_length",
                                          "bps_rd",
                                          "bps_rd_max_length",
                                          "bps_wr",
                                          "bps_wr_max_length",
                                          "iops",
                                          "iops_max",
                                          "iops_max_length",
                                          "iops_rd",
                                          "iops_rd_max",
                                          "iops_rd_max_length",
                                          "iops_wr",
                                          "iops_wr_max",
                                          "iops_wr_max_length",
                                          "mbps",
                                          "mbps_max",
                                          "mbps_rd",
                                          "mbps_rd_max",
                                          "mbps_wr",
                                          "mbps_wr_max",
                                          /* netN */ "macaddr",
                                          "bridge",
                                          "tag",
                                          "trunks",
                                          "rate",
                                          "mtu",
                                          "firewall",
                                          "link_down",
                                          "host-tunnel",
                                          /* boot */ "order",
                                          "legacy",
                                          /* others */ "uuid",
                                          "base64",
                                          "manufacturer",
                                          "sku",
                                          "family",
                                          "device",
                                          "driver",
                                          "enabled",
                                          "fstrim_cloned_disks",
                                          "clipboard",
                                          "name",
                                          "dirid",
                                          "direct-io",
                                          "expose-acl",
                                          "expose-xattr"};
    g_autoptr(GPtrArray) names = case_names();
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *text = case_text(names->pdata[i], ".conf");

        g_string_append(all, text);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *pattern = g_strdup_printf("[ ,]%s=", options[i]);

        if (!g_regex_match_simple(pattern, all->str, 0, 0))
            fail_msg("no configuration has the option %s", options[i]);
    }
}

static gboolean has_key(const char *text, const char *name, guint count)
{
    g_autofree char *pattern = g_strdup_printf("^%s%s: ", name, count ? "[0-9]+" : "");

    return g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0);
}

static void test_every_key(void **state)
{
    g_autoptr(GPtrArray) names = case_names();
    g_autoptr(GString) all = g_string_new(NULL);
    const char *name;
    guint count;

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *text = case_text(names->pdata[i], ".conf");

        g_string_append(all, text);
    }
    for (guint i = 0; (name = vv_proxmox_key_name(i, &count)); i++)
        if (!has_key(all->str, name, count))
            fail_msg("no configuration has the key %s", name);
}

/* By these Windows knows whether it is still the machine that it was activated on. */
static void test_identity_survives(void **state)
{
    g_autoptr(VvProxmoxImport) import = import_case("gpu-compute");

    assert_text(import->vm->uuid, "5f1a4c44-3c1e-4d52-9b14-11f5a9f0c9b1");
    assert_text(import->vm->vmgenid, "0d1dd1b4-3a7f-4a1d-8bd6-0a3f37b7d3b8");
    assert_text(((const VvVmNetwork *)import->vm->networks->pdata[0])->mac, "bc:24:11:00:02:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expected),       cmocka_unit_test(test_xml),
        cmocka_unit_test(test_nothing_silent), cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_every_key),      cmocka_unit_test(test_identity_survives),
    };

    return cmocka_run_group_tests_name("proxmox", tests, NULL, NULL);
}
