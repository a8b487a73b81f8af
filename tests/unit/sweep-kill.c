/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sweep-kill.h"

#include "fake-state.h"
#include "test.h"

#include <errno.h>

/* Of so few steps recover is killed, too, even where forks are slow. */
#define SHORT 20

/* One sweep. */
typedef struct {
    const SweepCase *sweep;
    Bench bench;
    GHashTable *proven; /* texts of states from which recover was seen to bring all back */
    guint kills;
} Sweep;

static const char *words_of(const Sweep *s)
{
    return sweep_words[s->sweep->devices];
}

static guint count_taken_by_hand(Sweep *s)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = vv_journal_list(s->bench.journal, &error);

    assert_fine(error);
    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        g_autofree char *address = vv_address_dup(entry->address);
        g_autofree char *driver = fake_host_driver(s->bench.fake, address);
        assert_int_equal(entry->state, VV_STATE_TAKEN);
        assert_text(entry->owner, VV_OWNER_MANUAL);
        assert_true(vv_driver_is_vfio(driver));
    }
    return entries->len;
}

/* After a recover that came to its end. */
static void assert_settled(Sweep *s)
{
    const SweepCase *sweep = s->sweep;
    guint taken = count_taken_by_hand(s);

    if (taken && (!sweep->may_stay || (sweep->all_stay && taken != sweep->devices)))
        fail_msg("%u of %u devices are still taken", taken, sweep->devices);
    if (taken)
        sweep_run_fine(&s->bench, sweep_release, NULL);
    sweep_reap();
    bench_assert_as_before(&s->bench);
}

static void recover_and_settle(Sweep *s)
{
    sweep_run_fine(&s->bench, sweep_recover, NULL);
    assert_settled(s);
}

/* Kills recover at each of its steps, always from the state that it finds now. */
static void kill_each_recover(Sweep *s)
{
    sweep_reap();
    g_autoptr(FakeState) found = fake_state_save(s->bench.fake);

    for (int at = 1;; at++) {
        SweepEnd end = sweep_run(&s->bench, sweep_recover, NULL, VV_SEAM_KILL, at, 0);
        if (end != SWEEP_KILLED) {
            assert_int_equal(end, SWEEP_DONE);
            assert_int_equal(vv_seam_steps(), at - 1);
            assert_settled(s);
            return;
        }
        s->kills++;
        sweep_reap();
        g_autoptr(FakeState) left = fake_state_save(s->bench.fake);
        char *text = fake_state_text(left);
        if (g_hash_table_add(s->proven, text))
            recover_and_settle(s);
        fake_state_restore(s->bench.fake, found);
    }
}

static void inject(Sweep *s)
{
    fake_host_inject(s->bench.fake, NULL);
    if (s->sweep->breaks)
        fake_host_inject(s->bench.fake,
                         &(FakeFault){.error = EIO, .suffix = "vfio-pci/bind", .address = s->sweep->breaks});
}

static void sweep_all(Sweep *s, const FakeState *start, gboolean nested)
{
    SweepEnd last = s->sweep->breaks ? SWEEP_FAILED : SWEEP_DONE;

    for (int at = 1; at <= (int)s->sweep->steps; at++) {
        fake_state_restore(s->bench.fake, start);
        inject(s);
        assert_int_equal(sweep_run(&s->bench, s->sweep->work, words_of(s), VV_SEAM_KILL, at, 0),
                         SWEEP_KILLED);
        s->kills++;
        /* Where it is not nested, recover comes while the other workers may still be at work. */
        if (nested)
            kill_each_recover(s);
        else
            recover_and_settle(s);
    }
    fake_state_restore(s->bench.fake, start);
    inject(s);
    assert_int_equal(
        sweep_run(&s->bench, s->sweep->work, words_of(s), VV_SEAM_KILL, (int)s->sweep->steps + 1, 0), last);
    assert_int_equal(vv_seam_steps(), s->sweep->steps);
    recover_and_settle(s);
}

static gboolean is_nested(const SweepCase *sweep)
{
    return sweep->steps <= SHORT || sweep_is_whole();
}

static guint sweep_once(const SweepCase *sweep, guint parallel)
{
    Sweep s = {.sweep = sweep, .proven = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};

    bench_open(&s.bench, fake_host_new(sweep_machine));
    s.bench.options.parallel = parallel;
    s.bench.options.stage_ms = s.bench.options.lock_ms = 30000;
    if (sweep->first)
        sweep_run_fine(&s.bench, sweep->first, words_of(&s));
    g_autoptr(FakeState) start = fake_state_save(s.bench.fake);
    sweep_all(&s, start, is_nested(sweep));
    bench_close(&s.bench);
    g_hash_table_unref(s.proven);
    return s.kills;
}

void sweep_kill(const SweepCase *sweep)
{
    guint serial = sweep_once(sweep, 1), parallel = sweep_once(sweep, 16);
    guint expected = is_nested(sweep) ? sweep->kills : sweep->steps;

    assert_int_equal(serial, expected);
    /* Side by side it depends on who was quicker how much recover has to do. */
    assert_in_range(parallel, sweep->steps, expected * 2);

    print_message(
        "# %u devices, %u steps, recover killed %s: %u kills one after the other, %u side by side\n",
        sweep->devices, sweep->steps, is_nested(sweep) ? "too" : "not", serial, parallel);
}
