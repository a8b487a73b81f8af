/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"

#include "domains/domvf.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "launcher/rom-plan.h"
#include "launcher/user-hooks.h"
#include "vfio/error.h"

#include <string.h>

GArray *vv_parse_selectors(char **words, GError **error)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    for (; *words; words++)
        if (!vv_selector_parse(*words, selectors, error))
            return NULL;
    return g_steal_pointer(&selectors);
}

gboolean vv_check_allow(char **allow, GError **error)
{
    for (; allow && *allow; allow++) {
        g_auto(GStrv) parts = g_strsplit(*allow, "=", 2);
        VvAddress address;
        if (!vv_reason_code_known(parts[0])) {
            g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "--allow %s: there is no reason code '%s'", *allow,
                        parts[0]);
            return FALSE;
        }
        if (parts[1] && !vv_address_parse(parts[1], &address, error)) {
            g_prefix_error(error, "--allow %s: ", *allow);
            return FALSE;
        }
    }
    return TRUE;
}

static VvDomain *read_domain(const VvDomainInfo *info)
{
    return info->xml ? vv_domain_read(info->xml, strlen(info->xml), NULL) : NULL;
}

static void claim_devices(GPtrArray *claims, const VvDomain *domain, const VvDomainInfo *info)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];
        g_autofree char *who =
            g_strdup_printf("domain %s (%s)", info->name, vv_domain_state_name(info->state));
        g_ptr_array_add(claims, vv_claim_new(device->host, who));
    }
}

/* NULL where libvirt does not answer. */
static GPtrArray *list_domains(VvContext *context)
{
    VvConnection *connection = context->sysroot ? NULL : vv_context_connection(context, NULL);

    return connection ? vv_connection_list(connection, NULL) : NULL;
}

static GPtrArray *claims_of(const GPtrArray *domains, const char *except)
{
    GPtrArray *claims = g_ptr_array_new_with_free_func((GDestroyNotify)vv_claim_free);

    for (guint i = 0; domains && i < domains->len; i++) {
        const VvDomainInfo *info = domains->pdata[i];
        gboolean counts = vv_domain_state_is_on(info->state) && g_strcmp0(info->uuid, except) != 0;
        g_autoptr(VvDomain) domain = counts ? read_domain(info) : NULL;

        if (domain)
            claim_devices(claims, domain, info);
    }
    return claims;
}

GPtrArray *vv_collect_claims(VvContext *context, const char *except)
{
    g_autoptr(GPtrArray) domains = list_domains(context);

    return claims_of(domains, except);
}

void vv_collect_others(VvContext *context, const VvDomain *except, GPtrArray **ret_claims,
                       GPtrArray **ret_wishes)
{
    g_autoptr(GPtrArray) domains = list_domains(context);
    GPtrArray *wishes = g_ptr_array_new_with_free_func((GDestroyNotify)vv_vf_wish_free);

    for (guint i = 0; domains && i < domains->len; i++) {
        const VvDomainInfo *info = domains->pdata[i];
        /* What a VM file says is not another domain than the one that was made of it. */
        gboolean same = g_strcmp0(info->uuid, except->uuid) == 0 || g_strcmp0(info->name, except->name) == 0;
        g_autoptr(VvDomain) domain = same ? NULL : read_domain(info);

        if (domain)
            vv_vf_wishes_add(wishes, domain);
    }
    *ret_claims = claims_of(domains, except->uuid);
    *ret_wishes = wishes;
}

VvDomain *vv_context_domain(VvContext *context, const char *name, GError **error)
{
    VvConnection *connection = vv_context_connection(context, error);
    g_autofree char *xml = connection ? vv_connection_domain_xml(connection, name, error) : NULL;

    return xml ? vv_domain_read(xml, strlen(xml), error) : NULL;
}

gboolean vv_context_change_domain(VvContext *context, const char *domain, VvXmlChange change, gpointer data,
                                  GError **error)
{
    g_autofree char *xml = vv_connection_whole_xml(context->connection, domain, error);
    GError *problem = NULL;
    g_autofree char *changed = xml ? change(xml, strlen(xml), data, &problem) : NULL;

    if (problem)
        g_propagate_error(error, problem);
    if (!xml || problem)
        return FALSE;
    g_autofree char *uuid = changed ? vv_connection_define(context->connection, changed, error) : NULL;
    return !changed || uuid;
}

VvPlan *vv_domain_plan(VvContext *context, const VvDomain *domain, char **allow, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    if (!host)
        return NULL;

    g_autoptr(GPtrArray) claims = vv_collect_claims(context, domain->uuid);
    g_autoptr(GPtrArray) words = vv_domain_allow(domain, allow);
    VvPlan *plan = vv_domain_plan_take(host, vv_context_journal(context), domain, allow, claims, error);
    if (plan)
        vv_plan_domain_roms(context, plan, domain, (const char *const *)words->pdata);
    return plan;
}

VvDevice *vv_context_device(VvContext *context, const char *word, GError **error)
{
    VvAddress address;

    if (!vv_address_parse(word, &address, error) || !vv_context_host(context, error))
        return NULL;
    VvDevice *device = vv_host_find(context->host, address);
    if (!device)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "not-found: there is no PCI function at %s; 'virt-vfio list' shows what is there", word);
    return device;
}

void vv_show_plan(VvContext *context, const VvPlan *plan, const char *title)
{
    if (context->json)
        vv_json_print(vv_json_plan(plan));
    else
        vv_print_plan(context, stdout, plan, title);
}

gboolean vv_give_back(VvContext *context, const GPtrArray *entries, VvPlan **ret_plan, GError **error)
{
    /* Drivers have changed since the last scan. */
    vv_context_rescan(context);
    VvHost *host = vv_context_host(context, error);
    if (!host)
        return FALSE;

    VvHandoverOptions options = vv_context_handover(context);
    g_autoptr(VvPlan) plan = vv_plan_return(host, entries);
    gboolean ok = vv_return(context, entries, plan, &options, error);
    vv_print_gone(context, plan);
    if (ret_plan)
        *ret_plan = g_steal_pointer(&plan);
    return ok;
}
