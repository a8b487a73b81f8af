/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/job.h"

/* Shared by worker*.c only: the child's side of vv_workers_run(). */

/* Where a child is with a job, which matters when its time seems to be over. The parent looks there itself: a
 * message for each stage would be half of the switches between the two. */
typedef struct {
    gint64 since; /* CLOCK_MONOTONIC, in us; 0: it has not begun */
    VvStage stage;
} VvWorkerPost;

/* What all children inherit. */
typedef struct {
    const VvSysfs *sysfs;
    const GPtrArray *jobs;
    VvWorkerPost *posts; /* of each job, in memory that all share */
} VvInheritance;

/* What the child says: that a reset begins or has ended, and at last the result. */
typedef struct {
    gboolean is_last;
    VvChangeResult result;
} VvWorkerMessage;

/* Does jobs for as long as it is told their numbers (vv_order_send), for vv_child_start(): `data` is a
 * VvInheritance. */
void vv_worker_work(int fd, gpointer data);
