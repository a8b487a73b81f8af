/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

char *vv_picture_owner_name(const VvReportDevice *device)
{
    if (device->entry && device->entry->owner_name)
        return g_strdup(device->entry->owner_name);
    if (device->entry)
        return g_strdup("taken by hand");
    for (guint i = 0; i < device->users->len; i++)
        if (g_array_index(device->users, VvReportUser, i).on)
            return g_strdup(g_array_index(device->users, VvReportUser, i).domain->name);
    return device->users->len ? g_strdup(g_array_index(device->users, VvReportUser, 0).domain->name) : NULL;
}

static void add_detail(GString *title, const char *name, const char *value)
{
    g_autofree char *clean = value ? vv_report_clean(value) : NULL;
    g_autofree char *escaped = clean ? g_markup_escape_text(clean, -1) : NULL;

    if (escaped)
        g_string_append_printf(title, "\n%s: %s", name, escaped);
}

void vv_picture_add_title(GString *svg, const VvReportDevice *reported)
{
    const VvDevice *device = reported->device;
    g_autofree char *name = vv_report_clean(reported->name), *escaped = g_markup_escape_text(name, -1);
    g_autofree char *ids = vv_device_ids(device), *mark = vv_identity_mark(reported->identity);
    g_autofree char *group = device->group < 0 ? g_strdup("none") : g_strdup_printf("%d", device->group);
    g_autofree char *node = device->numa_node < 0 ? NULL : g_strdup_printf("%d", device->numa_node);
    g_autofree char *link = vv_report_link(reported->place);
    g_autofree char *virtual_of = device->is_virtual ? vv_address_dup(device->parent) : NULL;
    g_autofree char *vfs =
        device->has_sriov ? g_strdup_printf("%u of %u", device->sriov_current, device->sriov_total) : NULL;
    gboolean now;
    g_autofree char *owner = vv_report_owner(reported, &now);

    g_string_append_printf(svg, "<title>%s %s: %s", device->text, vv_kind_name(device->kind), escaped);
    add_detail(svg, "ids", ids);
    add_detail(svg, "IOMMU group", group);
    add_detail(svg, "driver", device->driver ? device->driver : "none");
    add_detail(svg, now ? "in use by" : "meant for", owner);
    add_detail(svg, "slot", reported->place->slot);
    add_detail(svg, "label", reported->place->label);
    add_detail(svg, "link", link);
    add_detail(svg, "NUMA node", node);
    add_detail(svg, "VF of", virtual_of);
    add_detail(svg, "VFs", vfs);
    add_detail(svg, "identity", device->is_virtual ? NULL : mark);
    g_string_append(svg, "</title>\n");
}
