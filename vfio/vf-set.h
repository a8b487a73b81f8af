/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sriov.h"
#include "vfio/vf-settings.h"

/* Keeps guests away from a VF of `pf`, both as they were read before, by the lock of its group, which
 * vv_journal_unlock() gives back. What was read must still hold: VV_ERROR_REFUSED when it is another one's
 * number by now, or (but with `even_taken`, as whoever asked agreed to that) when somebody has just taken it.
 * `lock_ms`: how long to wait for the lock. */
gboolean vv_vf_hold(const VvSysfs *sysfs, VvJournal *journal, const VvPf *pf, const VvVf *vf,
                    gboolean even_taken, guint lock_ms, GError **error);

/* vv_vf_settings_apply() for a VF that is held so. Times in ms: how long to wait for the lock, and for the
 * kernel. */
gboolean vv_vf_set(const VvSysfs *sysfs, VvJournal *journal, const VvPf *pf, const VvVf *vf,
                   const VvVfSettings *wanted, gboolean even_taken, guint lock_ms, guint deadline_ms,
                   VvVfSettings *ret_before, GError **error);
