/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/acs-internal.h"
#include "vfio/group.h"
#include "vfio/siblings.h"

#include <string.h>

/* Why a group is as it is. What the kernel decided is the group; the registers only say whose fault it was.
 */

static void cause_free(gpointer data)
{
    VvGroupCause *cause = data;

    g_free(cause->detail);
    g_free(cause);
}

void vv_group_view_free(VvGroupView *view)
{
    if (!view)
        return;
    g_ptr_array_unref(view->why);
    g_ptr_array_unref(view->help);
    g_free(view);
}

static VvGroupCause *G_GNUC_PRINTF(4, 5)
    add_cause(VvGroupView *view, const VvDevice *device, const char *code, const char *format, ...)
{
    VvGroupCause *cause = g_new0(VvGroupCause, 1);
    va_list arguments;

    cause->device = device;
    cause->code = code;
    va_start(arguments, format);
    cause->detail = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(view->why, cause);
    return cause;
}

const VvDevice *vv_acs_above(const VvHost *host, const VvDevice *device)
{
    VvAddress address;

    return vv_bus_bridge(host, device, &address) ? vv_host_find(host, address) : NULL;
}

gboolean vv_acs_is_bridge(const VvDevice *device)
{
    return device->class_code >> 8 == 0x0604;
}

/* Somebody would miss it: what people pass through, and whatever has a driver. */
gboolean vv_acs_counts(const VvDevice *device)
{
    if (device->kind == VV_KIND_BRIDGE)
        return FALSE;
    return device->kind != VV_KIND_OTHER || (device->driver && !vv_driver_may_stay(device->driver));
}

/* A graphics card with its sound, USB and the like is one card, and goes as one. */
static gboolean is_one_card(const VvHost *host, const GPtrArray *members)
{
    const VvDevice *first = NULL;
    gboolean graphics = FALSE;

    for (guint i = 0; i < members->len; i++) {
        const VvDevice *member = members->pdata[i];
        if (!vv_acs_counts(member))
            continue;
        if (first && !vv_address_same_slot(first->address, member->address))
            return FALSE;
        first = first ? first : member;
        graphics |= member->kind == VV_KIND_GPU;
    }
    return graphics && vv_acs_above(host, first);
}

static gboolean is_too_large(const VvHost *host, const GPtrArray *members)
{
    guint count = 0;

    for (guint i = 0; i < members->len; i++)
        count += vv_acs_counts(members->pdata[i]) ? 1 : 0;
    return count > 1 && !is_one_card(host, members);
}

/* Built into the chipset: on Intel from slot 10 of the root bus on, on AMD the switch and the functions of
 * the "Promontory" chips, 1022:43xx, and slot 14. */
static gboolean is_chipset(const VvHost *host, const VvDevice *device)
{
    gboolean on_root = !vv_acs_above(host, device);

    if (device->vendor == 0x8086)
        return on_root && device->address.bus == 0 && device->address.slot >= 0x10;
    return device->vendor == 0x1022 && (on_root ? device->address.slot == 0x14 : device->device >> 8 == 0x43);
}

static const char *name_port(const VvHost *host, const VvDevice *port, VvPortType type)
{
    if (type == VV_PORT_PCIE_TO_PCI)
        return "the PCIe-to-PCI bridge";
    if (type == VV_PORT_ROOT)
        return "the root port";
    if (type == VV_PORT_UPSTREAM)
        return "the switch";
    if (type == VV_PORT_DOWNSTREAM)
        return "the switch's port";
    return vv_acs_above(host, port) ? "the bridge" : "the port on the root bus";
}

