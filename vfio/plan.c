/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan.h"

#include "vfio/group.h"
#include "vfio/modules.h"
#include "vfio/usage.h"

#include <string.h>

/* The usage of a device is known in milliseconds, or not at all: what takes longer hangs. */
#define USAGE_MS 10000

/* What the functions below share while a plan is made. */
typedef struct {
    VvPlan *plan;
    VvHost *host;
    const VvJournal *journal;
    const VvPlanOptions *options;
    GPtrArray *selected; /* VvDevice, not owned */
    VvUsage *usage;
} Planning;

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
    g_free(device);
}

static VvPlan *plan_new(const char *owner, const char *owner_name)
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

static VvPlanDevice *add_device(VvPlan *plan, VvDevice *device, VvAddress address)
{
    VvPlanDevice *planned = g_new0(VvPlanDevice, 1);

    planned->device = device;
    planned->address = address;
    planned->from = g_strdup(device ? device->driver : NULL);
    planned->state = "host";
    g_ptr_array_add(plan->devices, planned);
    return planned;
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

static void add_reason(Planning *planning, VvReason *reason)
{
    reason->allowed = vv_reason_is_allowed(reason, planning->options->allow);
    g_ptr_array_add(planning->plan->reasons, reason);
}

static int compare_severity(gconstpointer a, gconstpointer b)
{
    const VvReason *x = *(VvReason *const *)a, *y = *(VvReason *const *)b;

    return (int)x->severity - (int)y->severity;
}

static void select_devices(Planning *planning, const GArray *selectors)
{
    for (guint i = 0; i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);
        if (vv_host_select(planning->host, *selector, planning->selected))
            continue;
        add_reason(planning,
                   vv_reason_new("not-found", VV_SEVERITY_BLOCK, selector->address, FALSE,
                                 "look at 'virt-vfio list' for what is there",
                                 selector->whole_slot ? "there is no PCI device in this slot"
                                                      : "there is no PCI function at this address"));
    }
}

/* vfio-pci does take a chipset's own bridges (host, ISA), which have a header of type 0; no guest can use
 * one, and the host cannot do without. */
static void check_reach(Planning *planning, const VvDevice *device)
{
    gboolean endpoint = vv_device_is_endpoint(vv_host_sysfs(planning->host), device);

    if (!endpoint || device->kind == VV_KIND_BRIDGE)
        add_reason(planning, vv_reason_new("not-endpoint", VV_SEVERITY_BLOCK, device->address, FALSE,
                                           "pass the devices behind it instead",
                                           endpoint ? "this is a bridge of the chipset, which the host needs"
                                                    : "this is a bridge, which VFIO does not take"));
    else if (device->group < 0)
        add_reason(planning,
                   vv_reason_new("no-iommu", VV_SEVERITY_BLOCK, device->address, FALSE,
                                 "switch on VT-d or AMD-Vi in the firmware setup; on Intel also boot with "
                                 "intel_iommu=on",
                                 vv_host_groups(planning->host)->len ? "it is in no IOMMU group"
                                                                     : "this host has no active IOMMU"));
}

/* "manual" is nobody else: a domain may use what was bound by hand, and leaves it so. */
static gboolean is_other_owner(const VvPlan *plan, const VvEntry *entry)
{
    return strcmp(entry->owner, plan->owner) != 0 && strcmp(entry->owner, VV_OWNER_MANUAL) != 0;
}

/* TRUE when the journal says that somebody else has it: what libvirt and the open group say is the same. */
static gboolean check_entry(Planning *planning, VvPlanDevice *planned, const VvEntry *entry)
{
    g_autofree char *who = entry->owner_name ? g_strdup_printf("domain %s", entry->owner_name)
                                             : g_strdup_printf("owner %s", entry->owner);

    planned->state = vv_state_name(entry->state);
    if (entry->state == VV_STATE_STUCK || entry->state == VV_STATE_QUARANTINED)
        add_reason(planning, vv_reason_new(vv_state_name(entry->state), VV_SEVERITY_BLOCK, planned->address,
                                           FALSE, "look at 'virt-vfio status'", "%s",
                                           entry->note ? entry->note : "it was left behind earlier"));
    else if (is_other_owner(planning->plan, entry)) {
        g_autofree char *remedy =
            entry->owner_name
                ? g_strdup_printf("stop it first: virt-vfio stop %s", entry->owner_name)
                : g_strdup_printf("give it back first: virt-vfio release %s", planned->device->text);
        add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE, remedy,
                                           "it is taken for %s", who));
        return TRUE;
    }
    return FALSE;
}

/* TRUE when the caller's list names a holder. */
static gboolean check_known_claims(Planning *planning, const VvPlanDevice *planned)
{
    const GPtrArray *claims = planning->options->claims;

    for (guint i = 0; claims && i < claims->len; i++) {
        const VvClaim *claim = claims->pdata[i];
        if (!vv_address_equal(claim->address, planned->address))
            continue;
        add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE,
                                           "stop it first, or take the device out of it", "it is used by %s",
                                           claim->who));
        return TRUE;
    }
    return FALSE;
}

static gboolean check_claims(Planning *planning, VvPlanDevice *planned, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(planning->journal, planned->address, &problem);

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if ((entry && check_entry(planning, planned, entry)) || check_known_claims(planning, planned))
        return TRUE;
    if (vv_driver_is_vfio(planned->from) &&
        vv_group_in_use(vv_host_sysfs(planning->host), planned->device->group)) {
        int group = planned->device->group;
        g_autofree char *who =
            planning->options->overview ? NULL : vv_usage_group_user(planning->usage, group);
        add_reason(planning, vv_reason_new("claimed", VV_SEVERITY_BLOCK, planned->address, FALSE,
                                           "stop the guest or program that uses it", "%s holds /dev/vfio/%d",
                                           who ? who : "a running program", group));
    }
    return TRUE;
}

