/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "vfio/plan.h"

/* What a domain's XML means to the host: the same for the program and for libvirt's hook. */

/* What lifts reasons of a plan for this domain: its policy and `allow` (may be NULL), NULL-terminated, as
 * VvPlanOptions wants it. A new array of what belongs to the two. */
GPtrArray *vv_domain_allow(const VvDomain *domain, char *const *allow);

/* A plan to take every device of the domain for it, as agreed in its metadata, units that
 * may be stopped included (domains/domplan-services.h); `allow` (NULL or
 * NULL-terminated) lifts more for once, `claims` (VvClaim *, NULL: none known) are other domains'. As
 * vv_plan_take(). */
VvPlan *vv_domain_plan_take(VvHost *host, const VvJournal *journal, const VvDomain *domain,
                            char *const *allow, const GPtrArray *claims, GError **error);

/* What is journalled for the owner (a domain's uuid) and not kept back on purpose (quarantined): VvEntry *,
 * owned by the caller. NULL: the journal cannot be read. */
GPtrArray *vv_journal_entries_of(const VvJournal *journal, const char *owner, GError **error);
