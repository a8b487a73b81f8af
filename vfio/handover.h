/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

/* How devices go from their host drivers to VFIO and back.
 *
 * Taking:      journal entry (synced) -> driver_override -> unbind -> drivers/X/bind -> driver link read back
 * Giving back: nobody holds the group -> journal entry -> the device answers and does no DMA -> override as
 *              before -> unbind -> drivers/X/bind -> driver link read back -> entry removed
 *
 * driver_override and not new_id, because new_id takes every device with the same ids, now and later
 * (Documentation/ABI/testing/sysfs-bus-pci). Each device has a worker (vfio/worker.h). vfio/recover.h brings
 * back what a program left behind that was killed on the way. */
typedef struct {
    guint parallel;  /* workers side by side, 1-16; 0: 16 */
    guint stage_ms;  /* deadline for each thing that a worker does (an unbind, a probe); 0: 15000 */
    guint reset_ms;  /* deadline for a reset; 0: 70000, because a device may take 60 s to come back from it
                        (drivers/pci/pci.c, PCIE_RESET_READY_POLL_MS) */
    guint lock_ms;   /* how long to wait for another program's group locks, all together; 0: 5000 */
    gboolean let_go; /* taking: a driver may have let go since the plan; it gets the device back */
    gboolean quarantine;         /* giving back: keep the devices on VFIO all the same */
    const char *quarantine_note; /* why, for the journal; NULL: on request. Borrowed */
    void (*progress)(const VvStep *step, gpointer data); /* after each step; may be NULL */
    gpointer progress_data;
} VvHandoverOptions;

/* Takes every device of the plan, or none: on a failure what was taken is given back before it returns.
 * Refuses (VV_ERROR_REFUSED) a plan that is not ok. Locks the groups, then checks again under the lock that
 * nobody took a device since the plan was made. Appends steps to the plan and sets the devices' states.
 * VV_ERROR_FAILED names device and cause, VV_ERROR_NOT_READY says that vfio-pci cannot be loaded. */
gboolean vv_handover_take(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                          GError **error);

/* Gives every device of the plan (made by vv_plan_return) back to the driver it came from. Goes on after a
 * failure and returns the first error; a device that did not come back keeps its journal entry, as `stuck`
 * (its worker hangs), `quarantined` (it is not fit for a host driver) or `returning`. */
gboolean vv_handover_return(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                            GError **error);
