/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan-internal.h"

#include "vfio/group.h"

#include <string.h>

/* "manual" is nobody else: a domain may use what was bound by hand, and leaves it so. */
static gboolean is_other_owner(const VvPlan *plan, const VvEntry *entry)
{
    return strcmp(entry->owner, plan->owner) != 0 && strcmp(entry->owner, VV_OWNER_MANUAL) != 0;
}

/* TRUE when the journal says that somebody else has it: what libvirt and the open group say is the same. */
static gboolean check_entry(VvPlanning *planning, VvPlanDevice *planned, const VvEntry *entry)
{
    g_autofree char *who = entry->owner_name ? g_strdup_printf("domain %s", entry->owner_name)
                                             : g_strdup_printf("owner %s", entry->owner);

    planned->state = vv_state_name(entry->state);
    if (entry->state == VV_STATE_STUCK || entry->state == VV_STATE_QUARANTINED)
        vv_plan_add_reason(planning,
                           vv_reason_new(vv_state_name(entry->state), VV_SEVERITY_BLOCK, planned->address,
                                         FALSE, "look at 'virt-vfio status'", "%s",
                                         entry->note ? entry->note : "it was left behind earlier"));
    else if (is_other_owner(planning->plan, entry)) {
        g_autofree char *remedy =
            entry->owner_name
                ? g_strdup_printf("stop it first: virt-vfio stop %s", entry->owner_name)
                : g_strdup_printf("give it back first: virt-vfio release %s", planned->device->text);
        vv_plan_add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE,
                                                   remedy, "it is taken for %s", who));
        return TRUE;
    }
    return FALSE;
}

/* TRUE when the caller's list names a holder. */
static gboolean check_known_claims(VvPlanning *planning, const VvPlanDevice *planned)
{
    const GPtrArray *claims = planning->options->claims;

    for (guint i = 0; claims && i < claims->len; i++) {
        const VvClaim *claim = claims->pdata[i];
        if (!vv_address_equal(claim->address, planned->address))
            continue;
        vv_plan_add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE,
                                                   "stop it first, or take the device out of it",
                                                   "it is used by %s", claim->who));
        return TRUE;
    }
    return FALSE;
}

/* Not only what is with VFIO: of a function that is torn from its guest the driver is gone before the guest
 * has let go, and whoever holds a group holds all of it. Bridges are nobody's. */
static gboolean may_be_held(const VvPlanDevice *planned)
{
    return planned->device->group >= 0 && planned->device->kind != VV_KIND_BRIDGE &&
           vv_driver_may_stay(planned->from);
}

gboolean vv_plan_check_claims(VvPlanning *planning, VvPlanDevice *planned, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(planning->journal, planned->address, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if ((entry && check_entry(planning, planned, entry)) || check_known_claims(planning, planned))
        return TRUE;
    if (may_be_held(planned) && vv_group_in_use(vv_host_sysfs(planning->host), planned->device->group)) {
        int group = planned->device->group;
        g_autofree char *who =
            planning->options->overview ? NULL : vv_usage_group_user(planning->usage, group);
        vv_plan_add_reason(planning,
                           vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE,
                                         "stop the guest or program that uses it", "%s holds /dev/vfio/%d",
                                         who ? who : "a running program", group));
    }
    return TRUE;
}
