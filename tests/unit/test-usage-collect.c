/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "asked-host.h"
#include "vfio/usage.h"

static int set_up(void **state)
{
    asked_reset();
    *state = usage_machine_new();
    usage_add_block(*state, "259:0", NVME "/nvme/nvme0/nvme0n1");
    return 0;
}

static int tear_down(void **state)
{
    asked_reset();
    fake_host_free(*state);
    return 0;
}

/* What a child says is taken whole or not at all. */
static void test_collect(void **state)
{
    static const struct {
        const char *says;
        gboolean is_whole;
    } answers[] = {
        {"", TRUE},
        {"disk-mounted\t2\t1\t0\t" NVME "\tx\ty\n", TRUE},
        {"net-up\t1\t0\t0\t" NVME "\tx\t\n", TRUE},
        {"disk-mounted\t2\t1\t0\t" NVME "\tx\n", FALSE},
        {"disk-mounted\t2\t1\t0\tnowhere\tx\ty\n", FALSE},
        {"net-up\t1\t0\t0\t" NVME "\tx\t\ngarbage\n", FALSE},
    };
    g_autoptr(VvHost) host = fake_host_scan(*state);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    g_autoptr(GPtrArray) devices = g_ptr_array_new();

    g_ptr_array_add(devices, vv_host_find(host, address_of(NVME)));
    g_ptr_array_add(devices, vv_host_find(host, address_of(NIC)));
    for (gsize i = 0; i < G_N_ELEMENTS(answers) + 1; i++) {
        g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
        gboolean is_whole = i < G_N_ELEMENTS(answers) && answers[i].is_whole;
        /* In the end a real child, which is given no time. */
        asked.child_says = i < G_N_ELEMENTS(answers) ? answers[i].says : NULL;
        vv_usage_collect(usage, devices, 0, reasons);
        if (is_whole) {
            assert_int_equal(reasons->len, *answers[i].says != '\0');
            continue;
        }
        assert_int_equal(reasons->len, devices->len);
        for (guint j = 0; j < reasons->len; j++) {
            const VvReason *reason = reasons->pdata[j];
            assert_text(reason->code, "stuck");
            assert_int_equal(reason->severity, VV_SEVERITY_BLOCK);
            assert_true(vv_address_equal(reason->address, ((VvDevice *)devices->pdata[j])->address));
        }
    }
}

/* Through the child and back: every field, and a reason without a remedy. */
static void test_collect_whole(void **state)
{
    usage_add(*state, "net", "eth\t0", NIC "/net/eth\t0");
    usage_put(*state, "sys/class/net/eth\t0/flags", "0x1003\n");
    usage_put(*state, "run/udev/data/b259:0", "E:ID_FS_TYPE=vfat\nE:ID_FS_LABEL=a\tb\\\n");
    g_autoptr(VvHost) host = fake_host_scan(*state);
    g_autoptr(VvUsage) usage = vv_usage_new(host), again = vv_usage_new(host);
    g_autoptr(GPtrArray) devices = g_ptr_array_new(), direct = g_ptr_array_new(),
                         asked_for = g_ptr_array_new();

    g_ptr_array_set_free_func(direct, (GDestroyNotify)vv_reason_free);
    g_ptr_array_set_free_func(asked_for, (GDestroyNotify)vv_reason_free);
    fake_host_put(*state, "sys/bus/pci/devices/" NIC "/sriov_numvfs", "1\n");
    g_ptr_array_add(devices, vv_host_find(host, address_of(NVME)));
    g_ptr_array_add(devices, vv_host_find(host, address_of(NIC)));
    vv_usage_check(usage, devices->pdata[0], direct);
    vv_usage_check(usage, devices->pdata[1], direct);
    vv_usage_collect(again, devices, 60000, asked_for);
    assert_int_equal(direct->len, 2);
    assert_int_equal(asked_for->len, direct->len);
    for (guint i = 0; i < direct->len; i++) {
        const VvReason *a = direct->pdata[i], *b = asked_for->pdata[i];
        assert_text(a->code, b->code);
        assert_text(a->detail, b->detail);
        assert_text(a->remedy, b->remedy);
        assert_int_equal(a->severity, b->severity);
        assert_int_equal(a->can_allow, b->can_allow);
        assert_true(vv_address_equal(a->address, b->address));
    }
    g_ptr_array_set_size(devices, 0);
    vv_usage_collect(again, devices, 0, asked_for);
    assert_int_equal(asked_for->len, direct->len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_collect, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_collect_whole, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
