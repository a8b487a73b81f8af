/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/guest-plan.h"

#include "domains/domplan-services.h"
#include "launcher/devices.h"
#include "launcher/rom-plan.h"
#include "launcher/vfs.h"

#include <string.h>

gboolean vv_is_vm_file(const char *word)
{
    return strchr(word, '/') || g_str_has_suffix(word, ".ini");
}

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

VvPlan *vv_vm_plan(VvContext *context, VvVm *vm, char **allow, GError **error)
{
    VvHost *host = vv_context_host(context, error);
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
    VvPlan *plan = vv_plan_take(host, vv_context_journal(context), selectors, &options, error);
    if (plan)
        vv_domain_explain_vfs(plan, host, vfs, options.allow);
    if (plan)
        vv_plan_vm_roms(context, plan, vm, options.allow);
    if (plan)
        consent(plan, host, vm);
    return plan;
}
