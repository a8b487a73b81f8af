/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sriov.h"
#include "vfio/vf-settings.h"

/* vv_vf_settings_apply() for a VF of `pf`, both as they were read before, under the lock of the VF's group,
 * so that no guest gets it meanwhile. What was read must still hold: VV_ERROR_REFUSED when it is another
 * one's number by now, or (but with `even_taken`, as whoever asked agreed to that) when somebody has just
 * taken it. Times in ms: how long to wait for the lock, and for the kernel. */
gboolean vv_vf_set(const VvSysfs *sysfs, VvJournal *journal, const VvPf *pf, const VvVf *vf,
                   const VvVfSettings *wanted, gboolean even_taken, guint lock_ms, guint deadline_ms,
                   VvVfSettings *ret_before, GError **error);
