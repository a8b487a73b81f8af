/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

/* How devices go from their host drivers to VFIO and back.
 *
 * Taking:      journal entry (synced) -> driver_override -> unbind -> drivers/X/bind -> driver link read back
 * Giving back: journal entry -> override as before -> unbind -> drivers/X/bind -> driver link read back ->
 *              entry removed
 *
 * driver_override and not new_id, because new_id takes every device with the same ids, now and later
 * (Documentation/ABI/testing/sysfs-bus-pci). drivers/X/bind and not drivers_probe, which throws its errors
 * away; the link is read back all the same. Each device has a worker, a forked child that does its writes
 * under a deadline: an unbind can block for ever in the kernel, and then only a child is lost, not the
 * program and not the other devices. */
typedef struct {
    guint parallel;  /* workers side by side, 1-16; 0: 16 */
    guint unbind_ms; /* deadline for each device's writes; 0: 15000 */
    guint lock_ms;   /* how long to wait for another program's group locks; 0: 5000 */
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
 * failure and returns the first error; a device that did not come back keeps its journal entry. */
gboolean vv_handover_return(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                            GError **error);
