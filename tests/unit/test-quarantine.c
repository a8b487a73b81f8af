/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/recover.h"

#include <errno.h>
#include <unistd.h>

#define GPU "0000:01:00.0"
#define NVME "0000:02:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n" GPU " class=030000 id=10de:1e84 driver=nouveau group=1 reset=bus power=auto "       \
    "d3cold=1 busmaster=drivers\n" NVME " class=010802 id=144d:a808 driver=nvme group=2 busmaster=drivers\n"
#define STUCK "0000:03:00.0"
#define STUBBORN STUCK " class=020000 id=8086:1572 driver=i40e group=3 busmaster=stuck\n"

static void assert_quarantined(Bench *b, const char *address, const char *why)
{
    g_autoptr(VvEntry) entry = vv_journal_read(b->journal, address_of(address), NULL);

    assert_non_null(entry);
    assert_int_equal(entry->state, VV_STATE_QUARANTINED);
    if (!entry->note || !strstr(entry->note, why))
        fail_msg("\"%s\" does not say \"%s\"", entry->note, why);
    bench_assert_driver(b, address, "vfio-pci");
    bench_assert_override(b, address, "vfio-pci");
}

/* Nobody can have it by mistake; release tries again, and works once the device does. */
static void assert_kept_until_released(Bench *b, const char *address)
{
    GError *error = NULL;

    assert_false(bench_take(b, address + strlen("0000:"), &error));
    assert_problem(error, VV_ERROR_REFUSED, "refused");
    bench_rescan(b);
    assert_true(vv_recover(b->host, b->journal, &(VvRecoverOptions){.retry = TRUE}, &b->options, NULL, NULL));
    bench_assert_driver(b, address, "vfio-pci");
}

static void test_dead_until_reset(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, GPU);
    fake_host_kill_device(b.fake, GPU, TRUE);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_dead(void **state)
{
    GError *error = NULL;
    g_autoptr(VvPlan) plan = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, GPU ";" NVME);
    fake_host_kill_device(b.fake, GPU, FALSE);
    assert_false(bench_return(&b, &plan, &error));
    assert_problem(error, VV_ERROR_FAILED, GPU " stays on VFIO: it does not answer");
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "quarantined");
    assert_text(((VvPlanDevice *)plan->devices->pdata[1])->state, "host");
    assert_quarantined(&b, GPU, "it does not answer");
    bench_assert_driver(&b, NVME, "nvme");
    assert_kept_until_released(&b, GPU);
    bench_close(&b);
}

static void test_bus_mastering_stays_on(void **state)
{
    GError *error = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE STUBBORN));
    bench_take_fine(&b, STUCK);
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "bus mastering does not go off");
    assert_quarantined(&b, STUCK, "it may still write to this host's memory");
    assert_kept_until_released(&b, STUCK);
    bench_close(&b);
}

static void test_locked_down(void **state)
{
    GError *error = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, NVME);
    fake_host_inject(b.fake, &(FakeFault){.error = EPERM, .suffix = "/config"});
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "bus mastering does not go off");
    assert_quarantined(&b, NVME, "bus mastering");
    fake_host_inject(b.fake, NULL);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_on_request(void **state)
{
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, GPU ";" NVME);
    b.options.quarantine = TRUE;
    assert_true(bench_return(&b, &plan, &error));
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "quarantined");
    assert_quarantined(&b, GPU, "on request");
    assert_quarantined(&b, NVME, "on request");
    assert_kept_until_released(&b, GPU);
    b.options.quarantine = FALSE;
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* It is kept all the same, but one is told, and the reason is the graver one. */
static void test_on_request_and_dead(void **state)
{
    GError *error = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, NVME);
    fake_host_kill_device(b.fake, NVME, FALSE);
    b.options.quarantine = TRUE;
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, NVME " stays on VFIO");
    assert_quarantined(&b, NVME, "it does not answer");
    bench_close(&b);
}

static void test_request_cannot_be_written(void **state)
{
    GError *error = NULL;
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, NVME);
    b.options.quarantine = TRUE;
    fake_host_inject(b.fake, &(FakeFault){.action = FAKE_NO_JOURNAL, .suffix = "/config"});
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "write the journal entry");
    g_autofree char *in_the_way =
        g_strdup_printf("%s/run/virt-vfio/devices/" NVME ".new", fake_host_root(b.fake));
    assert_int_equal(rmdir(in_the_way), 0);
    b.options.quarantine = FALSE;
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* What is not with VFIO any more cannot be kept there: the host has it, and goes on with it. */
static void test_request_for_what_the_host_has(void **state)
{
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, NVME);
    fake_host_bind(b.fake, NVME, "nvme");
    b.options.quarantine = TRUE;
    bench_return_fine(&b);
    bench_assert_driver(&b, NVME, "nvme");
    bench_assert_journal(&b, "");
    bench_assert_override(&b, NVME, "(null)");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_until_reset),
        cmocka_unit_test(test_dead),
        cmocka_unit_test(test_bus_mastering_stays_on),
        cmocka_unit_test(test_locked_down),
        cmocka_unit_test(test_on_request),
        cmocka_unit_test(test_on_request_and_dead),
        cmocka_unit_test(test_request_cannot_be_written),
        cmocka_unit_test(test_request_for_what_the_host_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
