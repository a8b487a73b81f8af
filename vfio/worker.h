/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/job.h"

typedef struct {
    guint parallel; /* side by side at most, at least 1 */
    guint stage_ms; /* deadline of each stage but… */
    guint reset_ms; /* …a reset */
} VvWorkerLimits;

/* Called in the parent as each job ends, in the order of ending. */
typedef void (*VvJobDone)(VvJob *job, gpointer data);

/* Runs all jobs (VvJob *), up to `parallel` side by side, and returns when each has ended or was given up. As
 * many children as run side by side: one that has done its job takes the next; none of them has more than the
 * lock of the device that it works on, so that one which is left behind keeps nothing else. */
void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, const VvWorkerLimits *limits, VvJobDone done,
                    gpointer data);
