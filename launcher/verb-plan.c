/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domplan-services.h"
#include "launcher/devices.h"
#include "launcher/guest-plan.h"
#include "launcher/present.h"
#include "launcher/rom-auto.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

static char **allow, **settings, *roms;

const GOptionEntry vv_plan_options[] = {
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings, "Replace a key of the VM file", "SECTION.KEY=VALUE"},
    {"roms", 0, 0, G_OPTION_ARG_FILENAME, &roms, "Where backups of ROMs are (default " VV_ROM_STORE ")",
     "DIR"},
    {0},
};

static VvPlan *plan_file(VvContext *context, const char *path, char **ret_title, GError **error)
{
    g_autoptr(VvVm) vm = vv_vm_load(path, (const char *const *)settings, error);

    if (!vm)
        return NULL;
    *ret_title = g_strdup(vm->name);
    return vv_vm_plan(context, vm, allow, error);
}

static VvPlan *plan_domain(VvContext *context, const char *name, char **ret_title, GError **error)
{
    g_autoptr(VvDomain) domain = vv_context_domain(context, name, error);

    if (!domain)
        return NULL;
    *ret_title = g_strdup(domain->name);
    if (!vv_context_choose_vfs(context, domain, error))
        return NULL;
    return vv_domain_plan(context, domain, allow, error);
}

static VvPlan *plan_addresses(VvContext *context, const GArray *selectors, char **ret_title, GError **error)
{
    VvHost *host = vv_context_host(context, error);
    if (!host)
        return NULL;
    g_autoptr(GPtrArray) claims = vv_collect_claims(context, NULL);
    VvPlanOptions options = {.allow = (const char *const *)allow, .claims = claims};

    *ret_title = g_strdup("This command");
    VvPlan *plan = vv_plan_take(host, vv_context_journal(context), selectors, &options, error);
    if (plan)
        vv_plan_name_units(plan, vv_host_sysfs(host));
    return plan;
}

int vv_verb_plan(VvContext *context, char **words, GError **error)
{
    g_autofree char *who = NULL;
    g_autoptr(VvPlan) plan = NULL;
    g_autoptr(GArray) selectors = vv_parse_selectors(words, NULL);
    char count[40];

    if (!vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    vv_rom_set_store(roms);
    if (selectors)
        plan = plan_addresses(context, selectors, &who, error);
    else if (words[1])
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "plan: one domain, one VM file, or addresses only");
    else if (vv_is_vm_file(words[0]))
        plan = plan_file(context, words[0], &who, error);
    else
        plan = plan_domain(context, words[0], &who, error);
    if (!plan)
        return VV_ERROR_FAILED;

    g_autofree char *title =
        g_strdup_printf("%s takes %s from this host", who, vv_count(plan->devices->len, "function", count));
    vv_show_plan(context, plan, title);
    return vv_plan_ok(plan) ? 0 : VV_ERROR_REFUSED;
}
