/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"

#include <sys/wait.h>
#include <unistd.h>

#define DOMAIN "5c1b0d7e-0000-4000-8000-123456789abc"
#define NVME "drivers vfio-pci\n0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2\n"

/* Every state in which a device can be found. */
#define MIXED                                                                                                \
    "drivers vfio-pci pci-stub\n"                                                                            \
    "0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=1\n"                                        \
    "0000:01:00.1 class=040300 id=10de:10f8 native=snd_hda_intel group=1\n"                                  \
    "0000:02:00.0 class=010802 id=144d:a808 driver=vfio-pci native=nvme override=vfio-pci group=2\n"         \
    "0000:03:00.0 class=010700 id=1000:0097 driver=pci-stub native=mpt3sas override=pci-stub group=3\n"      \
    "0000:04:00.0 class=020000 id=8086:1572 driver=vfio-pci native=i40e group=4\n"                           \
    "0000:05:00.0 class=010802 id=144d:a808 driver=nvme override=vfio-pci group=5\n"                         \
    "0000:06:00.0 class=020000 id=15b3:101e driver=mlx5_vfio_pci native=mlx5_core override=mlx5_vfio_pci "   \
    "group=6\n"                                                                                              \
    "0000:07:00.0 class=0c0330 id=1022:149c native=xhci_hcd override=none group=7\n"                         \
    "0000:08:00.0 class=020000 id=15b3:101e driver=mlx5_core override=mlx5_core group=8\n"

static const char *const mixed[] = {"01:00.0", "01:00.1", "02:00.0", "03:00.0", "04:00.0",
                                    "05:00.0", "06:00.0", "07:00.0", "08:00.0"};

