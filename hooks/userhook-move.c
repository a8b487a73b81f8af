/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/userhook-internal.h"

#include "vfio/error.h"
#include "vfio/group.h"

#include <string.h>

/* How long a guest that has just ended may take to let go of its groups. */
#define GROUP_CLOSE_MS 2000

static gboolean takes_anything(const VvPlan *plan)
{
    for (guint i = 0; i < plan->devices->len; i++)
        if (strcmp(((const VvPlanDevice *)plan->devices->pdata[i])->state, vv_state_name(VV_STATE_TAKEN)) !=
            0)
            return TRUE;
    return FALSE;
}

static gboolean has_hooks(const VvUserHooks *hooks, VvPhase phase)
{
    g_autoptr(GPtrArray) found = vv_user_hooks_find(hooks->sysfs, hooks->domain, vv_phase_name(phase));

    return found->len > 0;
}

/* Hooks that unload a driver are common, and the plan was made with it. */
static gboolean take(const VvUserHooks *hooks, VvHost *host, VvJournal *journal, VvPlan *plan,
                     const VvHandoverOptions *options, GError **error)
{
    VvHandoverOptions changed = *options;

    changed.let_go = has_hooks(hooks, VV_PHASE_PRE_BIND);
    return vv_handover_take(host, journal, plan, &changed, error);
}

gboolean vv_hooked_take(const VvUserHooks *hooks, VvHost *host, VvJournal *journal, VvPlan *plan,
                        const VvHandoverOptions *options, GError **error)
{
    if (!vv_plan_ok(plan) || !takes_anything(plan))
        return vv_handover_take(host, journal, plan, options, error);

    gboolean asked = vv_user_hooks_run(hooks, VV_PHASE_PRE_BIND, plan, error);
    gboolean ok = asked && take(hooks, host, journal, plan, options, error);
    vv_user_hooks_run(hooks, ok ? VV_PHASE_POST_BIND : VV_PHASE_POST_RELEASE, plan, NULL);
    if (!asked)
        g_prefix_error(error, "no device was taken: ");
    return ok;
}

static char *join_addresses(const VvPlan *plan)
{
    GString *words = g_string_new(NULL);
    char text[VV_ADDRESS_TEXT];

    for (guint i = 0; i < plan->devices->len; i++)
        g_string_append_printf(
            words, " %s", vv_address_format(((const VvPlanDevice *)plan->devices->pdata[i])->address, text));
    return g_string_free(words, FALSE);
}

static gboolean keep(VvHost *host, VvJournal *journal, VvPlan *plan, const VvHandoverOptions *options,
                     GError *refusal, GError **error)
{
    VvHandoverOptions staying = *options;
    g_autoptr(GError) problem = NULL;
    g_autofree char *addresses = join_addresses(plan);

    staying.quarantine = TRUE;
    staying.quarantine_note = refusal->message;
    if (!vv_handover_return(host, journal, plan, &staying, &problem))
        g_prefix_error(&refusal, "%s; before that: ", problem->message);
    else
        g_prefix_error(&refusal,
                       "the devices stay on VFIO, in quarantine; 'virt-vfio release%s' asks again, "
                       "and with --no-hooks nobody: ",
                       addresses);
    g_propagate_error(error, refusal);
    return FALSE;
}

/* 'virt-vfio stop' waits for a guest whose devices libvirt's hook gives back meanwhile, with its hooks. */
static gboolean gives_anything(const VvJournal *journal, const VvPlan *plan)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VvEntry) entry =
            vv_journal_read(journal, ((const VvPlanDevice *)plan->devices->pdata[i])->address, &error);
        if (entry || error)
            return TRUE;
    }
    return FALSE;
}

static const VvDevice *find_held(const VvUserHooks *hooks, const VvPlan *plan)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        const VvDevice *device = ((const VvPlanDevice *)plan->devices->pdata[i])->device;
        if (device && device->group >= 0 && vv_driver_may_stay(device->driver) &&
            vv_group_in_use(hooks->sysfs, device->group))
            return device;
    }
    return NULL;
}

/* What a hook does to a device, a reset above all, must not hit a guest. The hand-over refuses such a device
 * by itself. */
static gboolean guest_is_gone(const VvUserHooks *hooks, const VvPlan *plan)
{
    gint64 end = g_get_monotonic_time() + GROUP_CLOSE_MS * 1000;
    const VvDevice *held;

    while ((held = find_held(hooks, plan)) && g_get_monotonic_time() < end)
        g_usleep(10000);
    if (!held)
        return TRUE;
    g_autofree char *line = g_strdup_printf("user hooks do not run: a running program holds %s", held->text);
    hooks->say(line, hooks->data);
    return FALSE;
}

static gboolean anybody_to_tell(const VvUserHooks *hooks)
{
    return has_hooks(hooks, VV_PHASE_PRE_RELEASE) || has_hooks(hooks, VV_PHASE_RESET) ||
           has_hooks(hooks, VV_PHASE_POST_RELEASE);
}

gboolean vv_hooked_return(const VvUserHooks *hooks, VvHost *host, VvJournal *journal, VvPlan *plan,
                          const VvHandoverOptions *options, GError **error)
{
    GError *refusal = NULL;

    if (options->quarantine || !anybody_to_tell(hooks) || !gives_anything(journal, plan) ||
        !guest_is_gone(hooks, plan))
        return vv_handover_return(host, journal, plan, options, error);
    if (!vv_user_hooks_run(hooks, VV_PHASE_PRE_RELEASE, plan, &refusal))
        return keep(host, journal, plan, options, refusal, error);
    vv_user_hooks_run(hooks, VV_PHASE_RESET, plan, NULL);
    gboolean ok = vv_handover_return(host, journal, plan, options, error);
    vv_user_hooks_run(hooks, VV_PHASE_POST_RELEASE, plan, NULL);
    return ok;
}
