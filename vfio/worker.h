/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/sysfs.h"

/* One device's change of drivers, done by a forked child under a deadline. */
typedef enum {
    VV_STAGE_OVERRIDE, /* writing driver_override */
    VV_STAGE_UNBIND,
    VV_STAGE_BIND,
    VV_STAGE_VERIFY, /* reading the driver link back */
    VV_STAGE_DONE,
} VvStage;

typedef struct {
    /* The order. */
    VvAddress address;
    char *driver;   /* to be bound at the end; NULL: none */
    char *override; /* driver_override at the end; NULL: none */
    /* What became of it. */
    VvStage stage;   /* VV_STAGE_DONE, or where it failed */
    int error;       /* errno, 0: done */
    gint64 us;       /* from fork to result */
    gboolean wedged; /* the child did not come back and cannot be killed */
    char *evidence;  /* wedged: wait channel and kernel stack of the child */
} VvJob;

/* Called in the parent as each job ends, in the order of ending. */
typedef void (*VvJobDone)(VvJob *job, gpointer data);

VvJob *vv_job_new(VvAddress address, const char *driver, const char *override);
void vv_job_free(VvJob *job);

/* Runs all jobs (VvJob *), up to `parallel` side by side, each for `deadline_ms` at most. Returns when every
 * job has ended or was given up. Writes only what differs from what sysfs shows. */
void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, guint parallel, guint deadline_ms,
                    VvJobDone done, gpointer data);

/* "cannot unbind 0000:01:00.0 from its driver: Device or resource busy": new string for a job that failed. */
char *vv_job_describe(const VvJob *job);
