/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/live.h"

#include "domains/domplan-services.h"
#include "launcher/present.h"
#include "launcher/user-hooks.h"
#include "vfio/error.h"

#include <string.h>

VvPlan *vv_live_plan(VvContext *context, const VvAttach *attach, const VvStored *stored, char **allow,
                     GError **error)
{
    g_autoptr(GPtrArray) claims = vv_collect_claims(context, stored->domain->uuid);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    const VvVmDevice *card = attach->card;

    /* A code without an address is for this card only. */
    for (char **word = card->allow; word && *word; word++)
        for (guint i = 0; i < (strchr(*word, '=') ? 1 : card->functions->len); i++) {
            char text[VV_ADDRESS_TEXT];

            vv_address_format(g_array_index(card->functions, VvVmFunction, i).host, text);
            g_ptr_array_add(words,
                            strchr(*word, '=') ? g_strdup(*word) : g_strconcat(*word, "=", text, NULL));
        }
    for (char **word = allow; word && *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    VvPlanOptions options = {.owner = stored->domain->uuid,
                             .owner_name = stored->domain->name,
                             .allow = (const char *const *)words->pdata,
                             .claims = claims};
    VvPlan *plan = vv_plan_take(context->host, vv_context_journal(context), card->selectors, &options, error);
    if (plan)
        vv_plan_name_units(plan, vv_host_sysfs(context->host));
    return plan;
}

static gboolean entry_among(const GPtrArray *entries, VvAddress address)
{
    for (guint i = 0; i < entries->len; i++)
        if (vv_address_equal(((const VvEntry *)entries->pdata[i])->address, address))
            return TRUE;
    return FALSE;
}

/* Gives back what the domain has now and had not before. */
static gboolean give_back_new(VvContext *context, const VvStored *stored, const GPtrArray *before,
                              GError **error)
{
    g_autoptr(GPtrArray) entries =
        vv_journal_entries_of(vv_context_journal(context), stored->domain->uuid, error);

    for (guint i = entries ? entries->len : 0; i > 0; i--)
        if (entry_among(before, ((const VvEntry *)entries->pdata[i - 1])->address))
            g_ptr_array_remove_index(entries, i - 1);
    return entries && (!entries->len || vv_give_back(context, entries, NULL, error));
}

static gboolean plug(VvContext *context, const VvStored *stored, const char *after, const char *hostdev,
                     GError **error)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) problem = NULL;
    gboolean ok;

    if (!vv_redefine(context, stored, after, error))
        return FALSE;
    ok = vv_connection_attach(context->connection, stored->domain->name, hostdev, error);
    vv_print_progress(context, ok ? "plugged into the guest" : "the guest does not get it",
                      g_get_monotonic_time() - start, !ok, NULL);
    if (!ok && !vv_redefine(context, stored, stored->xml, &problem))
        fprintf(stderr, "virt-vfio: the domain has the device from its next start on all the same: %s\n",
                problem->message);
    return ok;
}

gboolean vv_live_attach(VvContext *context, const VvStored *stored, const char *after, VvPlan *plan,
                        const char *hostdev, GError **error)
{
    g_autoptr(GPtrArray) before =
        vv_journal_entries_of(vv_context_journal(context), stored->domain->uuid, error);
    g_autoptr(GError) problem = NULL;

    if (!before || !vv_take(context, stored->domain, plan, error))
        return FALSE;
    if (plug(context, stored, after, hostdev, error))
        return TRUE;
    if (!give_back_new(context, stored, before, &problem))
        g_prefix_error(error, "the devices did not come back (%s; see 'virt-vfio status'); before that: ",
                       problem->message);
    else
        g_prefix_error(error, "nothing is changed, and the devices are back: ");
    return FALSE;
}

gboolean vv_live_has(const VvStored *stored, VvAddress host)
{
    g_autoptr(VvDomain) running =
        stored->live ? vv_domain_read(stored->live, strlen(stored->live), NULL) : NULL;

    for (guint i = 0; running && i < running->devices->len; i++)
        if (vv_address_equal(((const VvDomainDevice *)running->devices->pdata[i])->host, host))
            return TRUE;
    return FALSE;
}

/* Those of the domain's devices that share the group with `host`, unless the guest has another of them. */
static GPtrArray *entries_of_group(VvContext *context, const VvStored *stored, VvAddress host, GError **error)
{
    g_autoptr(GPtrArray) entries =
        vv_journal_entries_of(vv_context_journal(context), stored->domain->uuid, error);
    const VvDevice *device = entries ? vv_host_find(context->host, host) : NULL;
    const GPtrArray *members = device ? vv_host_group_members(context->host, device->group) : NULL;
    gboolean shared = FALSE;

    for (guint i = 0; members && i < members->len; i++) {
        const VvDevice *member = members->pdata[i];

        shared |= member != device && vv_live_has(stored, member->address);
    }
    for (guint i = entries ? entries->len : 0; i > 0; i--) {
        const VvEntry *entry = entries->pdata[i - 1];
        VvDevice *other = vv_host_find(context->host, entry->address);
        gboolean companion = !shared && members && g_ptr_array_find((GPtrArray *)members, other, NULL);

        if (!vv_address_equal(entry->address, host) && !companion)
            g_ptr_array_remove_index(entries, i - 1);
    }
    return g_steal_pointer(&entries);
}

static gboolean unplug(VvContext *context, const VvStored *stored, VvAddress host, int seconds,
                       GError **error)
{
    g_autofree char *alias = vv_detach_live_alias(stored->live, host, error);
    g_autofree char *hostdev = alias ? vv_attach_live_hostdev(host) : NULL;
    gint64 start = g_get_monotonic_time();
    GError *problem = NULL;
    gboolean ok;

    if (!alias)
        return FALSE;
    ok = vv_connection_detach(context->connection, stored->domain->name, hostdev, alias, seconds * 1000,
                              context->signal_fd, &problem);
    vv_print_progress(context, ok ? "the guest has let go" : "the guest has not let go",
                      g_get_monotonic_time() - start, !ok, NULL);
    if (problem)
        g_propagate_error(error, problem);
    else if (!ok)
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "the guest has not let go of the device within %d s, and may do so yet; the domain is as it "
            "was; is the guest up, and does it know PCI hot-plug? Try again, or detach without --live",
            seconds);
    return ok;
}

gboolean vv_live_detach(VvContext *context, const VvStored *stored, VvAddress host, int seconds,
                        GError **error)
{
    g_autoptr(GPtrArray) entries = NULL;

    if (!vv_context_host(context, error) || !unplug(context, stored, host, seconds, error))
        return FALSE;
    entries = entries_of_group(context, stored, host, error);
    return entries && (!entries->len || vv_give_back(context, entries, NULL, error));
}
