/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-state.h"
#include "sweep.h"
#include "vfio/recover.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static const int errors[] = {EIO, EBUSY, ENODEV, ENOSPC};

/* One machine, from which the same thing is done again and again. */
typedef struct {
    Bench b;
    FakeState *start;
    guint devices;
    int steps; /* of an undisturbed run */
} Sweep;

static void sweep_open(Sweep *s, guint devices, guint parallel, gboolean taken)
{
    *s = (Sweep){.devices = devices};
    bench_open(&s->b, fake_host_new(sweep_machine));
    s->b.options.parallel = parallel;
    s->b.options.stage_ms = 30000;
    if (taken)
        bench_take_fine(&s->b, sweep_words[devices]);
    s->start = fake_state_save(s->b.fake);
    vv_seam_set(VV_SEAM_COUNT, 0, 0);
    if (taken)
        bench_return_fine(&s->b);
    else
        bench_take_fine(&s->b, sweep_words[devices]);
    s->steps = vv_seam_steps();
    assert_in_range(s->steps, 8 * 1, 9 * devices + 3);
}

static void sweep_close(Sweep *s)
{
    vv_seam_set(VV_SEAM_COUNT, 0, 0);
    bench_close(&s->b);
    fake_state_free(s->start);
}

/* Whatever is left is in the journal, and can be brought back: by recover, or, where that is for people to
 * decide, by release. */
static void assert_can_come_back(Sweep *s)
{
    const VvRecoverOptions options = {.retry = TRUE};
    g_autoptr(GError) error = NULL;

    vv_seam_set(VV_SEAM_COUNT, 0, 0);
    bench_assert_tidy(&s->b);
    bench_rescan(&s->b);
    gboolean ok = vv_recover(s->b.host, s->b.journal, &options, &s->b.options, NULL, &error);
    assert_fine(error);
    assert_true(ok);
    bench_return_fine(&s->b);
    bench_assert_as_before(&s->b);
}

/* A take that fails leaves nothing behind, whatever it was that failed. */
static guint fail_each_step_of_a_take(guint devices, guint parallel)
{
    guint faults = 0;
    Sweep s;

    sweep_open(&s, devices, parallel, FALSE);
    bench_return_fine(&s.b);
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        for (int at = 1; at <= s.steps; at++, faults++) {
            g_autoptr(GError) error = NULL;
            vv_seam_set(VV_SEAM_FAIL, at, errors[i]);
            assert_false(bench_take(&s.b, sweep_words[devices], &error));
            assert_non_null(error);
            assert_non_null(strstr(error->message, g_strerror(errors[i])));
            assert_true(vv_seam_steps() >= at);
            vv_seam_set(VV_SEAM_COUNT, 0, 0);
            bench_assert_as_before(&s.b);
        }
    sweep_close(&s);
    return faults;
}

/* Those that did not come back, and only those, are in the journal; the others are where they were. */
static void assert_told(Sweep *s, gboolean ok, const GError *error)
{
    g_autoptr(GPtrArray) left = vv_journal_list(s->b.journal, NULL);

    assert_int_equal(ok, error == NULL);
    if (ok)
        assert_int_equal(left->len, 0);
    else
        assert_in_range(left->len, 1, s->devices);
    for (guint i = 0; i < left->len; i++) {
        const VvEntry *entry = left->pdata[i];
        /* Somewhere one can see what it is: reported, or not begun, or at home and only not struck off. */
        assert_true(entry->state == VV_STATE_TAKEN || entry->state == VV_STATE_RETURNING ||
                    (entry->state == VV_STATE_QUARANTINED && entry->note));
    }
    if (ok)
        bench_assert_as_before(&s->b);
}

