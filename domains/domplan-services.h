/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

/* Processes that hold a device open, by the systemd unit they belong to, and what the domain's owner agreed
 * to have stopped for it. Only what holds a device is ever stopped. */

/* Names the unit of each process in the reasons of a plan, and what would stop it. */
void vv_plan_name_units(VvPlan *plan, const VvSysfs *sysfs);

/* The same for a plan whose owner consents to the stop of the display manager, and of these units (NULL, or
 * NULL-terminated): what only their processes hold does not block any more, and the plan gets a step "stop
 * UNIT" for each unit, before all others, the display manager first. Whoever takes by the plan has to stop
 * them before (hooks/services.h). */
void vv_plan_consent(VvPlan *plan, const VvSysfs *sysfs, gboolean display_manager, char *const *units);

/* The step that stops this unit; NULL: the plan has none. */
VvStep *vv_plan_find_stop(const VvPlan *plan, const char *unit);

/* The units that such a plan would stop, in that order: a new, NULL-terminated array. */
char **vv_plan_units_to_stop(const VvPlan *plan);
