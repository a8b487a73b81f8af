/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "vfio/plan.h"

/* Virtual functions of a domain: which ones, when it starts, and what their PFs are told. The same for the
 * program and for libvirt's hook, except that only the program chooses. */

/* Does the domain leave the choice of a VF to its start? */
gboolean vv_domain_has_pool(const VvDomain *domain);

/* A VF, or whatever function, that another domain's XML has, whether that domain is on or off. */
typedef struct {
    VvAddress address;
    char *who;      /* "domain nas" */
    gboolean fixed; /* it wants this one; FALSE: its start chooses anew */
} VvVfWish;

/* What vv_domain_choose_vfs() is to know of another domain: appends to `wishes` (VvVfWish *). */
void vv_vf_wishes_add(GPtrArray *wishes, const VvDomain *other);
void vv_vf_wish_free(VvVfWish *wish);

/* Looks up the VFs that are named by their PF, and chooses those of pools: the one that the XML has if it is
 * free, else the PF's first free one, and those that other domains name only when no other is left. The
 * domain's devices, identities and allowances are then about those. `entries` (VvEntry *) and `claims`
 * (VvClaim *) say who has which VF, `wishes` (VvVfWish *) who names it; NULL: nothing known. */
void vv_domain_choose_vfs(VvDomain *domain, VvHost *host, const GPtrArray *entries, const GPtrArray *claims,
                          const GPtrArray *wishes);

/* Was the VF of a pool free when it was chosen, and taken when the plan was made? Then there may be another
 * one. */
gboolean vv_domain_lost_choice(const VvDomain *domain, const VvPlan *plan);

/* The domain's (inactive) XML with the VFs that were chosen, new string; NULL where nothing changes. */
char *vv_domain_put_vfs(const char *xml, gsize length, const VvDomain *domain, GError **error);

/* In a plan for the domain, says of VFs what the plan alone does not know: which PF has lost them, that none
 * of a pool is free or another domain names the one that is, that libvirt will not set up one whose PF is
 * down (`sriov-parent`), and that one of an NVMe drive shows a disk which the host or another guest uses.
 * `allow` as in VvPlanOptions. */
void vv_domain_explain_vfs(VvPlan *plan, VvHost *host, const VvDomain *domain, const char *const *allow);

/* Before they are taken: has the controllers of NVMe drives' VFs brought online (vfio/nvme-virt.h), which
 * nothing but a drive's own driver can do. */
gboolean vv_plan_wake_vfs(const VvPlan *plan, VvHost *host, guint deadline_ms, GError **error);

typedef enum {
    VV_VFS_EARLY, /* what libvirt does not set; what it will set is noted */
    VV_VFS_ALL,   /* and what it has set by now is verified, or set */
} VvVfsPhase;

/* Has the PFs enforce what the domain wants for its VFs; vfio/vf-lease.h undoes it. VFs that are not in our
 * metadata are libvirt's alone. */
gboolean vv_domain_set_vfs(VvHost *host, VvJournal *journal, const VvDomain *domain, VvVfsPhase phase,
                           guint deadline_ms, GError **error);

/* Puts the settings of all VFs that the owner (a domain's uuid) had back, those too that stay with VFIO
 * because they were bound by hand. */
gboolean vv_domain_leave_vfs(VvHost *host, VvJournal *journal, const char *owner, guint deadline_ms,
                             GError **error);
