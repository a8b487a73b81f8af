/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sriov-save.h"

/* Shared by sriov-*.c only: the texts of the files that keep VFs. All return new strings. */

/* What the unit's name begins with; the PF's address follows. */
#define VV_SRIOV_UNIT "virt-vfio-sriov-"

/* systemd.link(5). */
char *vv_sriov_link_text(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos);

/* udev(7): no host drivers for the VFs; the unit, as soon as the PF has its driver (systemd.device(5)). */
char *vv_sriov_autoprobe_rule(const VvPf *pf);
char *vv_sriov_unit_rule(const VvPf *pf);

/* systemd.service(5). */
char *vv_sriov_unit_text(const VvPf *pf, const GArray *infos, const char *program);
