/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "sweep.h"
#include "vfio/reset.h"

#define NVME "0000:01:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n0000:00:01.0 class=060400 id=8086:1901 subordinate\n" NVME                            \
    " class=010802 id=1b36:0010 driver=nvme group=1 reset=flr,bus behind=0000:00:01.0 slot=1 power=auto "    \
    "d3cold=1\n"

static gboolean be_reset(Bench *b, gconstpointer method, GError **error)
{
    const char *const allow[] = {"reset-removes", NULL};
    const VvPlanOptions options = {.allow = allow};
    g_autoptr(VvResetChoice) choice = NULL;

    bench_rescan(b);
    g_autoptr(VvPlan) plan = vv_plan_reset(b->host, b->journal, vv_host_find(b->host, address_of(NVME)),
                                           method, &options, &choice, error);
    return plan && vv_reset(b->host, b->journal, plan, choice, &b->options, NULL, error);
}

/* What a verb that changes things does first. */
static gboolean recover(Bench *b, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    return vv_reset_recover(fake_host_sysfs(b->fake), b->journal, &b->options, NULL, error) &&
           sweep_recover(b, NULL, error);
}

/* After a kill at each step of the reset, and of the recovery: whoever had the device by hand still has it,
 * or it is at home, with the list of methods and the power of its slot as they were, and nothing is left
 * over. */
static void assert_settled(Bench *b)
{
    sweep_run_fine(b, recover, NULL);
    sweep_reap();
    sweep_run_fine(b, sweep_release, NULL);
    sweep_reap();
    bench_assert_as_before(b);
    assert_true(vv_journal_is_empty(b->journal));
}

static guint sweep(const char *method)
{
    int at = 1;
    Bench b;

    for (SweepEnd end = SWEEP_KILLED; end == SWEEP_KILLED; at++) {
        bench_open(&b, fake_host_new(MACHINE));
        b.options.stage_ms = b.options.lock_ms = b.options.reset_ms = 30000;
        sweep_run_fine(&b, sweep_bind, NVME);
        end = sweep_run(&b, be_reset, method, VV_SEAM_KILL, at, 0);
        sweep_reap();
        if (end == SWEEP_KILLED && at % 2)
            for (int again = 1; sweep_run(&b, recover, NULL, VV_SEAM_KILL, again, 0) == SWEEP_KILLED; again++)
                sweep_reap();
        assert_settled(&b);
        bench_close(&b);
    }
    return (guint)at - 2;
}

static void test_kills(void **state)
{
    /* Lock; note: write, rename; methods, reset, methods; note removed. */
    assert_int_equal(sweep("flr"), 7);
    /* Lock, then the one write. */
    assert_int_equal(sweep("reset_subordinate"), 2);
    /* Lock; note: 2; off, on; override, unbind, bind; d3cold, power; note removed. */
    assert_in_range(sweep("slot_power"), 9, 12);
    assert_in_range(sweep("remove_rescan"), 9, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
