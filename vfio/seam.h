/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Test seam: every step that changes something outside of this process is numbered here, across the program
 * and its workers, so that a test can kill the program or let the step fail at each one in turn. Compiled in
 * with -Dtest_seam=true only; without it there is nothing.
 *
 * VIRT_VFIO_SEAM=kill=N      SIGKILL for the program and for the worker that is about to do step N (from 1)
 * VIRT_VFIO_SEAM=fail=N:E    step N is not done but fails with the errno E (a number)
 * VIRT_VFIO_SEAM=hang=N      step N never ends
 * VIRT_VFIO_SEAM_COUNT=FILE  the number of steps is written there when the program ends */
#ifdef VV_TEST_SEAM

typedef enum { VV_SEAM_COUNT, VV_SEAM_KILL, VV_SEAM_FAIL, VV_SEAM_HANG } VvSeamMode;

/* 0, or the errno with which the step that comes now is to fail. */
int vv_seam_step(void);

/* For unit tests: what happens at step `at` from now on, counted anew; the calling process is the program. */
void vv_seam_set(VvSeamMode mode, int at, int error);

/* Steps since the program began, or since vv_seam_set(). */
int vv_seam_steps(void);

#else

static inline int vv_seam_step(void)
{
    return 0;
}

#endif
