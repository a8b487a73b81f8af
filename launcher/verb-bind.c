/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domplan-services.h"
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/user-hooks.h"
#include "vfio/error.h"

static char **allow;
static gboolean all, quarantine, no_hooks;

const GOptionEntry vv_bind_options[] = {
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {0},
};

const GOptionEntry vv_release_options[] = {
    {"all", 0, 0, G_OPTION_ARG_NONE, &all, "Everything that was taken by hand", NULL},
    {"quarantine", 0, 0, G_OPTION_ARG_NONE, &quarantine,
     "Keep them on VFIO, where nobody uses them until they are released again", NULL},
    {"no-hooks", 0, 0, G_OPTION_ARG_NONE, &no_hooks, "Without user hooks", NULL},
    {0},
};

static gboolean nothing_was_done(const VvPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++)
        if (((const VvStep *)plan->steps->pdata[i])->us >= 0)
            return FALSE;
    return TRUE;
}

int vv_verb_bind(VvContext *context, char **words, GError **error)
{
    g_autoptr(GArray) selectors = vv_parse_selectors(words, error);
    VvHost *host = selectors && vv_check_allow(allow, error) ? vv_context_host(context, error) : NULL;
    if (!host)
        return VV_ERROR_FAILED;

    /* libvirt is not asked: loading it costs more than the whole bind, and the open group of a running guest
     * says the same. */
    VvPlanOptions options = {.allow = (const char *const *)allow};
    g_autoptr(VvPlan) plan = vv_plan_take(host, vv_context_journal(context), selectors, &options, error);
    if (!plan)
        return VV_ERROR_FAILED;
    vv_plan_name_units(plan, vv_host_sysfs(host));
    if (context->dry_run || !vv_plan_ok(plan)) {
        vv_show_plan(context, plan, "This would be taken from this host");
        return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
    }
    gboolean ok = vv_take(context, NULL, plan, error);
    if (context->json)
        vv_json_print(vv_json_plan(plan));
    else if (ok && nothing_was_done(plan))
        puts("All of it is taken by hand already.");
    return ok ? 0 : VV_ERROR_FAILED;
}

/* Was it given back just now, before this verb began? */
static gboolean was_recovered(const VvContext *context, const VvSelector *selector)
{
    for (guint i = 0; i < context->recovered->len; i++) {
        VvAddress address = g_array_index(context->recovered, VvAddress, i);
        if (selector->whole_slot ? vv_address_same_slot(address, selector->address)
                                 : vv_address_equal(address, selector->address))
            return TRUE;
    }
    return FALSE;
}

/* The journal entry of each named function; a function that was not taken is the user's mistake. */
static GPtrArray *entries_named(VvContext *context, char **words, GError **error)
{
    g_autoptr(GArray) selectors = vv_parse_selectors(words, error);
    g_autoptr(GPtrArray) entries = selectors ? vv_journal_list(vv_context_journal(context), error) : NULL;
    g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);

    for (guint i = 0; entries && i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);
        gboolean found = FALSE;
        for (guint j = entries->len; j > 0; j--) {
            const VvEntry *entry = entries->pdata[j - 1];
            if (selector->whole_slot ? !vv_address_same_slot(entry->address, selector->address)
                                     : !vv_address_equal(entry->address, selector->address))
                continue;
            found = TRUE;
            g_ptr_array_add(named, g_ptr_array_steal_index(entries, j - 1));
        }
        if (!found && !was_recovered(context, selector)) {
            char text[VV_ADDRESS_TEXT];
            g_set_error(
                error, VV_ERROR, VV_ERROR_FAILED,
                "%s was not taken by virt-vfio, so there is nothing to give back; see 'virt-vfio status'",
                vv_address_format(selector->address, text));
            return NULL;
        }
    }
    return entries ? g_steal_pointer(&named) : NULL;
}

int vv_verb_release(VvContext *context, char **words, GError **error)
{
    if (all == (*words != NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "release: name addresses, or say --all; not both");
        return VV_ERROR_USAGE;
    }
    g_autoptr(GPtrArray) entries =
        all ? vv_journal_entries_of(vv_context_journal(context), VV_OWNER_MANUAL, error)
            : entries_named(context, words, error);
    VvHost *host = entries ? vv_context_host(context, error) : NULL;
    if (!host)
        return VV_ERROR_FAILED;

    g_autoptr(VvPlan) plan = vv_plan_return(host, entries);
    /* What cannot come back now must not keep the rest of --all. */
    gboolean refused = !vv_plan_ok(plan) && (!all || plan->reasons->len >= plan->devices->len);
    if (context->dry_run || refused) {
        vv_show_plan(context, plan,
                     quarantine ? "This would stay on VFIO, in quarantine" : "This would be given back");
        return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
    }
    VvHandoverOptions handover = vv_context_handover(context);
    handover.quarantine = quarantine;
    gboolean ok = no_hooks ? vv_handover_return(host, vv_context_journal(context), plan, &handover, error)
                           : vv_return(context, entries, plan, &handover, error);
    vv_print_gone(context, plan);
    if (context->json)
        vv_json_print(vv_json_plan(plan));
    else if (!entries->len && !context->recovered->len)
        puts("Nothing was taken by hand.");
    return ok ? 0 : VV_ERROR_FAILED;
}
