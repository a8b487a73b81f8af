/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domplan-services.h"
#include "launcher/devices.h"
#include "launcher/present.h"
#include "launcher/rom-auto.h"
#include "launcher/rom-plan.h"
#include "launcher/vfs.h"
#include "vfio/error.h"

#include <string.h>

static char **allow, **settings, *roms;

const GOptionEntry vv_plan_options[] = {
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Lift one reason of the plan", "CODE[=ADDRESS]"},
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings, "Replace a key of the VM file", "SECTION.KEY=VALUE"},
    {"roms", 0, 0, G_OPTION_ARG_FILENAME, &roms, "Where backups of ROMs are (default " VV_ROM_STORE ")",
     "DIR"},
    {0},
};

/* A bare CODE in a [device] is meant for that card only. */
static void add_allow(GPtrArray *words, const VvHost *host, const VvVmDevice *device)
{
    g_autoptr(GPtrArray) functions = g_ptr_array_new();

    for (guint i = 0; i < device->selectors->len; i++)
        vv_host_select(host, g_array_index(device->selectors, VvSelector, i), functions);
    for (char **word = device->allow; word && *word; word++)
        for (guint i = 0; i < functions->len; i++)
            g_ptr_array_add(words,
                            strchr(*word, '=')
                                ? g_strdup(*word)
                                : g_strdup_printf("%s=%s", *word, ((VvDevice *)functions->pdata[i])->text));
}

static void consent(VvPlan *plan, const VvHost *host, const VvVm *vm)
{
    g_auto(GStrv) units = g_strsplit(vm->stop_services ? vm->stop_services : "", " ", -1);

    vv_plan_consent(plan, vv_host_sysfs(host), vm->stop_display_manager, units);
}

/* Those of cards become their host =; those of networks: a new array of VvSelector. */
static GArray *select_vfs(VvVm *vm, const VvDomain *vfs)
{
    GArray *selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    guint next = 0;

    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *device = vm->devices->pdata[i];
        if (!device->vf.word)
            continue;
        VvSelector selector = {.address = ((const VvDomainDevice *)vfs->devices->pdata[next++])->host};
        g_array_append_val(device->selectors, selector);
    }
    for (; next < vfs->devices->len; next++) {
        VvSelector selector = {.address = ((const VvDomainDevice *)vfs->devices->pdata[next])->host};
        g_array_append_val(selectors, selector);
    }
    return selectors;
}

static VvPlan *plan_file(VvContext *context, const char *path, char **ret_title, GError **error)
{
    g_autoptr(VvVm) vm = vv_vm_load(path, (const char *const *)settings, error);
    VvHost *host = vm ? vv_context_host(context, error) : NULL;
    if (!host)
        return NULL;

    g_autoptr(VvDomain) vfs = vv_context_vm_vfs(context, vm, error);
    if (!vfs)
        return NULL;
    g_autoptr(GArray) selectors = select_vfs(vm, vfs);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];
        g_array_append_vals(selectors, device->selectors->data, device->selectors->len);
        add_allow(words, host, device);
    }
    for (char **word = allow; word && *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);

    g_autoptr(GPtrArray) claims = vv_collect_claims(context, vm->uuid);
    /* An owner that cannot exist yet: whatever is taken already is taken by somebody else. */
    VvPlanOptions options = {.owner = vm->uuid ? vm->uuid : "new",
                             .owner_name = vm->name,
                             .allow = (const char *const *)words->pdata,
                             .claims = claims};
    *ret_title = g_strdup(vm->name);
    VvPlan *plan = vv_plan_take(host, vv_context_journal(context), selectors, &options, error);
    if (plan)
        vv_domain_explain_vfs(plan, host, vfs);
    if (plan)
        vv_plan_vm_roms(context, plan, vm, options.allow);
    if (plan)
        consent(plan, host, vm);
    return plan;
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
    else if (strchr(words[0], '/') || g_str_has_suffix(words[0], ".ini"))
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
