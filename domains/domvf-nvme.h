/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

/* Shared by domvf-*.c. Of a VF of an NVMe drive: says who else has the namespaces that it shows, this host
 * (its uses of the drive's disk, `disk-mounted` and the like) or another VF that is taken (`disk-open`).
 * `allow` as in VvPlanOptions. Nothing is said where the drive does not tell; without root it does not. */
void vv_domain_check_namespaces(VvPlan *plan, VvHost *host, VvAddress vf, const char *const *allow);
