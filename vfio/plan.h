/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"
#include "vfio/identity.h"
#include "vfio/journal.h"
#include "vfio/reason.h"

/* What would be taken from this host, from whom, and what is in the way. Making one changes nothing. */
typedef struct {
    VvDevice *device; /* owned by the host; NULL in a plan to give back what is gone */
    VvAddress address;
    char *from;        /* driver now, NULL: none */
    char *to;          /* driver wanted, NULL: none */
    const char *state; /* static: "host", "gone", or the journal's states: "taken", "stuck" … */
    char *reset; /* taking: how it is to be reset when it comes back (vfio/reset-method.h); NULL: auto */
    gboolean companion; /* nobody named it: it goes to VFIO because it shares its group with one that was */
    char *lost; /* of a VF that is gone: what became of its PF, and what to do; NULL: nothing to tell */
    char *rom;  /* which ROM a guest gets with it, for people; NULL: nothing is known of that */
} VvPlanDevice;

/* One thing that is done, or would be. */
typedef struct {
    const char *what; /* static: "take", "return", "define", "start" … */
    VvAddress address;
    gboolean has_address;
    gint64 us; /* how long it took; -1: not done */
    gboolean failed;
} VvStep;

typedef struct {
    GPtrArray *devices; /* VvPlanDevice */
    GPtrArray *reasons; /* VvReason, blocks first */
    GPtrArray *steps;   /* VvStep */
    char *owner;        /* who would own the devices: a domain's uuid or VV_OWNER_MANUAL */
    char *owner_name;   /* NULL for manual */
} VvPlan;

/* Somebody else's hold on a function that the journal does not know of: a libvirt domain that lists it. */
typedef struct {
    VvAddress address;
    char *who; /* "domain win11 (running)" */
} VvClaim;

typedef struct {
    const char *owner;        /* NULL: VV_OWNER_MANUAL */
    const char *owner_name;   /* NULL for manual */
    const char *const *allow; /* NULL-terminated "CODE" or "CODE=ADDRESS"; NULL: nothing */
    const GPtrArray *claims;  /* VvClaim *, NULL: none known */
    const GPtrArray
        *identities;   /* VvIdentity *: what was at the addresses when it was agreed; NULL: unknown */
    gboolean overview; /* for lists: leave out what costs a look at disks, network and processes */
} VvPlanOptions;

VvClaim *vv_claim_new(VvAddress address, const char *who);
void vv_claim_free(VvClaim *claim);

/* A plan to take what `selectors` (VvSelector) name. Never NULL: what is wrong is a reason in it; an error is
 * only a journal that cannot be read. */
VvPlan *vv_plan_take(VvHost *host, const VvJournal *journal, const GArray *selectors,
                     const VvPlanOptions *options, GError **error);

/* The policy by which the function at `address` is reset before it goes back; of a function that the plan
 * does not have it changes nothing. */
void vv_plan_set_reset(VvPlan *plan, VvAddress address, const char *policy);

/* A plan to give these journal entries (VvEntry *) back, each to the driver it came from. */
VvPlan *vv_plan_return(VvHost *host, const GPtrArray *entries);

void vv_plan_free(VvPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPlan, vv_plan_free)

/* True when nothing blocks, or all that does was allowed. */
gboolean vv_plan_ok(const VvPlan *plan);

/* A device of the plan; NULL: it is not in it. */
VvPlanDevice *vv_plan_find(const VvPlan *plan, VvAddress address);

/* Adds a reason that vfio/ alone does not know of, behind those as severe; `allow` as in VvPlanOptions. Takes
 * the reason. */
void vv_plan_append_reason(VvPlan *plan, VvReason *reason, const char *const *allow);

/* Appends a finished step; `address` may be NULL. */
VvStep *vv_plan_add_step(VvPlan *plan, const char *what, const VvAddress *address, gint64 us);
