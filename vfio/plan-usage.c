/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/plan-internal.h"

#include "vfio/siblings.h"

#include <string.h>

/* The usage of a device is known in milliseconds, or not at all: what takes longer hangs. */
#define USAGE_MS 10000

static gboolean is_selected(const VvPlanning *planning, VvDevice *device)
{
    return g_ptr_array_find(planning->selected, device, NULL);
}

static void add_once(GPtrArray *devices, VvDevice *device)
{
    if (!g_ptr_array_find(devices, device, NULL))
        g_ptr_array_add(devices, device);
}

/* The devices of the plan, and the rest of their groups. */
static GPtrArray *devices_to_ask(const VvPlanning *planning)
{
    GPtrArray *devices = g_ptr_array_new();

    for (guint i = 0; i < planning->plan->devices->len; i++) {
        const VvPlanDevice *planned = planning->plan->devices->pdata[i];
        /* Whatever asks a device that hangs may hang as well. */
        if (strcmp(planned->state, vv_state_name(VV_STATE_STUCK)) != 0)
            g_ptr_array_add(devices, planned->device);
    }
    for (guint i = 0; i < planning->selected->len; i++) {
        const VvDevice *device = planning->selected->pdata[i];
        const GPtrArray *members = vv_host_group_members(planning->host, device->group);
        for (guint j = 0; members && j < members->len; j++) {
            VvDevice *member = members->pdata[j];
            if (member->kind != VV_KIND_BRIDGE && !is_selected(planning, member))
                add_once(devices, member);
        }
    }
    return devices;
}

/* "0000:01:00.1 (in this plan), 0000:01:00.2 (xhci_hcd)" */
static char *describe_siblings(const VvPlanning *planning, const GPtrArray *siblings)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < siblings->len; i++) {
        VvDevice *sibling = siblings->pdata[i];
        g_string_append_printf(text, "%s%s (%s)", i ? ", " : "", sibling->text,
                               is_selected(planning, sibling) ? "in this plan"
                               : sibling->driver              ? sibling->driver
                                                              : "no driver");
    }
    return g_string_free(text, FALSE);
}

static void add_reset_reason(VvPlanning *planning, VvDevice *device, const GPtrArray *siblings,
                             gboolean all_here)
{
    g_autofree char *names = describe_siblings(planning, siblings);
    gboolean alone = !vv_reset_needs_bus(device);

    if (siblings->len && (alone || all_here))
        vv_plan_add_reason(planning, vv_reason_new("reset-siblings", VV_SEVERITY_INFO, device->address, FALSE,
                                                   NULL, "a reset of it also resets %s", names));
    else if (siblings->len)
        vv_plan_add_reason(
            planning,
            vv_reason_new("reset-siblings", VV_SEVERITY_WARN, device->address, FALSE,
                          "take those too, if what one guest leaves in it must not reach the next",
                          "it is not reset between guests: only its whole bus can be, together with %s",
                          names));
    else if (!*device->reset_methods)
        vv_plan_add_reason(
            planning, vv_reason_new("reset-none", VV_SEVERITY_WARN, device->address, FALSE,
                                    "switch the host off and on between guests, if that matters",
                                    "nothing can reset it: what a guest leaves in it, the next one finds"));
}

/* Whom a reset of the plan's devices would reach; those outside of the plan go to `outside`. VFIO never
 * resets what is not with VFIO too (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_dev_set_hot_reset), so what
 * the host uses is not in danger, but then the device is not reset at all. */
static void check_resets(VvPlanning *planning, GPtrArray *outside)
{
    g_autoptr(GPtrArray) told = g_ptr_array_new(); /* what is said of one function holds for its siblings */

    for (guint i = 0; i < planning->selected->len; i++) {
        VvDevice *device = planning->selected->pdata[i];
        g_autoptr(GPtrArray) siblings = g_ptr_array_new();
        gboolean all_here = TRUE;
        if (device->kind == VV_KIND_BRIDGE || device->group < 0 ||
            g_ptr_array_find(planning->companions, device, NULL))
            continue;
        vv_device_read_details(vv_host_sysfs(planning->host), device);
        vv_reset_siblings(planning->host, device, siblings);
        for (guint j = 0; j < siblings->len; j++) {
            if (is_selected(planning, siblings->pdata[j]))
                continue;
            all_here = FALSE;
            add_once(outside, siblings->pdata[j]);
        }
        if (!g_ptr_array_find(told, device, NULL))
            add_reset_reason(planning, device, siblings, all_here);
        g_ptr_array_extend(told, siblings, NULL, NULL);
    }
}

/* What the host uses a function for that is only reached by a reset is worth knowing, but not in the way. */
static void add_usage(VvPlanning *planning, VvReason *reason, const GPtrArray *outside)
{
    for (guint i = 0; i < outside->len; i++)
        if (vv_address_equal(reason->address, ((const VvDevice *)outside->pdata[i])->address) &&
            reason->severity == VV_SEVERITY_BLOCK)
            reason->severity = VV_SEVERITY_INFO;
    vv_plan_add_reason(planning, reason);
}

void vv_plan_check_usage(VvPlanning *planning)
{
    g_autoptr(GPtrArray) devices = devices_to_ask(planning), outside = g_ptr_array_new(),
                         reasons = g_ptr_array_new();

    check_resets(planning, outside);
    for (guint i = outside->len; i > 0; i--)
        if (g_ptr_array_find(devices, outside->pdata[i - 1], NULL))
            g_ptr_array_remove_index(outside, i - 1); /* its group is in the plan: it counts in full */
    for (guint i = 0; i < outside->len; i++)
        g_ptr_array_add(devices, outside->pdata[i]);
    vv_usage_set_leaving(planning->usage, planning->selected);
    vv_usage_collect(planning->usage, devices, USAGE_MS, reasons);
    for (guint i = 0; i < reasons->len; i++)
        add_usage(planning, reasons->pdata[i], outside);
}
