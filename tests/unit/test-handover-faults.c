/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define A "0000:01:00.0"
#define B "0000:02:00.0"
#define C "0000:03:00.0"

#define MACHINE                                                                                              \
    "drivers vfio-pci\n" A " class=030000 id=10de:1e84 driver=nouveau group=1\n" B                           \
    " class=010802 id=144d:a808 driver=nvme group=2\n" C " class=020000 id=8086:1572 driver=i40e group=3\n"  \
    "0000:04:00.0 class=0c0330 id=1022:149c driver=xhci_hcd group=4\n"

/* What is taken in the tests that count devices. */
static const char *const first_n[] = {A, A ";" B, A ";" B ";" C, A ";" B ";" C ";0000:04:00.0"};

static void inject(Bench *b, FakeFault fault)
{
    fake_host_inject(b->fake, NULL);
    fake_host_inject(b->fake, &fault);
}

static void assert_names_a_device(GError *error)
{
    assert_non_null(error);
    if (!strstr(error->message, "0000:0"))
        fail_msg("\"%s\" names no device", error->message);
    assert_int_equal(error->code, VV_ERROR_FAILED);
    g_error_free(error);
}

/* One fault at each write in turn; afterwards everything must be as it was. */
static void fail_each_write(FakeAction action, int error_number)
{
    for (guint devices = 1; devices <= 4; devices++) {
        Bench b;
        bench_open(&b, fake_host_new(MACHINE));
        fake_host_require_journal(b.fake, devices);
        for (guint at = 1; at <= devices * 3; at++) {
            GError *error = NULL;
            b.options.parallel = at % 2 ? 1 : 16;
            inject(&b, (FakeFault){.action = action, .error = error_number, .at = at});
            gboolean ok = bench_take(&b, first_n[devices - 1], &error);
            /* A bind that says no but did it counts as done: only the link tells. */
            if (ok && action == FAKE_FAIL_AFTER)
                bench_return_fine(&b);
            else {
                assert_false(ok);
                assert_names_a_device(error);
            }
            bench_assert_as_before(&b);
        }
        /* One write too far: all that there is to fail has failed. */
        inject(&b, (FakeFault){.action = action, .error = error_number, .at = 1000});
        bench_take_fine(&b, first_n[devices - 1]);
        assert_int_equal(fake_host_writes(b.fake), devices * 3);
        fake_host_require_journal(b.fake, 0);
        bench_return_fine(&b);
        bench_close(&b);
    }
}

static void test_eio(void **state)
{
    fail_each_write(FAKE_FAIL, EIO);
}

static void test_ebusy(void **state)
{
    fail_each_write(FAKE_FAIL, EBUSY);
}

static void test_enodev(void **state)
{
    fail_each_write(FAKE_FAIL, ENODEV);
}

static void test_enospc(void **state)
{
    fail_each_write(FAKE_FAIL, ENOSPC);
}

static void test_done_but_error(void **state)
{
    fail_each_write(FAKE_FAIL_AFTER, EINVAL);
}

static void test_worker_dies(void **state)
{
    fail_each_write(FAKE_DIE, 0);
}