static guint fail_each_step_of_a_return(guint devices, guint parallel)
{
    guint faults = 0, failed = 0;
    Sweep s;

    sweep_open(&s, devices, parallel, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        for (int at = 1; at <= s.steps; at++, faults++) {
            g_autoptr(GError) error = NULL;
            fake_state_restore(s.b.fake, s.start);
            vv_seam_set(VV_SEAM_FAIL, at, errors[i]);
            gboolean ok = bench_return(&s.b, NULL, &error);
            assert_told(&s, ok, error);
            failed += !ok;
            assert_can_come_back(&s);
        }
    /* That a device is on its way need not be on disk: these two steps a device may fail. */
    assert_int_equal(faults - failed, 2 * devices * G_N_ELEMENTS(errors));
    sweep_close(&s);
    return faults;
}

static void test_take(void **state)
{
    guint faults = 0;

    for (guint devices = 1; devices <= 4; devices += sweep_is_whole() ? 1 : 3)
        faults += fail_each_step_of_a_take(devices, 1) + fail_each_step_of_a_take(devices, 16);
    print_message("# %u steps of a take failed, one at a time\n", faults);
}

static void test_return(void **state)
{
    guint faults = 0;

    for (guint devices = 1; devices <= 4; devices += sweep_is_whole() ? 1 : 3)
        faults += fail_each_step_of_a_return(devices, 1) + fail_each_step_of_a_return(devices, 16);
    print_message("# %u steps of a return failed, one at a time\n", faults);
}

/* From the middle of a take that was killed, at each step that recover takes. */
static void test_recover(void **state)
{
    guint faults = 0;
    Sweep s;

    sweep_open(&s, 2, 16, FALSE);
    bench_return_fine(&s.b);
    assert_int_equal(sweep_run(&s.b, sweep_bind, sweep_words[2], VV_SEAM_KILL, 14, 0), SWEEP_KILLED);
    sweep_reap();
    g_autoptr(FakeState) found = fake_state_save(s.b.fake);
    sweep_run_fine(&s.b, sweep_recover, NULL);
    int steps = vv_seam_steps();
    assert_true(steps > 10);
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        for (int at = 1; at <= steps; at++, faults++) {
            fake_state_restore(s.b.fake, found);
            sweep_run(&s.b, sweep_recover, NULL, VV_SEAM_FAIL, at, errors[i]);
            assert_can_come_back(&s);
        }
    sweep_close(&s);
    print_message("# %u steps of a recover failed, one at a time\n", faults);
}

/* A program that hangs itself (in fsync, say) is beyond its own help: somebody kills it one day. */
static gboolean with_a_killer(Bench *b, gconstpointer data, GError **error)
{
    const struct itimerval later = {.it_value = {1, 200000}};

    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &later, NULL);
    return data ? bench_take(b, data, error) : bench_return(b, NULL, error);
}

static void hang_at_each_step(guint devices, gboolean taken, guint by_workers)
{
    guint hung = 0, killed = 0;
    Sweep s;

    sweep_open(&s, devices, 16, taken);
    s.b.options.stage_ms = 300;
    for (int at = 1; at <= s.steps; at++) {
        fake_state_restore(s.b.fake, s.start);
        gint64 start = g_get_monotonic_time();
        SweepEnd end =
            sweep_run(&s.b, with_a_killer, taken ? NULL : sweep_words[devices], VV_SEAM_HANG, at, 0);
        gint64 ms = (g_get_monotonic_time() - start) / 1000;
        assert_int_not_equal(end, SWEEP_DONE);
        assert_in_range(ms, 299, 10000);
        hung += end == SWEEP_FAILED;
        killed += end == SWEEP_KILLED;
        sweep_reap();
        s.b.options.stage_ms = 30000;
        assert_can_come_back(&s);
        s.b.options.stage_ms = 300;
    }
    assert_in_range(hung, 1, by_workers); /* a busy machine kills one more */
    print_message("# %u workers and %u programs hung\n", hung, killed);
    sweep_close(&s);
}

static void test_hang(void **state)
{
    hang_at_each_step(1, FALSE, 4);
    hang_at_each_step(1, TRUE, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_return),
        cmocka_unit_test(test_recover),
        cmocka_unit_test(test_hang),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
