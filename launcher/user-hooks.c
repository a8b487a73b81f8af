/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/user-hooks.h"

#include "hooks/hook.h"
#include "hooks/install.h"

#include <stdio.h>
#include <string.h>

static void say_line(const char *line, gpointer data G_GNUC_UNUSED)
{
    fprintf(stderr, "virt-vfio: %s\n", line);
}

/* Progress goes to standard output: what came before is to be read before. */
static VvUserHooks hooks_for(VvContext *context, const char *name, const char *uuid)
{
    fflush(stdout);
    return (VvUserHooks){.sysfs = context->sysfs,
                         .domain = name ? name : VV_OWNER_MANUAL,
                         .uuid = name ? uuid : NULL,
                         .say = say_line};
}

gboolean vv_take(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error)
{
    const VvHandoverOptions options = vv_context_handover(context);
    const VvUserHooks hooks = hooks_for(context, domain ? domain->name : NULL, domain ? domain->uuid : NULL);

    return vv_hooked_take(&hooks, context->host, vv_context_journal(context), plan, &options, error);
}

/* NULL: they have several, or none. */
static const VvEntry *common_owner(const GPtrArray *entries)
{
    const VvEntry *first = entries->len ? entries->pdata[0] : NULL;

    for (guint i = 1; i < entries->len; i++)
        if (strcmp(((const VvEntry *)entries->pdata[i])->owner, first->owner) != 0)
            return NULL;
    return first;
}

gboolean vv_return(VvContext *context, const GPtrArray *entries, VvPlan *plan,
                   const VvHandoverOptions *options, GError **error)
{
    const VvEntry *owner = common_owner(entries);
    const VvUserHooks hooks =
        hooks_for(context, owner ? owner->owner_name : NULL, owner ? owner->owner : NULL);

    return vv_hooked_return(&hooks, context->host, vv_context_journal(context), plan, options, error);
}

/* Reads the program, links and /proc: once for a verb. */
static gboolean hook_is_live(VvContext *context)
{
    gboolean system = !context->uri || strcmp(context->uri, "qemu:///system") == 0;
    VvSysfs *sysfs = system ? vv_context_sysfs(context, NULL) : NULL;

    if (context->hook == VV_HOOK_UNKNOWN) {
        g_autoptr(VvHookStatus) status = sysfs ? vv_hook_status(context->sysroot, sysfs) : NULL;
        context->hook = status && vv_hook_is_live(status) ? VV_HOOK_LIVE : VV_HOOK_DEAD;
    }
    return context->hook == VV_HOOK_LIVE;
}

gboolean vv_hook_serves(VvContext *context, const VvDomain *domain)
{
    VvHookConfig config;

    return hook_is_live(context) && vv_hook_config_load(context->sysroot, &config, NULL) &&
           (!domain || domain->ours || config.all);
}

gboolean vv_tell_start(VvContext *context, const VvDomain *domain, VvPhase phase, const VvPlan *plan,
                       GError **error)
{
    const VvUserHooks hooks = hooks_for(context, domain->name, domain->uuid);

    return !plan->devices->len || vv_hook_serves(context, domain) ||
           vv_user_hooks_run(&hooks, phase, plan, error);
}

void vv_tell_reset(VvContext *context, const VvPlan *plan)
{
    const VvPlanDevice *planned = plan->devices->pdata[0];
    g_autoptr(VvEntry) entry = vv_journal_read(vv_context_journal(context), planned->address, NULL);
    const VvUserHooks hooks =
        hooks_for(context, entry ? entry->owner_name : NULL, entry ? entry->owner : NULL);

    vv_user_hooks_run(&hooks, VV_PHASE_RESET, plan, NULL);
}
