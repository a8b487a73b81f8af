/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"
#include "launcher/command.h"
#include "vfio/plan.h"

/* What a VM that is no domain yet would take from this host. */

/* Is the word a VM file, and not a domain's name? */
gboolean vv_is_vm_file(const char *word);

/* The plan to take its devices, the VFs that are free now among them, which are added to `vm`: the allow = of
 * its cards and `allow` (may be NULL) lift reasons. */
VvPlan *vv_vm_plan(VvContext *context, VvVm *vm, char **allow, GError **error);
