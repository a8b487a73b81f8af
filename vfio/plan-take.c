/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan-internal.h"

#include "vfio/group.h"
#include "vfio/identity.h"
#include "vfio/variant.h"

#include <string.h>

gboolean vv_plan_add_reason(VvPlanning *planning, VvReason *reason)
{
    reason->allowed = vv_reason_is_allowed(reason, planning->options->allow);
    g_ptr_array_add(planning->plan->reasons, reason);
    return reason->allowed;
}

static int compare_severity(gconstpointer a, gconstpointer b)
{
    const VvReason *x = *(VvReason *const *)a, *y = *(VvReason *const *)b;

    return (int)x->severity - (int)y->severity;
}

static void select_devices(VvPlanning *planning, const GArray *selectors)
{
    for (guint i = 0; i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);
        if (vv_host_select(planning->host, *selector, planning->selected))
            continue;
        vv_plan_add_reason(planning,
                           vv_reason_new("not-found", VV_SEVERITY_BLOCK, selector->address, FALSE,
                                         "look at 'virt-vfio list' for what is there",
                                         selector->whole_slot ? "there is no PCI device in this slot"
                                                              : "there is no PCI function at this address"));
    }
}

static void check_identities(VvPlanning *planning)
{
    const GPtrArray *identities = planning->options->identities;

    for (guint i = 0; identities && i < identities->len; i++) {
        VvReason *reason = vv_identity_check(planning->host, identities->pdata[i], identities);
        if (reason)
            vv_plan_add_reason(planning, reason);
    }
}

/* vfio-pci does take a chipset's own bridges (host, ISA), which have a header of type 0; no guest can use
 * one, and the host cannot do without. */
static void check_reach(VvPlanning *planning, const VvDevice *device)
{
    gboolean endpoint = vv_device_is_endpoint(vv_host_sysfs(planning->host), device);

    if (!endpoint || device->kind == VV_KIND_BRIDGE)
        vv_plan_add_reason(planning,
                           vv_reason_new("not-endpoint", VV_SEVERITY_BLOCK, device->address, FALSE,
                                         "pass the devices behind it instead",
                                         endpoint ? "this is a bridge of the chipset, which the host needs"
                                                  : "this is a bridge, which VFIO does not take"));
    else if (device->group < 0)
        vv_plan_add_reason(
            planning, vv_reason_new("no-iommu", VV_SEVERITY_BLOCK, device->address, FALSE,
                                    "switch on VT-d or AMD-Vi in the firmware setup; on Intel also boot with "
                                    "intel_iommu=on",
                                    vv_host_groups(planning->host)->len ? "it is in no IOMMU group"
                                                                        : "this host has no active IOMMU"));
}

static void check_bridge(VvPlanning *planning, const VvDevice *device, const VvDevice *member)
{
    gboolean may_stay = vv_driver_may_stay(member->driver);

    vv_plan_add_reason(planning,
                       vv_reason_new("group-bridge", may_stay ? VV_SEVERITY_INFO : VV_SEVERITY_BLOCK,
                                     device->address, FALSE,
                                     may_stay ? NULL : "unbind that driver; the bridge works without it",
                                     "the bridge %s is in IOMMU group %d too (%s)", member->text,
                                     device->group, member->driver ? member->driver : "no driver"));
}

/* With consent the rest of the group comes along: to VFIO, for nobody. A member that no driver has stays so,
 * and one that VFIO or a stub has stays with it. */
static void check_member(VvPlanning *planning, const VvDevice *device, VvDevice *member)
{
    if (member->kind == VV_KIND_BRIDGE) {
        check_bridge(planning, device, member);
        return;
    }
    if (vv_driver_may_stay(member->driver))
        return;
    g_autofree char *remedy = g_strdup_printf(
        "name %s too, consent to its going to VFIO unused, or put one of the cards into another slot",
        member->text);
    if (vv_plan_add_reason(planning,
                           vv_reason_new("group-shared", VV_SEVERITY_BLOCK, device->address, TRUE, remedy,
                                         "IOMMU group %d also holds %s, which the host uses (%s)",
                                         device->group, member->text, member->driver))) {
        g_ptr_array_add(planning->selected, member);
        g_ptr_array_add(planning->companions, member);
    }
}

