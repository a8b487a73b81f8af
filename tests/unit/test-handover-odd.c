/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOMAIN "5c1b0d7e-0000-4000-8000-123456789abc"
#define A "0000:01:00.0"
#define B "0000:02:00.0"

#define MACHINE                                                                                              \
    "drivers vfio-pci pci-stub\n" A " class=010802 id=144d:a808 driver=nvme group=1\n" B                     \
    " class=020000 id=8086:1572 driver=i40e group=2\n"

static VvPlan *plan_take(Bench *b, const char *words)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autoptr(GError) error = NULL;

    assert_true(vv_selector_parse(words, selectors, NULL));
    bench_rescan(b);
    VvPlan *plan = vv_plan_take(b->host, b->journal, selectors, NULL, &error);
    assert_fine(error);
    return plan;
}

/* Of the machine as it was scanned last. */
static VvPlan *plan_return(Bench *b)
{
    g_autoptr(GPtrArray) entries = vv_journal_list(b->journal, NULL);

    return vv_plan_return(b->host, entries);
}

static void close_as_before(Bench *b)
{
    bench_assert_as_before(b);
    bench_close(b);
}

/* No options at all are good ones. */
static void test_defaults(void **state)
{
    Bench b;
    g_autoptr(GError) error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    g_autoptr(VvPlan) plan = plan_take(&b, A ";" B);
    assert_true(vv_handover_take(b.host, b.journal, plan, NULL, &error));
    g_autoptr(VvPlan) back = plan_return(&b);
    assert_true(vv_handover_return(b.host, b.journal, back, NULL, &error));
    close_as_before(&b);
}

/* Between plan and lock somebody took it: by hand, or for an owner that has no name. */
static void test_claimed_meanwhile(void **state)
{
    static const struct {
        const char *owner, *says;
    } claims[] = {
        {VV_OWNER_MANUAL, "taken by hand by another virt-vfio"},
        {DOMAIN, "taken for owner " DOMAIN " by another"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(claims); i++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        g_autoptr(VvPlan) plan = plan_take(&b, A);
        g_autoptr(VvEntry) theirs = vv_entry_new(address_of(A), claims[i].owner, NULL);
        assert_true(vv_journal_write(b.journal, theirs, NULL));
        assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
        assert_problem(error, VV_ERROR_REFUSED, claims[i].says);
        bench_assert_journal(&b, A " taking -"); /* theirs */
        assert_true(vv_journal_remove(b.journal, theirs->address, NULL));
        close_as_before(&b);
    }
}

/* It was half taken by hand when the plan was made, and is a domain's by now. */
static void test_owner_changed_meanwhile(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    g_autoptr(VvEntry) theirs = vv_entry_new(address_of(A), VV_OWNER_MANUAL, NULL);
    theirs->driver = g_strdup("nvme");
    assert_true(vv_journal_write(b.journal, theirs, NULL));
    g_autoptr(VvPlan) plan = plan_take(&b, A);
    assert_true(vv_plan_ok(plan));
    g_free(theirs->owner);
    theirs->owner = g_strdup(DOMAIN);
    assert_true(vv_journal_write(b.journal, theirs, NULL));
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_REFUSED, "claimed");
    assert_int_equal(fake_host_writes(b.fake), 0);
    assert_true(vv_journal_remove(b.journal, theirs->address, NULL));
    close_as_before(&b);
}

static void test_entry_broken_meanwhile(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    g_autoptr(VvPlan) plan = plan_take(&b, A ";" B);
    fake_host_put(b.fake, "run/virt-vfio/devices/" B, "nonsense");
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_FAILED, "not a journal entry");
    assert_int_equal(fake_host_writes(b.fake), 0);
    assert_true(vv_journal_remove(b.journal, address_of(B), NULL));
    close_as_before(&b);
}

