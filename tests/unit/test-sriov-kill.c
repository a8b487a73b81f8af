/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "sweep.h"
#include "vfio/sriov.h"

#define PF "0000:01:00.0"
#define VF " class=020000 id=8086:10ca physfn=" PF " native=igbvf "
#define MACHINE                                                                                              \
    "drivers vfio-pci igbvf\n" PF " class=020000 id=8086:10c9 driver=igb group=1 sriov=4/4\n"                \
    "0000:01:10.0" VF "group=2\n0000:01:10.1" VF "group=3\n0000:01:10.2" VF "group=4\n0000:01:10.3" VF       \
    "group=5\n"

static gboolean set(Bench *b, gconstpointer count, GError **error)
{
    const char *const allow[] = {"sriov-parent", NULL};
    const VvPlanOptions options = {.allow = allow};
    guint wanted = GPOINTER_TO_UINT(count);

    bench_rescan(b);
    g_autoptr(VvPlan) plan =
        vv_plan_sriov(b->host, b->journal, vv_host_find(b->host, address_of(PF)), wanted, &options, error);
    return plan && vv_sriov_set(b->host, b->journal, plan, wanted, &b->options, NULL, NULL, error);
}

static gboolean recover(Bench *b, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    bench_rescan(b);
    return vv_sriov_recover(b->host, b->journal, &b->options, NULL, error);
}

static char *attribute(const Bench *b, const char *name)
{
    g_autofree char *path = g_build_filename(fake_host_root(b->fake), "sys/bus/pci/devices", PF, name, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text ? g_strchomp(text) : NULL;
}

/* After a kill at each step of the change, and of the recovery: the number before or the one that was wanted,
 * autoprobe as before, no VF with a driver that it did not have, nothing left over. */
static void assert_settled(Bench *b, guint before, guint wanted)
{
    sweep_run_fine(b, recover, NULL);
    sweep_reap();
    g_autofree char *count = attribute(b, "sriov_numvfs"),
                    *autoprobe = attribute(b, "sriov_drivers_autoprobe");
    if ((guint)atoi(count) != before && (guint)atoi(count) != wanted)
        fail_msg("%s VFs, neither %u nor %u", count, before, wanted);
    assert_text(autoprobe, "1");
    assert_true(vv_journal_is_empty(b->journal));
    bench_rescan(b);
    for (guint i = 0; i < vv_host_devices(b->host)->len; i++) {
        const VvDevice *device = vv_host_devices(b->host)->pdata[i];
        assert_text(device->driver, strcmp(device->text, PF) == 0 ? "igb" : NULL);
    }
}

static guint sweep(guint before, guint wanted)
{
    int at = 1;
    Bench b;

    for (SweepEnd end = SWEEP_KILLED; end == SWEEP_KILLED; at++) {
        bench_open(&b, fake_host_new(MACHINE));
        b.options.stage_ms = b.options.lock_ms = b.options.reset_ms = 30000;
        fake_host_put(b.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "0\n");
        fake_host_set_vfs(b.fake, PF, before);
        fake_host_put(b.fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", "1\n");
        end = sweep_run(&b, set, GUINT_TO_POINTER(wanted), VV_SEAM_KILL, at, 0);
        sweep_reap();
        if (end == SWEEP_KILLED)
            for (int again = 1; sweep_run(&b, recover, NULL, VV_SEAM_KILL, again, 0) == SWEEP_KILLED; again++)
                sweep_reap();
        sweep_reap();
        assert_settled(&b, before, wanted);
        bench_close(&b);
    }
    return (guint)at - 2;
}

static void test_kills(void **state)
{
    guint up = sweep(0, 3), through = sweep(2, 4), down = sweep(3, 0);

    print_message("# steps: %u to make, %u to change, %u to take away\n", up, through, down);
    /* Locks of all groups concerned; note: write, rename; autoprobe, number, autoprobe; note removed. */
    assert_int_equal(up, 1 + 2 + 3 + 1);
    assert_int_equal(through, 3 + 2 + 4 + 1);
    assert_int_equal(down, 4 + 2 + 3 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
