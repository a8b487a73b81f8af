/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/start-take.h"

#include "domains/usbport.h"
#include "launcher/devices.h"
#include "launcher/present.h"
#include "launcher/rom-auto.h"
#include "launcher/services.h"
#include "launcher/user-hooks.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

/* How often the VF of a pool may go to somebody else in the moment in which it is taken. */
#define RACES 16

static char *update_usbs(const char *xml, gsize length, gpointer sysfs, GError **error)
{
    return vv_domain_update_usbs(xml, length, sysfs, error);
}

/* libvirt goes by numbers that change with each plugging in; the domain's definition gets those of now. */
static gboolean find_usbs(VvContext *context, const VvDomain *domain, GError **error)
{
    gboolean by_port = FALSE;

    for (guint i = 0; i < domain->usbs->len; i++)
        by_port |= ((const VvDomainUsb *)domain->usbs->pdata[i])->port != NULL;
    return !by_port || vv_context_change_domain(context, domain->name, update_usbs,
                                                (gpointer)vv_host_sysfs(context->host), error);
}

/* Between the plan and the taking another guest may have taken a VF of the same pool. */
static gboolean lost_race(const VvDomain *domain, const GError *error)
{
    return vv_domain_has_pool(domain) && g_error_matches(error, VV_ERROR, VV_ERROR_REFUSED);
}

/* A plan for the devices that are free now, the pools' VFs included. */
static VvPlan *plan_now(VvContext *context, VvDomain *domain, char **allow, GError **error)
{
    for (guint i = 0;; i++) {
        if (!vv_context_choose_vfs(context, domain, error))
            return NULL;
        VvPlan *plan = vv_domain_plan(context, domain, allow, error);
        if (!plan || i == RACES || !vv_domain_lost_choice(domain, plan))
            return plan;
        vv_plan_free(plan);
        vv_context_rescan(context);
    }
}

static int take_once(VvContext *context, VvDomain *domain, char **allow, VvPlan **ret_plan, GError **error)
{
    gint64 before = g_get_monotonic_time();
    VvPlan *plan = *ret_plan = plan_now(context, domain, allow, error);
    if (!plan)
        return VV_ERROR_FAILED;

    char count[40];
    g_autofree char *title = g_strdup_printf("%s takes %s from this host", domain->name,
                                             vv_count(plan->devices->len, "function", count));
    if (context->dry_run || !vv_plan_ok(plan)) {
        if (!context->json)
            vv_print_plan(context, stdout, plan, title);
        return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
    }
    if (!find_usbs(context, domain, error))
        return VV_ERROR_FAILED;
    vv_print_progress(context, "planned", g_get_monotonic_time() - before, FALSE, NULL);

    if (!vv_context_stop_services(context, domain, allow, ret_plan, error))
        return VV_ERROR_FAILED;
    plan = *ret_plan;
    if (!vv_rom_prepare(context, domain, plan, error) || !vv_context_wake_vfs(context, plan, error) ||
        !vv_take(context, domain, plan, error))
        return VV_ERROR_FAILED;
    return 0;
}

int vv_start_take(VvContext *context, VvDomain *domain, char **allow, VvPlan **ret_plan, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int result = take_once(context, domain, allow, ret_plan, &problem);

    for (guint i = 0; result && lost_race(domain, problem) && i < RACES; i++) {
        g_clear_error(&problem);
        g_clear_pointer(ret_plan, vv_plan_free);
        vv_context_rescan(context);
        result = take_once(context, domain, allow, ret_plan, &problem);
    }
    if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return result;
}
