/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan-internal.h"

#include "vfio/group.h"

#include <string.h>

VvClaim *vv_claim_new(VvAddress address, const char *who)
{
    VvClaim *claim = g_new0(VvClaim, 1);

    claim->address = address;
    claim->who = g_strdup(who);
    return claim;
}

void vv_claim_free(VvClaim *claim)
{
    if (!claim)
        return;
    g_free(claim->who);
    g_free(claim);
}

static void plan_device_free(gpointer data)
{
    VvPlanDevice *device = data;

    g_free(device->from);
    g_free(device->to);
    g_free(device->rom);
    g_free(device->lost);
    g_free(device->reset);
    g_free(device);
}

VvPlan *vv_plan_new(const char *owner, const char *owner_name)
{
    VvPlan *plan = g_new0(VvPlan, 1);

    plan->devices = g_ptr_array_new_with_free_func(plan_device_free);
    plan->reasons = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    plan->steps = g_ptr_array_new_with_free_func(g_free);
    plan->owner = g_strdup(owner ? owner : VV_OWNER_MANUAL);
    plan->owner_name = g_strdup(owner_name);
    return plan;
}

void vv_plan_free(VvPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->devices);
    g_ptr_array_unref(plan->reasons);
    g_ptr_array_unref(plan->steps);
    g_free(plan->owner);
    g_free(plan->owner_name);
    g_free(plan);
}

VvStep *vv_plan_add_step(VvPlan *plan, const char *what, const VvAddress *address, gint64 us)
{
    VvStep *step = g_new0(VvStep, 1);

    step->what = what;
    step->has_address = address != NULL;
    if (address)
        step->address = *address;
    step->us = us;
    g_ptr_array_add(plan->steps, step);
    return step;
}

VvPlanDevice *vv_plan_add_device(VvPlan *plan, VvDevice *device, VvAddress address)
{
    VvPlanDevice *planned = g_new0(VvPlanDevice, 1);

    planned->device = device;
    planned->address = address;
    planned->from = g_strdup(device ? device->driver : NULL);
    planned->state = "host";
    g_ptr_array_add(plan->devices, planned);
    return planned;
}

VvPlanDevice *vv_plan_find(const VvPlan *plan, VvAddress address)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        VvPlanDevice *device = plan->devices->pdata[i];
        if (vv_address_equal(device->address, address))
            return device;
    }
    return NULL;
}

void vv_plan_append_reason(VvPlan *plan, VvReason *reason, const char *const *allow)
{
    guint at = 0;

    while (at < plan->reasons->len &&
           ((const VvReason *)plan->reasons->pdata[at])->severity <= reason->severity)
        at++;
    reason->allowed = vv_reason_is_allowed(reason, allow);
    g_ptr_array_insert(plan->reasons, (gint)at, reason);
}

gboolean vv_plan_ok(const VvPlan *plan)
{
    for (guint i = 0; i < plan->reasons->len; i++) {
        const VvReason *reason = plan->reasons->pdata[i];
        if (reason->severity == VV_SEVERITY_BLOCK && !reason->allowed)
            return FALSE;
    }
    return TRUE;
}

void vv_plan_set_reset(VvPlan *plan, VvAddress address, const char *policy)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        VvPlanDevice *planned = plan->devices->pdata[i];
        if (!vv_address_equal(planned->address, address))
            continue;
        g_free(planned->reset);
        planned->reset = g_strdup(policy);
    }
}

static void add_stuck(VvPlan *plan, const VvSysfs *sysfs, const VvEntry *entry)
{
    if (entry->state == VV_STATE_STUCK && vv_process_alive(sysfs, entry->by))
        g_ptr_array_add(plan->reasons,
                        vv_reason_new("stuck", VV_SEVERITY_BLOCK, entry->address, FALSE,
                                      "look at the kernel log; only a reboot may help", "%s",
                                      entry->note ? entry->note : "its worker hangs in the kernel"));
}

VvPlan *vv_plan_return(VvHost *host, const GPtrArray *entries)
{
    VvPlan *plan = vv_plan_new(NULL, NULL);

    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        VvDevice *device = vv_host_find(host, entry->address);
        VvPlanDevice *planned = vv_plan_add_device(plan, device, entry->address);
        planned->to = g_strdup(entry->driver);
        planned->state = vv_state_name(entry->state);
        add_stuck(plan, vv_host_sysfs(host), entry);
        if (device && device->group >= 0 && vv_driver_may_stay(device->driver) &&
            vv_group_in_use(vv_host_sysfs(host), device->group))
            g_ptr_array_add(plan->reasons,
                            vv_reason_new("process-holds", VV_SEVERITY_BLOCK, entry->address, FALSE,
                                          "stop the guest first; the device comes back then",
                                          "a running program holds /dev/vfio/%d", device->group));
        vv_plan_add_step(plan, "release", &entry->address, -1);
    }
    return plan;
}
