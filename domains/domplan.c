/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domplan.h"

#include "domains/domplan-services.h"
#include "domains/domvf.h"

#include <string.h>

static GArray *selectors_of(const VvDomain *domain)
{
    GArray *selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        VvSelector selector = {.address = device->host};
        g_array_append_val(selectors, selector);
    }
    return selectors;
}

GPtrArray *vv_domain_allow(const VvDomain *domain, char *const *allow)
{
    GPtrArray *words = g_ptr_array_new();

    for (char **word = domain->allow; *word; word++)
        g_ptr_array_add(words, *word);
    for (char *const *word = allow; word && *word; word++)
        g_ptr_array_add(words, *word);
    g_ptr_array_add(words, NULL);
    return words;
}

VvPlan *vv_domain_plan_take(VvHost *host, const VvJournal *journal, const VvDomain *domain,
                            char *const *allow, const GPtrArray *claims, GError **error)
{
    g_autoptr(GArray) selectors = selectors_of(domain);
    g_autoptr(GPtrArray) identities = vv_domain_identities(domain);
    g_autoptr(GPtrArray) words = vv_domain_allow(domain, allow);
    VvPlanOptions options = {.owner = domain->uuid,
                             .owner_name = domain->name,
                             .allow = (const char *const *)words->pdata,
                             .claims = claims,
                             .identities = identities};
    VvPlan *plan = vv_plan_take(host, journal, selectors, &options, error);
    for (guint i = 0; plan && i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        vv_plan_set_reset(plan, device->host, device->reset);
    }
    if (plan)
        vv_domain_explain_vfs(plan, host, domain, options.allow);
    if (plan)
        vv_plan_consent(plan, vv_host_sysfs(host), domain->stop_display_manager, domain->stop_services);
    return plan;
}

GPtrArray *vv_journal_entries_of(const VvJournal *journal, const char *owner, GError **error)
{
    GPtrArray *entries = vv_journal_list(journal, error);

    for (guint i = entries ? entries->len : 0; i > 0; i--) {
        const VvEntry *entry = entries->pdata[i - 1];
        if (strcmp(entry->owner, owner) != 0 || entry->state == VV_STATE_QUARANTINED)
            g_ptr_array_remove_index(entries, i - 1);
    }
    return entries;
}
