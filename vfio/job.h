/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/driver.h"

#include <sys/types.h>

/* One device's change, done by a forked child under a deadline: an unbind can block for ever in the kernel,
 * and then only a child is lost, not the program and not the other devices. */
typedef struct {
    /* The order. */
    VvChange change;
    int lock_fd; /* of the device's group; the child holds on to it, so that nobody touches the device while
                    one that outlived its program still writes. -1: none */
    char *alone; /* jobs with the same word here wait for each other; NULL: with nobody */
    /* What became of it. */
    VvChangeResult result;
    gint64 us;       /* from fork to result */
    gboolean wedged; /* the child did not come back and cannot be killed; then the result is an error, too */
    pid_t worker;    /* wedged: the child */
    char *evidence;  /* wedged: wait channel and kernel stack of the child */
} VvJob;

VvJob *vv_job_new(VvAddress address, const char *driver, const char *override);
void vv_job_free(VvJob *job);

/* "cannot unbind 0000:01:00.0 from its driver: Device or resource busy": new string for a job that failed. */
char *vv_job_describe(const VvJob *job);
