/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#include <string.h>

static void box_free(gpointer data)
{
    VvBox *box = data;

    g_clear_pointer(&box->folded, g_ptr_array_unref);
    g_ptr_array_unref(box->below);
    g_free(box->owner);
    g_free(box);
}

static VvBox *add_box(VvLayout *layout, GPtrArray *boxes)
{
    VvBox *box = g_new0(VvBox, 1);

    box->group = -1;
    box->below = g_ptr_array_new_with_free_func(box_free);
    g_ptr_array_add(boxes, box);
    g_ptr_array_add(layout->all, box);
    return box;
}

/* A VF that nobody has or wants is as good as its neighbours. */
static gboolean can_fold(const VvReport *report, const VvTreeNode *node)
{
    return node->device && node->device->is_virtual && !node->children->len &&
           !vv_report_is_claimed(vv_report_find(report, node->device->address));
}

/* How many of these are idle VFs of the same PF as the one at `first`. */
static guint count_like(const VvReport *report, const GPtrArray *nodes, guint first)
{
    const VvTreeNode *node = nodes->pdata[first];
    guint count = 0;

    for (guint i = 0; i < nodes->len; i++) {
        const VvTreeNode *other = nodes->pdata[i];
        if (!can_fold(report, other) || !vv_address_equal(other->device->parent, node->device->parent))
            continue;
        if (i < first)
            return 0;
        count++;
    }
    return count;
}

static void add_folded(VvLayout *layout, GPtrArray *boxes, const VvReport *report, const GPtrArray *nodes,
                       guint first)
{
    VvAddress parent = ((const VvTreeNode *)nodes->pdata[first])->device->parent;
    VvBox *box = add_box(layout, boxes);
    gboolean same_group = TRUE;

    box->folded = g_ptr_array_new();
    for (guint i = first; i < nodes->len; i++) {
        const VvTreeNode *node = nodes->pdata[i];
        if (!can_fold(report, node) || !vv_address_equal(node->device->parent, parent))
            continue;
        if (box->folded->len && node->device->group != box->group)
            same_group = FALSE;
        box->group = node->device->group;
        g_ptr_array_add(box->folded, (gpointer)vv_report_find(report, node->device->address));
    }
    if (!same_group)
        box->group = -1;
    box->width = VV_LEAF_WIDTH;
    box->height = VV_BOX_HEIGHT;
    layout->folded += box->folded->len;
}

/* The devices of a root bus are as near to the processor as it is. */
static int node_of(const VvReport *report, const VvTreeNode *bus)
{
    for (guint i = 0; i < bus->children->len; i++) {
        const VvTreeNode *child = bus->children->pdata[i];
        if (child->device && vv_report_find(report, child->device->address)->device->numa_node >= 0)
            return child->device->numa_node;
    }
    return -1;
}

static VvBox *add_node(VvLayout *layout, GPtrArray *boxes, const VvReport *report, const VvTreeNode *node)
{
    VvBox *box = add_box(layout, boxes);

    box->bus = node->bus;
    box->is_node = node->children->len > 0;
    box->width = node->bus ? VV_BUS_WIDTH : box->is_node ? VV_BRIDGE_WIDTH : VV_LEAF_WIDTH;
    box->height = node->bus ? VV_BUS_HEIGHT : VV_BOX_HEIGHT;
    if (!node->device) {
        box->numa_node = node_of(report, node);
        return box;
    }
    box->device = vv_report_find(report, node->device->address);
    box->group = node->device->group;
    box->owner = vv_report_owner(box->device, &box->owned_now);
    box->height += box->owner ? VV_OWNER_HEIGHT : 0;
    return box;
}

/* The depth is that of the hardware: a few bridges. Nonsense is as deep as a path name is long. */
static void add_nodes(VvLayout *layout, GPtrArray *boxes, const VvReport *report, const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++) {
        const VvTreeNode *node = nodes->pdata[i];
        guint like = can_fold(report, node) ? count_like(report, nodes, i) : 1;
        if (like > 1)
            add_folded(layout, boxes, report, nodes, i);
        if (like != 1)
            continue;
        VvBox *box = add_node(layout, boxes, report, node);
        add_nodes(layout, box->below, report, node->children);
    }
}

static gint compare_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *list_owners(const VvReport *report)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < report->devices->len; i++) {
        char *name = vv_picture_owner_name(report->devices->pdata[i]);
        if (name && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, name);
        else
            g_free(name);
    }
    g_ptr_array_sort(names, compare_text);
    return names;
}

VvLayout *vv_layout_new(const VvReport *report)
{
    VvLayout *layout = g_new0(VvLayout, 1);

    layout->roots = g_ptr_array_new_with_free_func(box_free);
    layout->all = g_ptr_array_new();
    layout->owners = list_owners(report);
    add_nodes(layout, layout->roots, report, report->tree->roots);
    return layout;
}

void vv_layout_free(VvLayout *layout)
{
    if (!layout)
        return;
    g_ptr_array_unref(layout->all);
    g_ptr_array_unref(layout->owners);
    g_ptr_array_unref(layout->roots);
    g_free(layout);
}
