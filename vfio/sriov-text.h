/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sriov-save.h"

/* Shared by sriov-*.c only: the texts of the files that keep VFs. All return new strings. `mac` is the
 * permanent MAC of the PF's interface, by which another card in the same place is told from it; NULL: there
 * is none, or it is unknown. */

/* What the names of unit and link file begin with; the PF's address follows. */
#define VV_SRIOV_UNIT "virt-vfio-sriov-"
#define VV_SRIOV_LINK "00-virt-vfio-"

/* By this property of the interface our link file knows it, and knows that our rule was there before: where
 * only one of them is, as it may be in an initramfs, neither does anything, and no VF gets a host driver that
 * it is not to have. Its value is the PF's address. */
#define VV_SRIOV_PROPERTY "VIRT_VFIO_SRIOV"

/* The comment that each file begins with. */
char *vv_sriov_head(const VvPf *pf);

/* systemd.link(5). NULL with VV_ERROR_NOT_READY: it is not known which link file counts. */
char *vv_sriov_link_text(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos, const char *mac,
                         GError **error);

/* udev(7): what belongs to the link file, and no host drivers for `driverless` VFs; and the unit, as soon as
 * the PF is ready for it (systemd.device(5)). */
char *vv_sriov_link_rule(const VvPf *pf, gboolean driverless);
char *vv_sriov_unit_rule(const VvPf *pf, const char *mac);

/* systemd.service(5). */
char *vv_sriov_unit_text(const VvPf *pf, const GArray *infos, const char *program);