/* Once for each group, told of the first device of the plan that is in it. */
static void check_group(VvPlanning *planning, const VvDevice *device)
{
    const GPtrArray *members = vv_host_group_members(planning->host, device->group);

    for (guint i = 0; i < planning->selected->len; i++) {
        const VvDevice *earlier = planning->selected->pdata[i];
        if (earlier == device)
            break;
        if (earlier->group == device->group)
            return;
    }
    for (guint i = 0; members && i < members->len; i++)
        if (!g_ptr_array_find(planning->selected, members->pdata[i], NULL))
            check_member(planning, device, members->pdata[i]);
}

/* What VFIO has already it keeps; else the driver that fits best. The name of a module that is not loaded yet
 * stands for its driver's, until it is (vfio/handover-take.c). */
static char *wanted_driver(const VvPlanning *planning, const VvDevice *device)
{
    const VvSysfs *sysfs = vv_host_sysfs(planning->host);

    if (vv_driver_is_vfio(device->driver))
        return g_strdup(device->driver);
    g_autofree char *module = planning->options->overview ? NULL : vv_variant_module(sysfs, device->modalias);
    if (!module || strcmp(module, VV_VFIO_MODULE) == 0)
        return g_strdup("vfio-pci");
    char *driver = vv_module_pci_driver(sysfs, module);
    return driver ? driver : g_steal_pointer(&module);
}

static gboolean check_device(VvPlanning *planning, VvDevice *device, GError **error)
{
    VvPlanDevice *planned = vv_plan_add_device(planning->plan, device, device->address);

    planned->to = wanted_driver(planning, device);
    planned->companion = g_ptr_array_find(planning->companions, device, NULL);
    check_reach(planning, device);
    check_group(planning, device);
    vv_plan_add_step(planning->plan, "bind", &device->address, -1);
    return vv_plan_check_claims(planning, planned, error);
}

static void check_vfio(VvPlanning *planning)
{
    const VvDevice *first = planning->selected->len ? planning->selected->pdata[0] : NULL;

    if (first && !vv_module_available(vv_host_sysfs(planning->host), "vfio-pci"))
        vv_plan_add_reason(planning, vv_reason_new("no-vfio", VV_SEVERITY_BLOCK, first->address, FALSE,
                                                   "boot a kernel built with CONFIG_VFIO_PCI",
                                                   "this kernel has no vfio-pci driver"));
}

/* Of what is named, some is taken by hand already: who releases it later would not know whose it is. All of
 * it is no trouble, then there is nothing to do. */
static void check_half_taken(VvPlanning *planning)
{
    const GPtrArray *devices = planning->plan->devices;
    guint taken = 0;

    if (strcmp(planning->plan->owner, VV_OWNER_MANUAL) != 0)
        return;
    for (guint i = 0; i < devices->len; i++)
        taken += strcmp(((const VvPlanDevice *)devices->pdata[i])->state, vv_state_name(VV_STATE_TAKEN)) == 0;
    for (guint i = 0; taken < devices->len && i < devices->len; i++) {
        const VvPlanDevice *planned = devices->pdata[i];
        if (strcmp(planned->state, vv_state_name(VV_STATE_TAKEN)) == 0)
            vv_plan_add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, TRUE,
                                                       "name only the others, or release it first",
                                                       "it is taken by hand already, the others are not"));
    }
}

VvPlan *vv_plan_take(VvHost *host, const VvJournal *journal, const GArray *selectors,
                     const VvPlanOptions *options, GError **error)
{
    const VvPlanOptions none = {0};
    g_autoptr(GPtrArray) selected = g_ptr_array_new(), companions = g_ptr_array_new();
    g_autoptr(VvPlan) plan =
        vv_plan_new(options ? options->owner : NULL, options ? options->owner_name : NULL);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    VvPlanning planning = {plan, host, journal, options ? options : &none, selected, companions, usage};

    select_devices(&planning, selectors);
    check_identities(&planning);
    check_vfio(&planning);
    for (guint i = 0; i < selected->len; i++)
        if (!check_device(&planning, selected->pdata[i], error))
            return NULL;
    check_half_taken(&planning);
    if (!planning.options->overview)
        vv_plan_check_usage(&planning);
    g_ptr_array_sort(plan->reasons, compare_severity);
    return g_steal_pointer(&plan);
}
