/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

#include <json-c/json.h>

/* A plan as `plan --json` prints it, for the program and for user hooks. All return a new reference. */
json_object *vv_json_text(const char *text); /* null for NULL */
json_object *vv_json_address(VvAddress address);
json_object *vv_json_plan(const VvPlan *plan);