/* `top`: nothing above it is in the group, so it is itself what does not isolate. */
static void explain_port(VvGroupView *view, const VvHost *host, const VvDevice *port, gboolean top)
{
    VvPortType type;
    VvAcsState state = vv_acs_read(vv_host_sysfs(host), port, &type);
    const char *name = name_port(host, port, type);
    gboolean chipset = is_chipset(host, port);
    const char *lacks = chipset ? "chipset" : "no-acs", *part = chipset ? ", a part of the chipset," : "";

    if (type == VV_PORT_PCIE_TO_PCI || type == VV_PORT_CONVENTIONAL)
        add_cause(view, port, "pci-bridge",
                  "%s %s: conventional PCI devices behind it cannot be told apart by the IOMMU", name,
                  port->text);
    else if (state == VV_ACS_NONE)
        add_cause(view, port, lacks, "%s %s%s has no ACS: all behind it is one group with it", name,
                  port->text, part);
    else if (state == VV_ACS_OFF)
        add_cause(view, port, "acs-off", "%s %s%s has ACS, and it is switched off", name, port->text, part);
    else if (state == VV_ACS_CLOSED && top)
        add_cause(view, port, lacks,
                  "%s %s%s does not isolate what is behind it: it has no ACS, or it is off", name, port->text,
                  part)
            ->closed = TRUE;
}

static gboolean is_member(const VvGroupView *view, const VvDevice *device)
{
    return device && device->group == view->id;
}

static void explain_ports(VvGroupView *view, const VvHost *host)
{
    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *port = view->members->pdata[i];
        if (vv_acs_is_bridge(port))
            explain_port(view, host, port, !is_member(view, vv_acs_above(host, port)));
    }
}

/* The functions of the group in the slot of `first`, as "0000:01:00.0, 0000:01:00.1". */
static char *slot_text(const VvGroupView *view, const VvDevice *first, guint *ret_count)
{
    GString *text = g_string_new(NULL);

    *ret_count = 0;
    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        if (vv_address_same_slot(member->address, first->address))
            g_string_append_printf(text, "%s%s", (*ret_count)++ ? ", " : "", member->text);
    }
    return g_string_free(text, FALSE);
}

/* A function that does isolate shares no group with its neighbours; those that share one all do not. */
static void explain_slots(VvGroupView *view, const VvHost *host)
{
    const VvDevice *last = NULL;

    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        const VvDevice *above = vv_acs_above(host, member);
        guint count;
        if ((last && vv_address_same_slot(last->address, member->address)) || is_member(view, above))
            continue;
        last = member;
        g_autofree char *functions = slot_text(view, member, &count);
        if (count < 2)
            continue;
        if (is_chipset(host, member))
            add_cause(view, member, "chipset",
                      "%s are functions of one chipset device, with no ACS between them", functions);
        else
            add_cause(view, member, "multifunction",
                      "%s are functions of one device, with no ACS between them%s%s", functions,
                      above ? "; not for lack of it in the port above, " : "", above ? above->text : "");
    }
}

/* Its drives are in a segment of their own, and do DMA under its address (drivers/pci/pci.c,
 * pci_real_dma_dev). */
static const VvDevice *find_vmd(const VvGroupView *view)
{
    const VvDevice *vmd = NULL;
    gboolean others = FALSE;

    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        if (member->vendor == 0x8086 && member->class_code >> 8 == 0x0104)
            vmd = member;
        others |= member->address.segment >= 0x10000;
    }
    return others ? vmd : NULL;
}

static void explain(VvGroupView *view, const VvHost *host)
{
    const VvDevice *vmd = find_vmd(view);

    if (vmd) {
        add_cause(view, vmd, "vmd", "Intel VMD %s has the drives behind it do DMA under its own address",
                  vmd->text);
        return;
    }
    explain_ports(view, host);
    explain_slots(view, host);
    if (!view->why->len)
        add_cause(view, view->members->pdata[0], "alias",
                  "nothing in the device tree says why: the kernel may know that they use one another's "
                  "address for "
                  "DMA (drivers/pci/quirks.c), or the IOMMU cannot tell them apart");
}

VvGroupView *vv_group_view(VvHost *host, int group)
{
    VvGroupView *view = g_new0(VvGroupView, 1);

    view->id = group;
    view->members = vv_host_group_members(host, group);
    view->viable = vv_host_group_viable(host, group, NULL, &view->culprit);
    view->too_large = view->members && is_too_large(host, view->members);
    view->why = g_ptr_array_new_with_free_func(cause_free);
    view->help = g_ptr_array_new_with_free_func(g_free);
    if (!view->too_large)
        return view;
    explain(view, host);
    vv_acs_add_help(host, view);
    return view;
}