static void test_error_says_what(void **state)
{
    static const struct {
        const char *suffix;
        int error;
        const char *says;
    } faults[] = {
        {"driver_override", EIO, "cannot set driver_override of " B ": Input/output error"},
        {"/driver/unbind", EBUSY, "cannot unbind " B " from its driver: Device or resource busy"},
        {"vfio-pci/bind", EINVAL, "the driver vfio-pci does not take " B ": Invalid argument"},
        {"vfio-pci/bind", 0, B " did not end up on vfio-pci"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        Bench b;
        GError *error = NULL;
        g_autoptr(VvPlan) plan = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        inject(&b,
               (FakeFault){.error = faults[i].error, .suffix = faults[i].suffix, .address = B, .times = 1});
        assert_false(bench_take_as(&b, first_n[2], NULL, &plan, &error));
        assert_problem(error, VV_ERROR_FAILED, faults[i].says);
        assert_true(b.progress_failed == 1);
        for (guint j = 0; j < plan->devices->len; j++)
            assert_text(((VvPlanDevice *)plan->devices->pdata[j])->state, "host");
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

/* A short deadline, but one that a worker meets on this machine as busy as it is: at least 300 ms. */
static guint set_deadline(Bench *b)
{
    gint64 start = g_get_monotonic_time();

    bench_take_fine(b, first_n[3]);
    bench_return_fine(b);
    gint64 ms = (g_get_monotonic_time() - start) / 1000;
    b->options.stage_ms = (guint)CLAMP(ms * 5, 300, 5000);
    return b->options.stage_ms;
}

static void assert_in_time(gint64 start, guint least_ms)
{
    gint64 ms = (g_get_monotonic_time() - start) / 1000;

    /* poll(2) rounds, and ten seconds are for what else there is to do, on a machine that is busy. */
    assert_in_range(ms, least_ms - 5, 2 * least_ms + 10000);
}

static void test_hang_while_taking(void **state)
{
    static const char *const places[] = {"driver_override", "/driver/unbind", "vfio-pci/bind"};

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        guint deadline = set_deadline(&b);
        inject(&b, (FakeFault){.action = FAKE_HANG, .suffix = places[i], .address = B, .times = 1});
        gint64 start = g_get_monotonic_time();
        assert_false(bench_take(&b, first_n[3], &error));
        assert_in_time(start, deadline);
        assert_problem(error, VV_ERROR_FAILED, B ": no answer in time");
        assert_int_not_equal(fake_host_hanging(b.fake), 0);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

/* It hangs for good: the others are back all the same, and what was before is still known. */
static void test_hang_for_good(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    guint deadline = set_deadline(&b);
    inject(&b, (FakeFault){.action = FAKE_HANG, .address = B, .suffix = "/bind"});
    gint64 start = g_get_monotonic_time();
    assert_false(bench_take(&b, first_n[2], &error));
    assert_in_time(start, 2 * deadline); /* once there, once back */
    assert_problem(error, VV_ERROR_FAILED, B);
    bench_assert_driver(&b, A, "nouveau");
    bench_assert_driver(&b, C, "i40e");
    bench_assert_journal(&b, B " returning nvme");
    bench_assert_tidy(&b);
    inject(&b, (FakeFault){.at = 1000});
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_hang_while_returning(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    guint deadline = set_deadline(&b);
    for (guint parallel = 1; parallel <= 16; parallel += 15) {
        b.options.parallel = parallel;
        bench_take_fine(&b, first_n[2]);
        inject(&b, (FakeFault){.action = FAKE_HANG, .address = A, .suffix = "/driver/unbind"});
        gint64 start = g_get_monotonic_time();
        assert_false(bench_return(&b, NULL, &error));
        assert_in_time(start, deadline);
        assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, A ": no answer in time");
        bench_assert_journal(&b, A " returning nouveau");
        bench_assert_driver(&b, B, "nvme");
        bench_assert_driver(&b, C, "i40e");
        inject(&b, (FakeFault){.at = 1000});
        bench_return_fine(&b);
        bench_assert_as_before(&b);
    }
    bench_close(&b);
}

/* A worker in state D, which not even SIGKILL ends. It keeps the lock of its own group, and no other. */
static void test_wedged(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    guint deadline = set_deadline(&b);
    inject(&b, (FakeFault){.action = FAKE_HANG, .suffix = "/driver/unbind", .address = B, .times = 1});
    fake_unkillable = TRUE;
    gint64 start = g_get_monotonic_time();
    gboolean ok = bench_take(&b, first_n[2], &error);
    assert_in_time(start, deadline);
    fake_unkillable = FALSE;
    assert_false(ok);
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, B " is stuck");
    bench_assert_journal(&b, B " stuck nvme");
    bench_assert_driver(&b, A, "nouveau");
    bench_assert_driver(&b, C, "i40e");
    g_autoptr(VvEntry) entry = vv_journal_read(b.journal, address_of(B), NULL);
    assert_non_null(strstr(entry->note, "waits in"));

    /* It is still there; nobody takes the device, and the rest works on. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
    assert_false(bench_take(&b, B, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_REFUSED, "refused");
    bench_take_fine(&b, A ";" C);

    assert_int_equal(fake_real_kill(fake_host_hanging(b.fake), SIGKILL), 0);
    assert_int_equal(waitpid(fake_host_hanging(b.fake), NULL, 0), fake_host_hanging(b.fake));
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_return_goes_on(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, first_n[3]);
    inject(&b, (FakeFault){.error = EIO, .suffix = "/nouveau/bind"});
    assert_false(bench_return(&b, &plan, &error));
    assert_problem(error, VV_ERROR_FAILED, A);
    bench_assert_journal(&b, A " returning nouveau");
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "returning");
    for (guint i = 1; i < 4; i++)
        assert_text(((VvPlanDevice *)plan->devices->pdata[i])->state, "host");
    bench_assert_driver(&b, B, "nvme");
    bench_assert_driver(&b, "0000:04:00.0", "xhci_hcd");
    bench_assert_tidy(&b);
    inject(&b, (FakeFault){.at = 1000});
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_each_write_of_a_return(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    for (guint at = 1; at <= 9; at++) {
        GError *error = NULL;
        b.options.parallel = at % 2 ? 16 : 1;
        bench_take_fine(&b, first_n[2]);
        inject(&b, (FakeFault){.error = EBUSY, .at = at});
        assert_false(bench_return(&b, NULL, &error));
        assert_names_a_device(error);
        g_autoptr(GPtrArray) left = vv_journal_list(b.journal, NULL);
        assert_int_equal(left->len, 1);
        bench_assert_tidy(&b);
        bench_return_fine(&b);
        bench_assert_as_before(&b);
    }
    bench_close(&b);
}

/* Neither there nor back: the journal still knows what was before. */
static void test_take_and_revert_fail(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    inject(&b, (FakeFault){.error = EIO, .suffix = "vfio-pci/bind", .address = C});
    fake_host_inject(b.fake, &(FakeFault){.error = EBUSY, .suffix = "/nvme/bind"});
    assert_false(bench_take(&b, first_n[2], &error));
    assert_problem(error, VV_ERROR_FAILED, C); /* the first trouble, not what followed from it */
    bench_assert_journal(&b, B " returning nvme");
    bench_assert_driver(&b, A, "nouveau");
    bench_assert_driver(&b, C, "i40e");
    bench_assert_tidy(&b);
    inject(&b, (FakeFault){.at = 1000});
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_held_stays_held(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, A);
    inject(&b, (FakeFault){.error = EIO, .suffix = "vfio-pci/bind", .times = 1});
    assert_false(bench_take(&b, first_n[1], &error));
    assert_problem(error, VV_ERROR_FAILED, B);
    bench_assert_driver(&b, A, "vfio-pci");
    bench_assert_driver(&b, B, "nvme");
    bench_assert_override(&b, B, "(null)");
    bench_assert_journal(&b, A " taken nouveau");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* The journal is full or broken: then nothing may be touched. */
static void test_journal_cannot_be_written(void **state)
{
    static const char *const devices[] = {A, B, C};

    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        g_autofree char *in_the_way =
            g_strdup_printf("%s/run/virt-vfio/devices/%s.new", fake_host_root(b.fake), devices[i]);
        assert_int_equal(g_mkdir_with_parents(in_the_way, 0700), 0);
        assert_false(bench_take(&b, first_n[2], &error));
        assert_problem(error, VV_ERROR_FAILED, devices[i]);
        assert_int_equal(fake_host_writes(b.fake), 0);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

/* It runs full while the devices are taken: "taken" cannot be written any more. */
static void test_journal_fails_late(void **state)
{
    for (guint at = 1; at <= 6; at++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        b.options.parallel = at % 2 ? 16 : 1;
        inject(&b, (FakeFault){.action = FAKE_NO_JOURNAL, .at = at});
        assert_false(bench_take(&b, first_n[1], &error));
        assert_names_a_device(error);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

static void test_unplugged_while_taking(void **state)
{
    for (guint at = 1; at <= 9; at++) {
        Bench b;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        b.options.parallel = at % 2 ? 1 : 16;
        inject(&b, (FakeFault){.action = FAKE_UNPLUG, .at = at});
        assert_false(bench_take(&b, first_n[2], &error));
        assert_names_a_device(error);
        bench_assert_journal(&b, "");
        bench_assert_tidy(&b);
        bench_rescan(&b);
        assert_int_equal(vv_host_devices(b.host)->len, 3);
        for (guint i = 0; i < 3; i++) {
            const VvDevice *device = vv_host_devices(b.host)->pdata[i];
            bench_assert_override(&b, device->text, "(null)");
            assert_false(vv_driver_is_vfio(device->driver));
            assert_non_null(device->driver);
        }
        bench_close(&b);
    }
}

static void test_unplugged_while_returning(void **state)
{
    for (guint at = 1; at <= 9; at++) {
        Bench b;
        g_autoptr(VvPlan) plan = NULL;
        GError *error = NULL;
        bench_open(&b, fake_host_new(MACHINE));
        b.options.parallel = at % 2 ? 1 : 16;
        bench_take_fine(&b, first_n[2]);
        inject(&b, (FakeFault){.action = FAKE_UNPLUG, .at = at});
        assert_true(bench_return(&b, &plan, &error));
        assert_fine(error);
        guint gone = 0;
        for (guint i = 0; i < plan->devices->len; i++)
            gone += strcmp(((VvPlanDevice *)plan->devices->pdata[i])->state, "gone") == 0;
        assert_int_equal(gone, 1);
        bench_assert_journal(&b, "");
        bench_close(&b);
    }
}

/* kill -9 of the program at any moment: whoever comes next gives everything back. */
static void kill_program_at(FakeAction action, guint at, const char *take_first)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    b.options.parallel = 1; /* others would go on as orphans */
    if (take_first)
        bench_take_fine(&b, take_first);
    inject(&b, (FakeFault){.action = action, .at = at});
    pid_t program = fork();
    if (program == 0) {
        if (take_first)
            bench_return(&b, NULL, NULL);
        else
            bench_take(&b, first_n[2], NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(program, &status, 0), program);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    inject(&b, (FakeFault){.at = 1000});
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_killed_while_taking(void **state)
{
    for (guint at = 1; at <= 9; at++) {
        kill_program_at(FAKE_KILL_BEFORE, at, NULL);
        kill_program_at(FAKE_KILL_AFTER, at, NULL);
    }
}

static void test_killed_while_returning(void **state)
{
    for (guint at = 1; at <= 9; at++) {
        kill_program_at(FAKE_KILL_BEFORE, at, first_n[2]);
        kill_program_at(FAKE_KILL_AFTER, at, first_n[2]);
    }
}

/* An interrupted take is taken up again by the same owner, without forgetting what was before. */
static void test_take_after_a_killed_take(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    b.options.parallel = 1;
    inject(&b, (FakeFault){.action = FAKE_KILL_AFTER, .at = 5});
    pid_t program = fork();
    if (program == 0) {
        bench_take(&b, first_n[2], NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(program, NULL, 0), program);
    inject(&b, (FakeFault){.at = 1000});
    bench_take_fine(&b, first_n[2]);
    bench_assert_journal(&b, A " taken nouveau; " B " taken nvme; " C " taken i40e");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eio),
        cmocka_unit_test(test_ebusy),
        cmocka_unit_test(test_enodev),
        cmocka_unit_test(test_enospc),
        cmocka_unit_test(test_done_but_error),
        cmocka_unit_test(test_worker_dies),
        cmocka_unit_test(test_error_says_what),
        cmocka_unit_test(test_hang_while_taking),
        cmocka_unit_test(test_hang_for_good),
        cmocka_unit_test(test_hang_while_returning),
        cmocka_unit_test(test_wedged),
        cmocka_unit_test(test_return_goes_on),
        cmocka_unit_test(test_each_write_of_a_return),
        cmocka_unit_test(test_take_and_revert_fail),
        cmocka_unit_test(test_held_stays_held),
        cmocka_unit_test(test_journal_cannot_be_written),
        cmocka_unit_test(test_journal_fails_late),
        cmocka_unit_test(test_unplugged_while_taking),
        cmocka_unit_test(test_unplugged_while_returning),
        cmocka_unit_test(test_killed_while_taking),
        cmocka_unit_test(test_killed_while_returning),
        cmocka_unit_test(test_take_after_a_killed_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
