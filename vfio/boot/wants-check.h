/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/wants.h"
#include "vfio/plan.h"
#include "vfio/topology.h"

/* May this host be set up so, and still boot and work? VV_ERROR_REFUSED: no memory or no CPU would be left,
 * or a CPU is not there. VV_ERROR_NOT_READY: this processor has no pages of 1 GiB (the flag pdpe1gb of
 * /proc/cpuinfo). What cannot be read is not checked. */
gboolean vv_setup_wants_check(const VvSetupWants *wants, const VvSysfs *sysfs, const VvTopology *topology,
                              GError **error);

/* Leaves in a plan to take devices only what says that this host needs them each time it boots: disks, the
 * network, the display, the keyboard. What setup is there to mend (no IOMMU) and what a boot ends (a program
 * that holds a device) is no reason not to reserve it. */
void vv_setup_keep_needs(VvPlan *plan);
