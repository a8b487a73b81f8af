/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/plan-json.h"
#include "vfio/host.h"

/* The JSON shapes of the design. Fields may be added, never renamed. All return a new reference. */

/* One device of `list`. `claimed_by` NULL: nobody; `reasons` (VvReason *) of a plan, filtered by address. */
json_object *vv_json_device(VvHost *host, VvDevice *device, const char *claimed_by, const GPtrArray *reasons);
json_object *vv_json_groups(const VvHost *host);

/* Prints it on standard output, and releases it. */
void vv_json_print(json_object *object);
