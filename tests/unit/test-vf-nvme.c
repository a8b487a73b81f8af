/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domvf-nvme.h"
#include "sriov-host.h"
#include "vfio/nvme-virt.h"
#include "vfio/plan-internal.h"
#include "vfio/usage.h"

#include <string.h>
#include <unistd.h>

/* Who else has the namespaces of an NVMe drive's VF. What the drive says and what the host does with its
 * disks are asked by children, and made up here (test-nvme-virt.c and test-usage-*.c have those). */

#define DRIVE "0000:08:00.0"
#define FIRST "0000:08:00.1"
#define CONTROLLER "sys/bus/pci/devices/" DRIVE "/nvme/nvme0/"

static const char *shown[2]; /* by each VF; NULL: not told */
static gboolean is_silent;

GArray *__wrap_vv_nvme_secondaries(const VvSysfs *sysfs, VvAddress pf, guint deadline_ms, GError **error);
GArray *__wrap_vv_nvme_secondaries(const VvSysfs *sysfs, VvAddress pf, guint deadline_ms, GError **error)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(VvNvmeSecondary));

    assert_true(vv_address_equal(pf, address_of(DRIVE)));
    for (guint i = 0; i < 2; i++) {
        VvNvmeSecondary secondary = {(guint16)(i + 1), i, TRUE, 2, 1, (char *)shown[i]};
        g_array_append_val(list, secondary);
    }
    if (is_silent)
        g_clear_pointer(&list, g_array_unref);
    return list;
}

static const struct {
    const char *code;
    VvSeverity severity;
    gboolean can_allow;
    const char *detail;
} uses[] = {
    {"disk-mounted", VV_SEVERITY_BLOCK, FALSE, "/dev/nvme0n1p2 is mounted on / (ext4)"},
    {"disk-open", VV_SEVERITY_BLOCK, TRUE, "/dev/nvme0n2 is open in dd (pid 8)"},
    {"disk-data", VV_SEVERITY_WARN, FALSE, "/dev/nvme0n11 has a file system (xfs)"},
    {"process-holds", VV_SEVERITY_BLOCK, TRUE, "smartd (pid 7) has /dev/nvme0n1 open"},
};

void __wrap_vv_usage_collect(VvUsage *usage, const GPtrArray *devices, guint deadline_ms, GPtrArray *reasons);
void __wrap_vv_usage_collect(VvUsage *usage, const GPtrArray *devices, guint deadline_ms, GPtrArray *reasons)
{
    assert_int_equal(devices->len, 1);
    for (guint i = 0; i < G_N_ELEMENTS(uses); i++)
        g_ptr_array_add(reasons, vv_reason_new(uses[i].code, uses[i].severity, address_of(DRIVE),
                                               uses[i].can_allow, "do something", "%s", uses[i].detail));
}

static FakeHost *fake;

static int set_up(void **state)
{
    fake = sriov_host();
    shown[0] = shown[1] = "";
    is_silent = FALSE;
    /* One path to a disk, as in a subsystem, and one that is the only one; 11 is not 1. */
    fake_host_put(fake, CONTROLLER "nvme0c0n1/nsid", "1\n");
    fake_host_put(fake, CONTROLLER "nvme0n2/nsid", "7\n");
    fake_host_put(fake, CONTROLLER "nvme0c0n11/nsid", "11\n");
    fake_host_put(fake, CONTROLLER "hwmon0/name", "nvme\n");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(fake);
    return 0;
}

/* "code severity detail; …" of what there is against the VF. */
static void assert_reasons(const char *address, const char *const *allow, const char *wanted)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvPlan) plan = vv_plan_new(NULL, NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    vv_domain_check_namespaces(plan, host, address_of(address), allow);
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        assert_true(vv_address_equal(reason->address, address_of(address)));
        g_string_append_printf(text, "%s%s %s%s: %s", i ? "; " : "", reason->code,
                               vv_severity_name(reason->severity), reason->allowed ? " allowed" : "",
                               reason->detail);
    }
    assert_string_equal(text->str, wanted);
}

static void test_host(void **state)
{
    static const char *const allow[] = {"disk-open=" FIRST, NULL};

    shown[0] = "1";
    assert_reasons(
        FIRST, NULL,
        "disk-mounted block: it shows namespace 1, which is nvme0n1 of this host: /dev/nvme0n1p2 is "
        "mounted on / (ext4)");
    shown[0] = "3,7";
    assert_reasons(
        FIRST, NULL,
        "disk-open block: it shows namespace 7, which is nvme0n2 of this host: /dev/nvme0n2 is open "
        "in dd (pid 8)");
    assert_reasons(
        FIRST, allow,
        "disk-open block allowed: it shows namespace 7, which is nvme0n2 of this host: /dev/nvme0n2 "
        "is open in dd (pid 8)");
    shown[0] = "11";
    assert_reasons(
        FIRST, NULL,
        "disk-data warn: it shows namespace 11, which is nvme0n11 of this host: /dev/nvme0n11 has a "
        "file system (xfs)");
}

static void test_other_vf(void **state)
{
    shown[0] = shown[1] = "3,5";
    assert_reasons(FIRST, NULL, "");
    fake_host_bind(fake, "0000:08:00.2", "vfio-pci");
    fake_host_hold_group(fake, 82, TRUE);
    assert_reasons(
        FIRST, NULL,
        "disk-open block: it shows namespace 3, which VF 1, taken for a running program, shows too");
    shown[0] = "5,8";
    assert_reasons(
        FIRST, NULL,
        "disk-open block: it shows namespace 5, which VF 1, taken for a running program, shows too");
    shown[0] = "8";
    assert_reasons(FIRST, NULL, "");
    /* Its own use is none of another one's. */
    assert_reasons("0000:08:00.2", NULL, "");
}

/* Nothing to say, or nobody who says it. */
static void test_nothing(void **state)
{
    assert_reasons(FIRST, NULL, "");
    shown[0] = NULL;
    assert_reasons(FIRST, NULL, "");
    shown[0] = "1";
    assert_reasons(VF0, NULL, "");
    assert_reasons(DRIVE, NULL, "");
    is_silent = TRUE;
    assert_reasons(FIRST, NULL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_host, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_vf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
