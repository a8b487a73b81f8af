/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Devices that leave, die or fall silent while they are handed over. */

#define A "0000:01:00.0"
#define B "0000:02:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n" A " class=010802 id=144d:a808 driver=nvme group=1\n" B                              \
    " class=020000 id=8086:1572 driver=i40e group=2\n"

typedef struct {
    Bench *bench;
    void (*happens)(FakeHost *fake, const char *address);
} Accident;

static void unplug(FakeHost *fake, const char *address)
{
    fake_host_unplug(fake, address);
}

static void kill_it(FakeHost *fake, const char *address)
{
    fake_host_kill_device(fake, address, FALSE);
}

/* When B has arrived, it happens to A, which is with VFIO by then. */
static void after_each(const VvStep *step, gpointer data)
{
    const Accident *accident = data;
    g_autofree char *address = vv_address_dup(step->address);

    if (strcmp(step->what, "bind") == 0 && strcmp(address, B) == 0)
        accident->happens(accident->bench->fake, A);
}

static void take_with(Bench *b, void (*happens)(FakeHost *fake, const char *address), const char *says)
{
    Accident accident = {b, happens};
    GError *error = NULL;

    b->options.parallel = 1;
    b->options.progress = after_each;
    b->options.progress_data = &accident;
    assert_false(bench_take(b, A ";" B, &error));
    assert_problem(error, VV_ERROR_FAILED, says);
    bench_assert_driver(b, B, "i40e");
    bench_assert_override(b, B, "(null)");
}

static void test_torn_out_after_its_worker(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    take_with(&b, unplug, A " has just gone");
    bench_assert_journal(&b, "");
    bench_close(&b);
}

static void test_dead_after_its_worker(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    take_with(&b, kill_it, A " does not answer any more");
    bench_assert_driver(&b, A, "vfio-pci");
    bench_assert_journal(&b, A " quarantined nvme");
    bench_close(&b);
}

/* Torn out while its worker was at it: the kernel is still taking it down when the worker has failed. */
static void test_leaves_late(void **state)
{
    Bench b;
    VvPlan *plan = NULL;
    g_autoptr(GError) error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, A ";" B);
    fake_host_kill_device(b.fake, A, FALSE);
    pid_t remover = fork();
    if (remover == 0) {
        g_usleep(400000);
        fake_host_unplug(b.fake, A);
        _exit(0);
    }
    gboolean ok = bench_return(&b, &plan, &error);
    assert_int_equal(waitpid(remover, NULL, 0), remover);
    assert_fine(error);
    assert_true(ok);
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "gone");
    assert_text(((VvPlanDevice *)plan->devices->pdata[1])->state, "host");
    vv_plan_free(plan);
    bench_assert_journal(&b, "");
    bench_close(&b);
}

/* A driver hangs with the device and has its lock, which reading driver_override waits for. A pipe nobody
 * writes to blocks as well. */
static void test_override_does_not_answer(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    g_autofree char *path =
        g_strdup_printf("%s/sys/bus/pci/devices/" B "/driver_override", fake_host_root(b.fake));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    b.options.stage_ms = 300;
    assert_false(bench_take(&b, A ";" B, &error));
    assert_problem(error, VV_ERROR_FAILED, "a driver hangs with one of " A ", " B);
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_driver(&b, A, "nvme");
    bench_assert_journal(&b, "");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torn_out_after_its_worker),
        cmocka_unit_test(test_dead_after_its_worker),
        cmocka_unit_test(test_leaves_late),
        cmocka_unit_test(test_override_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
