/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "sweep-kill.h"

static void sweep(guint devices, guint steps, guint kills)
{
    const SweepCase sweep = {.work = sweep_bind,
                             .devices = devices,
                             .steps = steps,
                             .kills = kills,
                             .may_stay = TRUE,
                             .all_stay = TRUE};

    sweep_kill(&sweep);
}

static void test_one(void **state)
{
    sweep(1, 9, 50);
}

static void test_two(void **state)
{
    sweep(2, 20, 215);
}

static void test_three(void **state)
{
    sweep(3, 29, 411);
}

static void test_four(void **state)
{
    sweep(4, 36, 595);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_three),
        cmocka_unit_test(test_four),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