static void test_driver_changed_meanwhile(void **state)
{
    static const struct {
        const char *planned, *now, *says;
    } changes[] = {
        {"nvme", NULL, "from nvme to none"},
        {"nvme", "pci-stub", "from nvme to pci-stub"},
        {NULL, "nvme", "from none to nvme"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        fake_host_bind(b.fake, A, changes[i].planned);
        g_autoptr(VvPlan) plan = plan_take(&b, A);
        fake_host_bind(b.fake, A, changes[i].now);
        assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
        assert_problem(error, VV_ERROR_FAILED, changes[i].says);
        assert_int_equal(fake_host_writes(b.fake), 0);
        bench_assert_journal(&b, "");
        bench_close(&b);
    }
}

/* A variant driver whose module does not load, and one that is there. */
static void test_variant(void **state)
{
    static const char *const loaded[] = {NULL, "drivers mlx5_vfio_pci\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(loaded); i++) {
        Bench b;
        g_autoptr(GError) error = NULL;
        bench_open(&b, fake_host_new("drivers vfio-pci mlx5_vfio_pci\n" MACHINE));
        g_autoptr(VvPlan) plan = plan_take(&b, B);
        VvPlanDevice *planned = plan->devices->pdata[0];
        g_free(planned->to);
        planned->to = g_strdup("mlx5_vfio_pci");
        if (!loaded[i])
            fake_host_unregister(b.fake, "mlx5_vfio_pci");
        assert_true(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
        bench_assert_driver(&b, B, loaded[i] ? "mlx5_vfio_pci" : "vfio-pci");
        bench_assert_override(&b, B, loaded[i] ? "mlx5_vfio_pci" : "vfio-pci");
        bench_return_fine(&b);
        bench_assert_driver(&b, B, "i40e");
        bench_close(&b);
    }
}

/* Unbinding two of these at once is a BUG of the kernel. */
static void test_lone_driver(void **state)
{
    static const char *const machine = "drivers vfio-pci\n"
                                       "0000:00:04.0 class=088000 id=8086:2021 driver=ioatdma group=1\n"
                                       "0000:00:04.1 class=088000 id=8086:2021 driver=ioatdma group=2\n"
                                       "0000:00:04.2 class=088000 id=8086:2021 driver=ioatdma group=3\n";
    Bench b;

    bench_open(&b, fake_host_new(machine));
    fake_host_gather(b.fake, 2, 300);
    bench_take_fine(&b, "00:04");
    assert_int_equal(fake_host_most_parallel(b.fake), 1);
    fake_host_inject(b.fake, NULL);
    fake_host_gather(b.fake, 2, 300);
    bench_return_fine(&b);
    assert_int_equal(fake_host_most_parallel(b.fake), 1);
    close_as_before(&b);
}

/* What went wrong cannot be written down either; the device is back all the same. */
static void test_failure_cannot_be_written(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    fake_host_inject(b.fake, &(FakeFault){.action = FAKE_NO_JOURNAL, .suffix = "/driver_override"});
    fake_host_inject(b.fake, &(FakeFault){.error = EIO, .suffix = "/driver/unbind"});
    assert_false(bench_take(&b, A, &error));
    assert_problem(error, VV_ERROR_FAILED, "cannot unbind " A);
    close_as_before(&b);
}

/* Between the plan to give back and its lock, others were quicker. */
static void test_return_meanwhile(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, A ";" B);
    g_autoptr(VvPlan) first = plan_return(&b), second = plan_return(&b);
    assert_true(vv_handover_return(b.host, b.journal, first, &b.options, &error));
    fake_host_inject(b.fake, NULL);
    assert_true(vv_handover_return(b.host, b.journal, second, &b.options, &error));
    assert_text(((VvPlanDevice *)second->devices->pdata[0])->state, "host");
    assert_int_equal(fake_host_writes(b.fake), 0);

    bench_take_fine(&b, A ";" B);
    g_autoptr(VvPlan) third = plan_return(&b);
    fake_host_put(b.fake, "run/virt-vfio/devices/" A, "nonsense");
    fake_host_unplug(b.fake, B);
    assert_false(vv_handover_return(b.host, b.journal, third, &b.options, &error));
    assert_problem(error, VV_ERROR_FAILED, "not a journal entry");
    assert_text(((VvPlanDevice *)third->devices->pdata[1])->state, "gone");
    bench_assert_driver(&b, A, "vfio-pci");
    assert_true(vv_journal_remove(b.journal, address_of(A), NULL));
    bench_assert_journal(&b, "");
    bench_close(&b);
}

/* The host driver's probe hangs and its worker cannot be killed: the rest is back, and a later try says at
 * once who still has the device. */
static void test_wedged_while_returning(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, A ";" B);
    b.options.stage_ms = 1000;
    fake_host_inject(b.fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/nvme/bind", .times = 1});
    fake_unkillable = TRUE;
    gboolean ok = bench_return(&b, &plan, &error);
    fake_unkillable = FALSE;
    assert_false(ok);
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, A " is stuck: the driver that is to have it");
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "stuck");
    bench_assert_journal(&b, A " stuck nvme");
    bench_assert_driver(&b, B, "i40e");

    gint64 start = g_get_monotonic_time();
    assert_false(bench_return(&b, NULL, &error));
    assert_true(g_get_monotonic_time() - start < 5 * G_USEC_PER_SEC);
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "a worker of one that hangs in the kernel");
    assert_int_equal(fake_real_kill(fake_host_hanging(b.fake), SIGKILL), 0);
    assert_int_equal(waitpid(fake_host_hanging(b.fake), NULL, 0), fake_host_hanging(b.fake));
    bench_return_fine(&b);
    close_as_before(&b);
}

/* A worker that hangs with a device, but whose lock somebody has removed with its folder. */
static void test_stuck_without_a_word(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, A);
    g_autoptr(VvEntry) entry = vv_journal_read(b.journal, address_of(A), NULL);
    entry->state = VV_STATE_STUCK;
    entry->by = (VvProcess){812, 5};
    assert_true(vv_journal_write(b.journal, entry, NULL));
    fake_host_put(b.fake, "proc/812/stat", "812 (x) D 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 5 1 1\n");
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "stuck: " A);
    bench_assert_journal(&b, A " stuck nvme");
    fake_host_put(b.fake, "proc/812/stat", "812 (x) Z 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 5 1 1\n");
    bench_return_fine(&b);
    close_as_before(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_claimed_meanwhile),
        cmocka_unit_test(test_owner_changed_meanwhile),
        cmocka_unit_test(test_entry_broken_meanwhile),
        cmocka_unit_test(test_driver_changed_meanwhile),
        cmocka_unit_test(test_variant),
        cmocka_unit_test(test_lone_driver),
        cmocka_unit_test(test_failure_cannot_be_written),
        cmocka_unit_test(test_return_meanwhile),
        cmocka_unit_test(test_wedged_while_returning),
        cmocka_unit_test(test_stuck_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
