/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover-run.h"
#include "vfio/reset-child.h"

/* Shared by reset*.c only. */

typedef enum {
    VV_RESET_END_DONE,
    VV_RESET_END_REFUSED, /* the kernel says that no method was made, and the device answers */
    VV_RESET_END_FAILED,  /* the device, or one that was reached, is not what it was */
    VV_RESET_END_STUCK,   /* a child hangs with it; booked as such */
} VvResetEnd;

/* Tries the candidates (const VvResetMethod *) in turn. The caller has the locks of all groups that they
 * reach. *ret_trouble: "flr: …; bus: …", new string, unless it is done. */
VvResetEnd vv_reset_try(VvRun *run, VvDevice *device, const GPtrArray *candidates, const char **ret_method,
                        char **ret_trouble);

/* Books a device that is not fit for anybody, with the reason. Whoever has it in the journal keeps it. */
void vv_reset_quarantine(VvRun *run, const VvDevice *device, const char *why);

/* Why `device` must not be reset now, as far as that can change after the plan: a program has its group open,
 * or a host driver has it. New string; NULL: it may. `allow_driver`: then that is no reason. */
char *vv_reset_in_the_way(const VvRun *run, const VvDevice *device, gboolean allow_driver);