static void check_member(Planning *planning, const VvDevice *device, const VvDevice *member)
{
    gboolean may_stay = vv_driver_may_stay(member->driver);

    if (member->kind == VV_KIND_BRIDGE)
        add_reason(planning,
                   vv_reason_new("group-bridge", may_stay ? VV_SEVERITY_INFO : VV_SEVERITY_BLOCK,
                                 device->address, FALSE,
                                 may_stay ? NULL : "unbind that driver; the bridge works without it",
                                 "the bridge %s is in IOMMU group %d too (%s)", member->text, device->group,
                                 member->driver ? member->driver : "no driver"));
    else if (!may_stay) {
        g_autofree char *remedy =
            g_strdup_printf("take %s too, or put one of the cards into another slot", member->text);
        add_reason(planning, vv_reason_new("group-shared", VV_SEVERITY_BLOCK, device->address, FALSE, remedy,
                                           "IOMMU group %d also holds %s, which the host uses (%s)",
                                           device->group, member->text, member->driver));
    }
}

/* Once for each group, told of the first device of the plan that is in it. */
static void check_group(Planning *planning, const VvDevice *device)
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

static gboolean check_device(Planning *planning, VvDevice *device, GError **error)
{
    VvPlanDevice *planned = add_device(planning->plan, device, device->address);

    planned->to = g_strdup(vv_driver_is_vfio(device->driver) ? device->driver : "vfio-pci");
    check_reach(planning, device);
    check_group(planning, device);
    vv_plan_add_step(planning->plan, "bind", &device->address, -1);
    return check_claims(planning, planned, error);
}

/* The devices of the plan, and who else would be lost with them. */
static GPtrArray *affected_devices(const Planning *planning)
{
    GPtrArray *affected = g_ptr_array_new();

    for (guint i = 0; i < planning->plan->devices->len; i++) {
        const VvPlanDevice *planned = planning->plan->devices->pdata[i];
        /* Whatever asks a device that hangs may hang as well. */
        if (strcmp(planned->state, vv_state_name(VV_STATE_STUCK)) != 0)
            g_ptr_array_add(affected, planned->device);
    }
    for (guint i = 0; i < planning->selected->len; i++) {
        const VvDevice *device = planning->selected->pdata[i];
        const GPtrArray *members = vv_host_group_members(planning->host, device->group);
        for (guint j = 0; members && j < members->len; j++) {
            VvDevice *member = members->pdata[j];
            if (member->kind != VV_KIND_BRIDGE && !g_ptr_array_find(planning->selected, member, NULL) &&
                !g_ptr_array_find(affected, member, NULL))
                g_ptr_array_add(affected, member);
        }
    }
    return affected;
}

static void check_usage(Planning *planning)
{
    g_autoptr(GPtrArray) affected = affected_devices(planning), reasons = g_ptr_array_new();

    vv_usage_set_leaving(planning->usage, planning->selected);
    vv_usage_collect(planning->usage, affected, USAGE_MS, reasons);
    for (guint i = 0; i < reasons->len; i++)
        add_reason(planning, reasons->pdata[i]);
}

static void check_vfio(Planning *planning)
{
    const VvDevice *first = planning->selected->len ? planning->selected->pdata[0] : NULL;

    if (first && !vv_module_available(vv_host_sysfs(planning->host), "vfio-pci"))
        add_reason(planning, vv_reason_new("no-vfio", VV_SEVERITY_BLOCK, first->address, FALSE,
                                           "boot a kernel built with CONFIG_VFIO_PCI",
                                           "this kernel has no vfio-pci driver"));
}

VvPlan *vv_plan_take(VvHost *host, const VvJournal *journal, const GArray *selectors,
                     const VvPlanOptions *options, GError **error)
{
    const VvPlanOptions none = {0};
    g_autoptr(GPtrArray) selected = g_ptr_array_new();
    g_autoptr(VvPlan) plan = plan_new(options ? options->owner : NULL, options ? options->owner_name : NULL);
    g_autoptr(VvUsage) usage = vv_usage_new(host);
    Planning planning = {plan, host, journal, options ? options : &none, selected, usage};

    select_devices(&planning, selectors);
    check_vfio(&planning);
    for (guint i = 0; i < selected->len; i++)
        if (!check_device(&planning, selected->pdata[i], error))
            return NULL;
    if (!planning.options->overview)
        check_usage(&planning);
    g_ptr_array_sort(plan->reasons, compare_severity);
    return g_steal_pointer(&plan);
}

VvPlan *vv_plan_return(VvHost *host, const GPtrArray *entries)
{
    VvPlan *plan = plan_new(NULL, NULL);

    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        VvDevice *device = vv_host_find(host, entry->address);
        VvPlanDevice *planned = add_device(plan, device, entry->address);
        planned->to = g_strdup(entry->driver);
        planned->state = vv_state_name(entry->state);
        if (device && device->group >= 0 && vv_driver_is_vfio(device->driver) &&
            vv_group_in_use(vv_host_sysfs(host), device->group))
            g_ptr_array_add(plan->reasons,
                            vv_reason_new("process-holds", VV_SEVERITY_BLOCK, entry->address, FALSE,
                                          "stop the guest first; the device comes back then",
                                          "a running program holds /dev/vfio/%d", device->group));
        vv_plan_add_step(plan, "release", &entry->address, -1);
    }
    return plan;
}
