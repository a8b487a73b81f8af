/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"
#include "vfio/reset-method.h"

/* Resets that somebody asks for. VFIO resets a device by itself when a guest opens it and when the last one
 * closes it (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable and _disable), so between guests none of
 * these is needed; they are for a device that has gone wrong, and for one whose policy names a method. */
typedef struct {
    GPtrArray *methods;    /* VvResetMethod *: all that the device has */
    GPtrArray *candidates; /* those that will be tried, in this order; owned by `methods` */
} VvResetChoice;

void vv_reset_choice_free(VvResetChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvResetChoice, vv_reset_choice_free)

/* A plan to reset `device` by the method `wanted`; NULL: by the best it has. It blocks where a reset would
 * take the device, or one that goes through it too, from under somebody: a guest, a host driver, a disk or an
 * interface that is used. A method that takes it away from the kernel (slot power, removal) wants to be
 * allowed in any case. `*ret_choice` goes with the plan. Changes nothing. */
VvPlan *vv_plan_reset(VvHost *host, const VvJournal *journal, VvDevice *device, const char *wanted,
                      const VvPlanOptions *options, VvResetChoice **ret_choice, GError **error);

/* Does it: the candidates in turn, each once, until one works. Each runs in a child of its own under
 * options->reset_ms; afterwards every function that was reached must answer. One that does not, on VFIO or
 * without a driver, is quarantined in the journal; one whose child hangs is stuck. *ret_method (may be NULL)
 * is the method that worked, owned by `choice`. */
gboolean vv_reset(VvHost *host, VvJournal *journal, VvPlan *plan, const VvResetChoice *choice,
                  const VvHandoverOptions *options, const char **ret_method, GError **error);

/* Puts in order what resets left that were interrupted by a kill: the list of methods as it was, the slot's
 * power on, the bus scanned. *ret_changed (may be NULL) says that functions may have come back: scan the host
 * again, before vv_recover(). */
gboolean vv_reset_recover(const VvSysfs *sysfs, VvJournal *journal, const VvHandoverOptions *options,
                          gboolean *ret_changed, GError **error);
