/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "launcher/command.h"

/* Adds to a plan which ROMs its guest would get with the devices, and what is wrong with those. Reads files
 * only, no card. `allow` as in VvPlanOptions. */
void vv_plan_domain_roms(VvContext *context, VvPlan *plan, const VvDomain *domain, const char *const *allow);
void vv_plan_vm_roms(VvContext *context, VvPlan *plan, const VvVm *vm, const char *const *allow);
