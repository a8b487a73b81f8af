/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/journal.h"
#include "vfio/vf-settings.h"

/* Settings of a VF (vfio/vf-settings.h) that are for the time somebody has it: one text file for each,
 * ROOT/run/virt-vfio/vfs/ADDRESS, written before the first change and removed when all is as before. Beside
 * the journal and not in it, because a VF that was bound by hand stays so while guests come and go.
 *
 * libvirt sets MAC and VLAN of an <interface type='hostdev'> itself, between its hooks' `prepare` and
 * `start`, and sets back what it found there before `release` (virHostdevSetNetConfig,
 * virHostdevRestoreNetConfig). A lease that begins before and ends after that contains it, and both put back
 * the same. */
typedef struct {
    VvAddress address; /* of the VF */
    VvAddress parent;  /* its PF */
    guint index;       /* in it */
    char *owner;       /* a domain's uuid */
    VvVfSettings before;
    VvProcess by; /* who wrote it */
} VvVfLease;

void vv_vf_lease_free(VvVfLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvVfLease, vv_vf_lease_free)

/* Notes what the PF has of the wanted fields now, and those fields of `noted` (VvVfField) that somebody else
 * is about to set, then sets what differs. With a lease that is there already what was noted first stays.
 * Nothing wanted: nothing is done. VV_ERROR_REFUSED: it is no VF any more; VV_ERROR_NOT_READY: its PF has no
 * interface; VV_ERROR_FAILED: as vv_vf_settings_apply(); the lease stays then, for the one who gives the VF
 * back. */
gboolean vv_vf_lease_take(const VvSysfs *sysfs, VvJournal *journal, VvAddress vf, const VvVfSettings *wanted,
                          guint noted, const char *owner, guint deadline_ms, GError **error);

/* Puts back what was before and forgets the lease; TRUE where there is none. Of a VF that is gone, and of one
 * whose PF has lost its interface, there is nothing to put back. A failure keeps the lease. */
gboolean vv_vf_lease_return(const VvSysfs *sysfs, VvJournal *journal, VvAddress vf, guint deadline_ms,
                            GError **error);

/* In `infos` (VvVfInfo), what the PF has of its VFs now: those that have a lease are shown as they are
 * without the one who has them. */
void vv_vf_leases_discount(const VvJournal *journal, VvAddress pf, GArray *infos);

/* All that are there (VvVfLease *), owned by the caller. One that cannot be read is left out: it was never
 * whole, so nothing was changed yet. */
GPtrArray *vv_vf_leases(const VvJournal *journal);
