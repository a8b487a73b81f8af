/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"
#include "vfio/handover.h"

/* One fake machine with everything that a hand-over needs, and what it looked like before. */
typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvJournal *journal;
    char *before; /* fake_host_snapshot("sys") */
    guint fds;
    VvHandoverOptions options; /* stage_ms is short, but not so short that a busy machine fails */
    guint progress;            /* how often it was called */
    guint progress_failed;
} Bench;

/* Takes the machine over; each write needs its journal entry from here on. */
void bench_open(Bench *b, FakeHost *fake);
/* Asserts that nothing is left behind (bench_assert_tidy), and frees all. */
void bench_close(Bench *b);
/* The machine as it is now. */
void bench_rescan(Bench *b);

/* Plans and takes, without asserting. `ret_plan` may be NULL. */
gboolean bench_take_as(Bench *b, const char *words, const char *owner, VvPlan **ret_plan, GError **error);
gboolean bench_take(Bench *b, const char *words, GError **error);
/* Gives back all that the journal knows. */
gboolean bench_return(Bench *b, VvPlan **ret_plan, GError **error);
/* The same, and it must work. */
void bench_take_fine(Bench *b, const char *words);
void bench_return_fine(Bench *b);

/* No child, no descriptor more than at the start, no lock, no broken rule. */
void bench_assert_tidy(Bench *b);
/* And sysfs is byte for byte what it was, and the journal is empty. */
void bench_assert_as_before(Bench *b);
void bench_assert_driver(Bench *b, const char *address, const char *driver);
void bench_assert_override(Bench *b, const char *address, const char *override);
/* "0000:01:00.0 taken nouveau; …" */
void bench_assert_journal(Bench *b, const char *expected);
guint bench_count_fds(void);
