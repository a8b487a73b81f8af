/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/change.h"

/* From what is wanted to what is done on this boot stack. Reads the files as they are now, so that what is
 * there already makes no step: a host that is as it is wanted gets an empty plan. VV_ERROR_NOT_READY where a
 * file that must be read cannot be (root). The wants are all that were ever asked for (the ledger's and the
 * new ones). */
VvSetupPlan *vv_setup_plan_make(const VvSysfs *sysfs, const VvBootStack *stack, const VvSetupWants *wants,
                                GError **error);

/* Kernel arguments that the wants mean on this host, NULL-terminated, owned by the caller. `vendor` decides
 * on intel_iommu=on; AMD needs none. */
char **vv_setup_arguments(const VvSysfs *sysfs, const VvBootStack *stack, const VvSetupWants *wants);

/* Takes what a step added out of a file that somebody has edited since, and puts back what it replaced: the
 * new text, or NULL where that cannot be done (the words are not where they were put). */
char *vv_setup_take_out(const VvSetupStep *step, const char *now);
