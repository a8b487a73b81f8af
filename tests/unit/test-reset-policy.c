/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"

#include <errno.h>

#define NVME "0000:02:00.0"
#define NIC "0000:03:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n" NVME " class=010802 id=1b36:0010 driver=nvme group=2 reset=flr,bus %s\n" NIC        \
    " class=020000 id=8086:10d3 driver=e1000e group=3 reset=pm\n"

/* Takes both for a domain; `policy` is the NVMe's. */
static void take(Bench *b, const char *machine_words, const char *policy)
{
    g_autofree char *machine = g_strdup_printf(MACHINE, machine_words);
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    const VvPlanOptions options = {.owner = "5c1b0d7e-0000-4000-8000-123456789abc", .owner_name = "win11"};
    g_autoptr(GError) error = NULL;

    bench_open(b, fake_host_new(machine));
    assert_true(vv_selector_parse(NVME ";" NIC, selectors, NULL));
    g_autoptr(VvPlan) plan = vv_plan_take(b->host, b->journal, selectors, &options, NULL);
    vv_plan_set_reset(plan, address_of(NVME), policy);
    vv_handover_take(b->host, b->journal, plan, &b->options, &error);
    assert_fine(error);
    fake_host_inject(b->fake, NULL);
}

static guint count_writes(const Bench *b, const char *end)
{
    guint count = 0;

    for (guint i = 0; i < fake_host_writes(b->fake); i++)
        count += g_str_has_suffix(fake_host_write(b->fake, i), end) ? 1 : 0;
    return count;
}

/* VFIO has reset them when the guest let go of them: nothing is added. */
static void test_auto(void **state)
{
    static const char *const policies[] = {NULL, "auto", "none"};

    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        Bench b;
        take(&b, "", policies[i]);
        bench_return_fine(&b);
        assert_int_equal(count_writes(&b, "/reset 1"), 0);
        bench_assert_as_before(&b);
        bench_close(&b);
    }
}

static void test_method(void **state)
{
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;
    Bench b;

    take(&b, "", "flr");
    assert_true(bench_return(&b, &plan, &error));
    assert_int_equal(count_writes(&b, NVME "/reset 1"), 1);
    assert_int_equal(count_writes(&b, NIC "/reset 1"), 0);
    assert_string_equal(fake_host_write(b.fake, 0), "sys/bus/pci/devices/" NVME "/reset_method flr");
    bench_assert_as_before(&b);
    bench_close(&b);

    /* The first that works. */
    take(&b, "fails=flr", "hot_reset flr bus");
    bench_return_fine(&b);
    assert_int_equal(count_writes(&b, NVME "/reset 1"), 2);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void assert_kept(Bench *b, const char *why)
{
    g_autoptr(VvPlan) plan = NULL;
    GError *error = NULL;

    assert_false(bench_return(b, &plan, &error));
    assert_problem(error, VV_ERROR_FAILED, why);
    bench_assert_journal(b, NVME " quarantined nvme");
    bench_assert_driver(b, NVME, "vfio-pci");
    bench_assert_driver(b, NIC, "e1000e");
    assert_text(((const VvPlanDevice *)plan->devices->pdata[0])->state, "quarantined");
}

/* It is not given to the host as it is, and not tried again by itself; release does, and then it works. */
static void test_failure(void **state)
{
    Bench b;

    take(&b, "", "flr");
    fake_host_inject(b.fake, &(FakeFault){.error = EIO, .suffix = "/reset", .times = 1});
    assert_kept(&b, "flr: Input/output error");
    assert_int_equal(count_writes(&b, NVME "/reset 1"), 1);
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);

    take(&b, "fails=flr,bus", "flr bus");
    assert_kept(&b, "it was to be reset (flr bus) before it goes back");
    bench_close(&b);
    take(&b, "", "pm slot_power");
    assert_kept(&b, "it has no pm; it has no slot_power");
    bench_close(&b);
    take(&b, "kills=flr", "flr");
    assert_kept(&b, "does not answer");
    bench_close(&b);
}

/* Not even to wake the dead. */
static void test_none_of_the_dead(void **state)
{
    Bench b;

    take(&b, "", "none");
    fake_host_kill_device(b.fake, NVME, TRUE);
    assert_kept(&b, "it does not answer");
    assert_int_equal(count_writes(&b, "/reset 1"), 0);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto),
        cmocka_unit_test(test_method),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_none_of_the_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
