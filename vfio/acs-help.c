/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/acs-internal.h"
#include "vfio/group.h"

#include <string.h>

/* What can be done about a group, what costs least first. */

static gboolean has_cause(const VvGroupView *view, const char *code)
{
    for (guint i = 0; i < view->why->len; i++)
        if (strcmp(((const VvGroupCause *)view->why->pdata[i])->code, code) == 0)
            return TRUE;
    return FALSE;
}

/* Is a port or switch at fault, which firmware may have left without ACS? */
static gboolean is_port_at_fault(const VvGroupView *view)
{
    for (guint i = 0; i < view->why->len; i++) {
        const VvGroupCause *cause = view->why->pdata[i];
        if (vv_acs_is_bridge(cause->device) && strcmp(cause->code, "pci-bridge") != 0)
            return TRUE;
    }
    return FALSE;
}

static void G_GNUC_PRINTF(2, 3) add(VvGroupView *view, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(view->help, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* What is soldered to the root bus or the chipset stays there; a card is behind a port. */
static const VvDevice *movable_card(const VvHost *host, const VvGroupView *view)
{
    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        const VvDevice *above = vv_acs_above(host, member);
        if (vv_acs_counts(member) && above && (member->device >> 8 != 0x43 || member->vendor != 0x1022))
            return member;
    }
    return NULL;
}

typedef enum { SLOT_NO, SLOT_USED, SLOT_FREE } SlotUse;

/* What is right behind a bridge, of all bridges (GPtrArray of VvDevice *): each place in the tree is looked
 * up once. */
static GHashTable *find_children(const VvHost *host)
{
    const GPtrArray *devices = vv_host_devices(host);
    GHashTable *children = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *above = vv_acs_above(host, devices->pdata[i]);
        GPtrArray *list = above ? g_hash_table_lookup(children, above) : NULL;
        if (above && !list) {
            list = g_ptr_array_new();
            g_hash_table_insert(children, (gpointer)above, list);
        }
        if (list)
            g_ptr_array_add(list, devices->pdata[i]);
    }
    return children;
}

/* A port of the root bus that isolates what is behind it: seen by the groups where something is there, else
 * by its registers. */
static SlotUse judge_slot(const VvHost *host, const VvGroupView *view, const VvDevice *port,
                          GHashTable *children)
{
    const GPtrArray *behind = g_hash_table_lookup(children, port);
    const GPtrArray *members = vv_host_group_members(host, port->group);
    VvPortType type;

    if (!vv_acs_is_bridge(port) || !members || port->group == view->id || vv_acs_above(host, port))
        return SLOT_NO;
    for (guint i = 0; i < members->len; i++)
        if (!vv_acs_is_bridge(members->pdata[i]))
            return SLOT_NO;
    for (guint i = 0; behind && i < behind->len; i++) {
        const VvDevice *device = behind->pdata[i];
        /* Functions of the chipset or the processor, or the very group that is to become smaller. */
        if (device->group == view->id || device->kind == VV_KIND_OTHER)
            return SLOT_NO;
    }
    if (behind)
        return SLOT_USED;
    return vv_acs_read(vv_host_sysfs(host), port, &type) == VV_ACS_ISOLATES ? SLOT_FREE : SLOT_NO;
}

static void help_slot(const VvHost *host, VvGroupView *view)
{
    const GPtrArray *devices = vv_host_devices(host);
    g_autoptr(GHashTable) children = find_children(host);
    const VvDevice *used = NULL, *free_port = NULL;

    if (!movable_card(host, view))
        return;
    for (guint i = 0; i < devices->len; i++) {
        SlotUse use = judge_slot(host, view, devices->pdata[i], children);
        if (use == SLOT_FREE && !free_port)
            free_port = devices->pdata[i];
        if (use == SLOT_USED && !used)
            used = devices->pdata[i];
    }
    if (free_port)
        add(view,
            "another slot: nothing is behind the port %s, and it isolates; a card there gets a group of its "
            "own",
            free_port->text);
    else if (used)
        add(view,
            "another slot: the port %s isolates what is behind it; if a card can be changed for the one "
            "there, it gets "
            "a group of its own",
            used->text);
    else
        add(view, "another slot, if the board has one that the processor serves by itself: its manual says");
}

static void help_firmware(VvGroupView *view)
{
    if (is_port_at_fault(view))
        add(view, "the firmware's setup: look for 'ACS Enable', and for 'AER' which it may need, switch both "
                  "on, then "
                  "reboot and look here again; a newer firmware may bring them");
}

static void help_whole(const VvHost *host, VvGroupView *view)
{
    g_autoptr(GString) words = g_string_new("virt-vfio plan"), lost = g_string_new(NULL);
    const VvDevice *one = movable_card(host, view);

    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        if (member->kind == VV_KIND_BRIDGE)
            continue;
        if (!one && vv_acs_counts(member))
            one = member;
        g_string_append_printf(words, " %s", member->text);
        if (member->driver && !vv_driver_may_stay(member->driver))
            g_string_append_printf(lost, "%s%s (%s, %s)", lost->len ? ", " : "", member->text,
                                   vv_kind_name(member->kind), member->driver);
    }
    add(view, "hand over the whole group: %s%s%s", words->str,
        lost->len ? "; this host then has no use of " : "", lost->str);
    add(view,
        "or one of its devices, with the others held back from this host and used by nobody, as: virt-vfio "
        "plan "
        "%s --allow group-shared=%s",
        one->text, one->text);
}

static void help_override(const VvHost *host, VvGroupView *view)
{
    static const char risk[] =
        "devices that it separates can still write to each other behind the IOMMU's back, so a "
        "guest may reach what this host or another guest does with them";

    /* Conventional PCI is never overridden, and what is built into a chipset is mostly that. */
    if (has_cause(view, "pci-bridge") || !(is_port_at_fault(view) || has_cause(view, "multifunction")))
        return;
    switch (vv_acs_override(vv_host_sysfs(host))) {
    case VV_ACS_OVERRIDE_ABSENT:
        return;
    case VV_ACS_OVERRIDE_ACTIVE:
        add(view, "the ACS override is on already, and does not reach this group; where it does, %s", risk);
        return;
    case VV_ACS_OVERRIDE_LIKELY:
        add(view,
            "last and at your own risk, the ACS override (pcie_acs_override=downstream,multifunction), which "
            "kernels of this name usually have: %s",
            risk);
        return;
    default:
        add(view,
            "last and at your own risk, the ACS override (pcie_acs_override=downstream,multifunction), if "
            "this "
            "kernel has that patch, which cannot be seen and most have not: %s",
            risk);
    }
}

static void help_vmd(VvGroupView *view)
{
    const VvGroupCause *cause = view->why->pdata[0];

    add(view, "the firmware's setup: switch VMD off for these slots; the drives are then plain NVMe with "
              "groups of their "
              "own, at other addresses (not where a RAID of Intel's is on them)");
    add(view,
        "hand over VMD with all drives behind it, which this host then has no use of: virt-vfio plan %s",
        cause->device->text);
}

void vv_acs_add_help(VvHost *host, VvGroupView *view)
{
    if (has_cause(view, "vmd")) {
        help_vmd(view);
        return;
    }
    help_slot(host, view);
    help_firmware(view);
    help_whole(host, view);
    help_override(host, view);
}