static void test_take_and_return_all(void **state)
{
    g_autofree char *words =
        g_strjoinv(";", (char **)(const char *[]){"01:00", "02:00", "03:00", "04:00", "05:00", "06:00",
                                                  "07:00", "08:00", NULL});
    Bench b;

    bench_open(&b, fake_host_new(MIXED));
    fake_host_require_journal(b.fake, G_N_ELEMENTS(mixed));
    bench_take_fine(&b, words);
    for (guint i = 0; i < G_N_ELEMENTS(mixed); i++) {
        g_autofree char *full = vv_address_dup(address_of(mixed[i]));
        bench_assert_driver(&b, full, strcmp(mixed[i], "06:00.0") == 0 ? "mlx5_vfio_pci" : "vfio-pci");
    }
    bench_assert_override(&b, "0000:01:00.0", "vfio-pci");
    bench_assert_override(&b, "0000:04:00.0", "(null)"); /* bound by ids=, and nothing had to be done */
    bench_assert_override(&b, "0000:08:00.0", "vfio-pci");
    fake_host_require_journal(b.fake, 0);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* The text console is taken from a display before its driver goes, and shows text again afterwards. */
static void test_console(void **state)
{
    g_autoptr(GError) error = NULL;
    Bench b;

    bench_open(
        &b, fake_host_new("drivers vfio-pci\n0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=1 "
                          "bootvga=0 console=1\n"));
    fake_host_require_journal(b.fake, 1);
    bench_take_fine(&b, "01:00.0");
    assert_string_equal(fake_host_write(b.fake, 0), "sys/class/vtconsole/vtcon1/bind 0");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    /* One that does not come back is said, and tried again; the card is with its driver. */
    bench_take_fine(&b, "01:00.0");
    fake_host_inject(b.fake, &(FakeFault){.action = FAKE_FAIL, .error = EIO, .suffix = "vtcon1/bind"});
    assert_false(bench_return(&b, NULL, &error));
    assert_non_null(strstr(error->message, "the text consoles of 0000:01:00.0"));
    bench_assert_driver(&b, "0000:01:00.0", "nouveau");
    fake_host_inject(b.fake, NULL);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* Each alone: what goes right for one by luck of another's order would show. */
static void test_take_and_return_each(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(mixed); i++) {
        Bench b;
        bench_open(&b, fake_host_new(MIXED));
        bench_take_fine(&b, strcmp(mixed[i], "01:00.1") == 0 ? "01:00" : mixed[i]);
        bench_return_fine(&b);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

static void test_writes(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(NVME));
    bench_take_fine(&b, "02:00.0");
    assert_int_equal(fake_host_writes(b.fake), 3);
    assert_string_equal(fake_host_write(b.fake, 0),
                        "sys/bus/pci/devices/0000:02:00.0/driver_override vfio-pci");
    assert_string_equal(fake_host_write(b.fake, 1),
                        "sys/bus/pci/devices/0000:02:00.0/driver/unbind 0000:02:00.0");
    assert_string_equal(fake_host_write(b.fake, 2), "sys/bus/pci/drivers/vfio-pci/bind 0000:02:00.0");
    fake_host_inject(b.fake, NULL);
    bench_return_fine(&b);
    assert_int_equal(fake_host_writes(b.fake), 3);
    assert_string_equal(fake_host_write(b.fake, 0), "sys/bus/pci/devices/0000:02:00.0/driver_override \n");
    assert_string_equal(fake_host_write(b.fake, 2), "sys/bus/pci/drivers/nvme/bind 0000:02:00.0");
    bench_close(&b);

    bench_open(&b, fake_host_new(MIXED)); /* nothing to do for one that is there already */
    bench_take_fine(&b, "02:00.0;04:00.0;06:00.0");
    bench_return_fine(&b);
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_close(&b);
}

static void test_journal_and_plan_tell(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL, back = NULL;
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    assert_true(bench_take_as(&b, "01:00", DOMAIN, &plan, &error));
    bench_assert_journal(&b, "0000:01:00.0 taken nouveau; 0000:01:00.1 taken snd_hda_intel; "
                             "0000:01:00.2 taken xhci_hcd; 0000:01:00.3 taken nvidia-gpu");
    g_autoptr(VvEntry) entry = vv_journal_read(b.journal, address_of("01:00.0"), &error);
    assert_text(entry->owner, DOMAIN);
    assert_text(entry->owner_name, "win11");
    assert_null(entry->override);
    assert_null(entry->note);
    assert_int_equal(plan->steps->len, 4);
    for (guint i = 0; i < 4; i++) {
        const VvStep *step = plan->steps->pdata[i];
        assert_true(step->us >= 0 && !step->failed);
        assert_text(((VvPlanDevice *)plan->devices->pdata[i])->state, "taken");
    }
    assert_int_equal(b.progress, 4);
    assert_true(bench_return(&b, &back, &error));
    assert_text(((VvPlanDevice *)back->devices->pdata[0])->state, "host");
    assert_int_equal(b.progress, 8);
    assert_int_equal(b.progress_failed, 0);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_refused_changes_nothing(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    g_autofree char *before = fake_host_snapshot(b.fake, "");
    assert_false(bench_take(&b, "01:00.0;02:00.0", &error)); /* the rest of the group is missing */
    assert_problem(error, VV_ERROR_REFUSED, "refused");
    g_autofree char *after = fake_host_snapshot(b.fake, "");
    assert_string_equal(after, before);
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_close(&b);
}

/* Somebody was quicker between the plan and the lock. */
static void test_claimed_meanwhile(void **state)
{
    Bench b;
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    assert_true(vv_selector_parse("02:00.0;03:00.0", selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(b.host, b.journal, selectors, NULL, &error);
    assert_true(vv_plan_ok(plan));
    g_autoptr(VvEntry) theirs = vv_entry_new(address_of("03:00.0"), DOMAIN, "win11");
    theirs->driver = g_strdup("nvme");
    assert_true(vv_journal_write(b.journal, theirs, &error));
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_REFUSED, "0000:03:00.0");
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_journal(&b, "0000:03:00.0 taking nvme");
    assert_true(vv_journal_remove(b.journal, theirs->address, NULL));
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* All that is taken by hand has one owner, but not one command. */
static void test_claimed_by_hand_meanwhile(void **state)
{
    Bench b;
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    assert_true(vv_selector_parse("02:00.0;03:00.0", selectors, NULL));
    g_autoptr(VvEntry) theirs = vv_entry_new(address_of("03:00.0"), VV_OWNER_MANUAL, NULL);
    theirs->driver = g_strdup("nvme");
    assert_true(vv_journal_write(b.journal, theirs, &error));
    g_autoptr(VvPlan) plan = vv_plan_take(b.host, b.journal, selectors, NULL, &error);
    assert_true(vv_plan_ok(plan)); /* the other one is at it, and may still fail */
    theirs->state = VV_STATE_TAKEN;
    assert_true(vv_journal_write(b.journal, theirs, &error));
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_REFUSED, "claimed: 0000:03:00.0 has just been taken by hand");
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_journal(&b, "0000:03:00.0 taken nvme");
    assert_true(vv_journal_remove(b.journal, theirs->address, NULL));
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_twice(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;

    bench_open(&b, fake_host_new(NVME));
    bench_take_fine(&b, "02:00.0");
    g_autofree char *first = fake_host_snapshot(b.fake, "run");
    fake_host_inject(b.fake, NULL);
    assert_true(bench_take_as(&b, "02:00.0", NULL, &plan, &error));
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "taken");
    /* A domain may use it too, and it stays bound by hand. */
    assert_true(bench_take_as(&b, "02:00.0", DOMAIN, NULL, &error));
    assert_int_equal(fake_host_writes(b.fake), 0);
    g_autofree char *last = fake_host_snapshot(b.fake, "run");
    assert_string_equal(last, first);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_return_fine(&b); /* nothing left to do */
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* Locks are taken by ascending group, whatever was named first: else two programs could wait for each other.
 */
static void test_lock_is_busy(void **state)
{
    Bench b;
    GError *error = NULL;
    const int held[] = {1, 10};

    bench_open(&b, fake_host_load("intel-desktop"));
    VvJournal *other = vv_journal_new(fake_host_root(b.fake));
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_vals(groups, held, G_N_ELEMENTS(held));
    assert_true(vv_journal_lock_groups(other, groups, 0, NULL));

    gint64 start = g_get_monotonic_time();
    assert_false(bench_take(&b, "03:00.0;02:00.0;01:00", &error));
    assert_problem(error, VV_ERROR_FAILED, "group 1;");
    assert_true(g_get_monotonic_time() - start < 5 * G_USEC_PER_SEC);
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_journal(&b, "");
    vv_journal_free(other);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* How many writes ran side by side, when they waited for `gather` of them. */
static int most_parallel(guint parallel, int gather, guint ms)
{
    Bench b;

    bench_open(&b, fake_host_load("amd-desktop"));
    b.options.stage_ms = 60000;
    fake_host_gather(b.fake, gather, ms);
    b.options.parallel = parallel;
    bench_take_fine(&b, "08:00;01:00.0;0a:00.4");
    int most = fake_host_most_parallel(b.fake);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
    return most;
}

static void test_parallel(void **state)
{
    assert_int_equal(most_parallel(1, 2, 100), 1);
    assert_int_equal(most_parallel(3, 3, 30000), 3);
    assert_in_range(most_parallel(3, 4, 100), 1, 3);
    assert_int_equal(most_parallel(16, 6, 30000), 6);
    assert_int_equal(most_parallel(0, 6, 30000), 6);
    assert_int_equal(most_parallel(1000, 6, 30000), 6);
}

static void test_fifty_times(void **state)
{
    Bench b;

    bench_open(&b, fake_host_load("intel-desktop"));
    for (guint i = 0; i < 50; i++) {
        bench_take_fine(&b, "01:00;02:00.0");
        assert_int_equal(bench_count_fds(), b.fds);
        bench_return_fine(&b);
    }
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_vfio_unloaded_since_the_plan(void **state)
{
    Bench b;
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    bench_open(&b, fake_host_new(NVME));
    assert_true(vv_selector_parse("02:00.0", selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(b.host, b.journal, selectors, NULL, &error);
    fake_host_unregister(b.fake, "vfio-pci");
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_NOT_READY, "vfio-pci");
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_journal(&b, "");
    bench_close(&b);
}

static void test_native_driver_unloaded(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(NVME "0000:03:00.0 class=020000 id=8086:1572 driver=i40e group=3\n"));
    bench_take_fine(&b, "02:00.0;03:00.0");
    fake_host_unregister(b.fake, "nvme");
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "nvme");
    bench_assert_journal(&b, "0000:02:00.0 returning nvme");
    bench_assert_driver(&b, "0000:03:00.0", "i40e");
    fake_host_add(b.fake, "drivers nvme");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* A return that failed can also be turned round. */
static void test_take_again_after_half_a_return(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(NVME));
    bench_take_fine(&b, "02:00.0");
    fake_host_unregister(b.fake, "nvme");
    assert_false(bench_return(&b, NULL, NULL));
    bench_take_fine(&b, "02:00.0");
    bench_assert_journal(&b, "0000:02:00.0 taken nvme"); /* not "driver: none", which it is now */
    fake_host_add(b.fake, "drivers nvme");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_held_by_a_program(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    bench_take_fine(&b, "02:00.0;03:00.0");
    fake_host_hold_group(b.fake, 10, TRUE);
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_REFUSED, "process-holds");
    bench_assert_journal(&b, "0000:02:00.0 taken nvme");
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    bench_assert_override(&b, "0000:02:00.0", "vfio-pci");
    bench_assert_driver(&b, "0000:03:00.0", "nvme");
    fake_host_hold_group(b.fake, 10, FALSE);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* QEMU is still closing down when the hook runs. */
static void test_program_lets_go_in_time(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(NVME));
    bench_take_fine(&b, "02:00.0");
    fake_host_hold_group(b.fake, 2, TRUE);
    pid_t guest = fork();
    if (guest == 0) {
        g_usleep(200000);
        fake_host_hold_group(b.fake, 2, FALSE);
        _exit(0);
    }
    bench_return_fine(&b);
    assert_int_equal(waitpid(guest, NULL, 0), guest);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_gone_before_the_return(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    bench_take_fine(&b, "02:00.0;03:00.0");
    fake_host_unplug(b.fake, "0000:02:00.0");
    assert_true(bench_return(&b, &plan, &error));
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "gone");
    assert_text(((VvPlanDevice *)plan->devices->pdata[1])->state, "host");
    bench_assert_journal(&b, "");
    bench_assert_driver(&b, "0000:03:00.0", "nvme");
    bench_close(&b);
}

static void test_gone_since_the_plan(void **state)
{
    Bench b;
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    GError *error = NULL;

    bench_open(&b, fake_host_load("intel-desktop"));
    assert_true(vv_selector_parse("02:00.0;03:00.0", selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(b.host, b.journal, selectors, NULL, &error);
    assert_true(vv_plan_ok(plan));
    fake_host_unplug(b.fake, "0000:02:00.0");
    assert_false(vv_handover_take(b.host, b.journal, plan, &b.options, &error));
    assert_problem(error, VV_ERROR_FAILED, "0000:02:00.0");
    bench_assert_journal(&b, "");
    bench_assert_driver(&b, "0000:03:00.0", "nvme");
    bench_assert_override(&b, "0000:03:00.0", "(null)");
    bench_close(&b);
}

/* Somebody already gave it back by hand, or bound it to something else. */
static void test_rebound_meanwhile(void **state)
{
    static const char *const drivers[] = {"nvme", "pci-stub", NULL};

    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        Bench b;
        bench_open(&b, fake_host_new("drivers pci-stub\n" NVME));
        bench_take_fine(&b, "02:00.0");
        fake_host_bind(b.fake, "0000:02:00.0", drivers[i]);
        bench_return_fine(&b);
        bench_assert_as_before(&b);

        bench_take_fine(&b, "02:00.0");
        fake_host_bind(b.fake, "0000:02:00.0", drivers[i]);
        bench_take_fine(&b, "02:00.0");
        bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
        bench_assert_journal(&b, "0000:02:00.0 taken nvme");
        bench_return_fine(&b);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_and_return_all),
        cmocka_unit_test(test_take_and_return_each),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_journal_and_plan_tell),
        cmocka_unit_test(test_refused_changes_nothing),
        cmocka_unit_test(test_claimed_meanwhile),
        cmocka_unit_test(test_claimed_by_hand_meanwhile),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_lock_is_busy),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_fifty_times),
        cmocka_unit_test(test_vfio_unloaded_since_the_plan),
        cmocka_unit_test(test_native_driver_unloaded),
        cmocka_unit_test(test_take_again_after_half_a_return),
        cmocka_unit_test(test_held_by_a_program),
        cmocka_unit_test(test_program_lets_go_in_time),
        cmocka_unit_test(test_gone_before_the_return),
        cmocka_unit_test(test_gone_since_the_plan),
        cmocka_unit_test(test_rebound_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
