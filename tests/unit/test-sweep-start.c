/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "sweep-kill.h"

static void sweep(guint devices, guint steps, guint kills)
{
    const SweepCase sweep = {.work = sweep_start, .devices = devices, .steps = steps, .kills = kills};

    sweep_kill(&sweep);
}

static void test_one(void **state)
{
    sweep(1, 17, 112);
}

static void test_two(void **state)
{
    sweep(2, 39, 524);
}

static void test_three(void **state)
{
    sweep(3, 56, 1049);
}

static void test_four(void **state)
{
    sweep(4, 69, 1581);
}

/* The last device does not go to VFIO, and what was taken before is given back. */
static void test_bind_fails(void **state)
{
    const SweepCase sweep = {
        .work = sweep_bind, .devices = 4, .steps = 57, .kills = 1170, .breaks = "0000:04:00.0"};

    sweep_kill(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),  cmocka_unit_test(test_two),        cmocka_unit_test(test_three),
        cmocka_unit_test(test_four), cmocka_unit_test(test_bind_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
