/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"
#include "vfio/usage.h"

/* Shared by plan*.c only: what they need while a plan is made. */
typedef struct {
    VvPlan *plan;
    VvHost *host;
    const VvJournal *journal;
    const VvPlanOptions *options;
    GPtrArray *selected;   /* VvDevice, not owned */
    GPtrArray *companions; /* those of them that only come along with their group */
    VvUsage *usage;
} VvPlanning;

VvPlan *vv_plan_new(const char *owner, const char *owner_name);
VvPlanDevice *vv_plan_add_device(VvPlan *plan, VvDevice *device, VvAddress address);

/* Takes the reason, and says whether it was allowed. */
gboolean vv_plan_add_reason(VvPlanning *planning, VvReason *reason);

/* Who else has the device: the journal, libvirt's domains, an open group. Sets the planned state. FALSE when
 * the journal cannot be read. */
gboolean vv_plan_check_claims(VvPlanning *planning, VvPlanDevice *planned, GError **error);

/* What the host would lose, and whom a reset reaches. */
void vv_plan_check_usage(VvPlanning *planning);
