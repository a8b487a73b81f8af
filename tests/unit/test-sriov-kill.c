/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-state.h"
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

/* What is swept. */
typedef struct {
    guint before, wanted;
    const char *autoprobe;
    guint steps, kills; /* of the change; and with those of the recoveries */
} Case;

/* After a kill at each step of the change, and of the recovery: the number before or the one that was wanted,
 * autoprobe as before, no VF with a driver that it did not have, nothing left over. */
static void assert_settled(Bench *b, const Case *sweep)
{
    guint before = sweep->before, wanted = sweep->wanted;

    sweep_run_fine(b, recover, NULL);
    sweep_reap();
    g_autofree char *count = attribute(b, "sriov_numvfs"),
                    *autoprobe = attribute(b, "sriov_drivers_autoprobe");
    if ((guint)atoi(count) != before && (guint)atoi(count) != wanted)
        fail_msg("%s VFs, neither %u nor %u", count, before, wanted);
    assert_text(autoprobe, sweep->autoprobe);
    assert_true(vv_journal_is_empty(b->journal));
    bench_rescan(b);
    for (guint i = 0; i < vv_host_devices(b->host)->len; i++) {
        const VvDevice *device = vv_host_devices(b->host)->pdata[i];
        assert_text(device->driver, strcmp(device->text, PF) == 0 ? "igb" : NULL);
    }
}

static void set_autoprobe(Bench *b, const char *value)
{
    g_autofree char *line = g_strconcat(value, "\n", NULL);

    fake_host_put(b->fake, "sys/devices/pci0000:00/" PF "/sriov_drivers_autoprobe", line);
}

/* Kills the recovery at each step, always from what it finds now. */
static guint kill_recoveries(Bench *b, const Case *sweep)
{
    g_autoptr(FakeState) left = fake_state_save(b->fake);

    for (int at = 1;; at++) {
        SweepEnd end = sweep_run(b, recover, NULL, VV_SEAM_KILL, at, 0);
        sweep_reap();
        assert_settled(b, sweep);
        if (end != SWEEP_KILLED)
            return (guint)at - 1;
        fake_state_restore(b->fake, left);
    }
}

static void sweep(const Case *sweep)
{
    guint kills = 0, steps = 0;
    Bench b;

    for (SweepEnd end = SWEEP_KILLED; end == SWEEP_KILLED;) {
        bench_open(&b, fake_host_new(MACHINE));
        b.options.stage_ms = b.options.lock_ms = b.options.reset_ms = 30000;
        set_autoprobe(&b, "0");
        fake_host_set_vfs(b.fake, PF, sweep->before);
        set_autoprobe(&b, sweep->autoprobe);
        end = sweep_run(&b, set, GUINT_TO_POINTER(sweep->wanted), VV_SEAM_KILL, (int)steps + 1, 0);
        sweep_reap();
        if (end == SWEEP_KILLED) {
            steps++;
            kills += 1 + kill_recoveries(&b, sweep);
        }
        assert_settled(&b, sweep);
        bench_close(&b);
    }
    print_message("# from %u to %u, autoprobe %s: %u steps, %u kills\n", sweep->before, sweep->wanted,
                  sweep->autoprobe, steps, kills);
    assert_int_equal(steps, sweep->steps);
    assert_int_equal(kills, sweep->kills);
}

/* Locks of all groups concerned; note: write, rename; autoprobe, number, autoprobe; note removed. */
static void test_kills(void **state)
{
    sweep(&(const Case){0, 3, "1", 1 + 2 + 3 + 1, 17});
    sweep(&(const Case){2, 4, "1", 3 + 2 + 4 + 1, 24});
    sweep(&(const Case){3, 0, "1", 4 + 2 + 3 + 1, 20});
}

/* Nothing is written to it then. */
static void test_without_autoprobe(void **state)
{
    sweep(&(const Case){0, 3, "0", 1 + 2 + 1 + 1, 9});
    sweep(&(const Case){2, 4, "0", 3 + 2 + 2 + 1, 15});
    sweep(&(const Case){3, 0, "0", 4 + 2 + 1 + 1, 12});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills),
                                       cmocka_unit_test(test_without_autoprobe)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
