/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Test seam: every step that changes something outside of this process is numbered here, across the program
 * and its workers, so that a test can kill the program or make the step fail at each one in turn. Compiled in
 * only with -Dtest_seam=true; without it, this is nothing.
 *
 * VIRT_VFIO_SEAM=kill=N     SIGKILL the program and the worker that is about to do step N (from 1)
 * VIRT_VFIO_SEAM=N:ERRNO    step N is not done but fails with that errno (a number)
 * VIRT_VFIO_SEAM=hang=N     step N never ends
 * VIRT_VFIO_SEAM_COUNT=FILE the number of steps is written there at the end */
#ifdef VV_TEST_SEAM
int vv_seam_step(void);
#else
static inline int vv_seam_step(void)
{
    return 0;
}
#endif
