/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "handover-bench.h"
#include "vfio/seam.h"

/* A program that does one thing with the bench's machine, in a process of its own, so that it can be killed.
 */
typedef gboolean (*SweepWork)(Bench *b, gconstpointer data, GError **error);

typedef enum { SWEEP_DONE, SWEEP_FAILED, SWEEP_KILLED } SweepEnd;

/* Runs it with the seam set (vfio/seam.h), and with a /proc/PID/stat of its own as long as it lives; the
 * steps are in vv_seam_steps() afterwards. Its workers may outlive it for a moment: see sweep_reap(). */
SweepEnd sweep_run(Bench *b, SweepWork work, gconstpointer data, VvSeamMode mode, int at, int error);
/* The same for what must come to its end; what went wrong is in the test's output. */
void sweep_run_fine(Bench *b, SweepWork work, gconstpointer data);
/* Collects what the programs left running, which ends by itself. */
void sweep_reap(void);

/* Programs: `data` is what to take; nothing; whose it is. */
gboolean sweep_bind(Bench *b, gconstpointer data, GError **error);
gboolean sweep_release(Bench *b, gconstpointer data, GError **error);
/* A start that fails: the devices are taken for a domain and given back. */
gboolean sweep_start(Bench *b, gconstpointer data, GError **error);
gboolean sweep_recover(Bench *b, gconstpointer data, GError **error);

/* Is everything to be tried? With AddressSanitizer, where a fork takes long, only when VIRT_VFIO_SWEEP=all is
 * set; without it always. */
gboolean sweep_is_whole(void);

/* Functions of every sort, 1 to 4 of them named by sweep_words[count]: one with an override of its own, a
 * group of two, one without a driver, one that VFIO has had since the boot. */
extern const char sweep_machine[];
extern const char *const sweep_words[5];
