/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "launcher/command.h"
#include "vfio/plan.h"

/* The first half of a start: plans and takes the domain's devices, with progress; `allow` (may be NULL) lifts
 * reasons. VFs of pools are chosen, and chosen again when another guest took one in that moment. A dry run
 * shows the plan, and so does a refusal. *ret_plan is set as soon as there is one. The exit code: 0, or that
 * of what went wrong. */
int vv_start_take(VvContext *context, VvDomain *domain, char **allow, VvPlan **ret_plan, GError **error);
