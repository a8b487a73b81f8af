/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/list-groups.h"

#include "launcher/json.h"
#include "launcher/present.h"
#include "vfio/acs.h"
#include "vfio/siblings.h"

#include <string.h>

static gboolean has_kind(const VvGroupView *view, const char *kind)
{
    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        if (!kind || strcmp(kind, vv_kind_name(member->kind)) == 0)
            return TRUE;
    }
    return FALSE;
}

static void add_view(json_object *object, const VvGroupView *view)
{
    json_object *why = json_object_new_array(), *help = json_object_new_array();

    for (guint i = 0; i < view->why->len; i++) {
        const VvGroupCause *cause = view->why->pdata[i];
        json_object *one = json_object_new_object();
        json_object_object_add(one, "address", vv_json_text(cause->device->text));
        json_object_object_add(one, "code", vv_json_text(cause->code));
        json_object_object_add(one, "detail", vv_json_text(cause->detail));
        json_object_array_add(why, one);
    }
    for (guint i = 0; i < view->help->len; i++)
        json_object_array_add(help, vv_json_text(view->help->pdata[i]));
    json_object_object_add(object, "too_large", json_object_new_boolean(view->too_large));
    json_object_object_add(object, "why", why);
    json_object_object_add(object, "help", help);
}

/* The groups of `list`, and more of each. */
static void print_json(VvContext *context, const char *kind)
{
    json_object *object = json_object_new_object(), *array = json_object_new_array();
    json_object *groups = vv_json_groups(context->host);

    for (gsize i = 0; i < json_object_array_length(groups); i++) {
        json_object *group = json_object_array_get_idx(groups, i), *id = NULL;
        json_object_object_get_ex(group, "id", &id);
        g_autoptr(VvGroupView) view = vv_group_view(context->host, json_object_get_int(id));
        if (!has_kind(view, kind))
            continue;
        add_view(group, view);
        json_object_array_add(array, json_object_get(group));
    }
    json_object_put(groups);
    json_object_object_add(object, "groups", array);
    vv_json_print(object);
}

static const VvDevice *above_in_group(const VvHost *host, const VvDevice *device)
{
    VvAddress address;
    const VvDevice *above = vv_bus_bridge(host, device, &address) ? vv_host_find(host, address) : NULL;

    return above && above->group == device->group ? above : NULL;
}

static void add_member(VvContext *context, struct libscols_table *table, const VvDevice *member, int depth)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    g_autofree char *place = g_strdup_printf("%*s%s", 2 + 2 * depth, "", member->text);
    g_autofree char *name = g_strdup_printf("%s [%04x:%04x]", vv_host_device_name(context->host, member),
                                            member->vendor, member->device);

    scols_line_set_data(line, 0, place);
    scols_line_set_data(line, 1, vv_kind_name(member->kind));
    scols_line_set_data(line, 2, member->driver ? member->driver : "-");
    scols_line_set_data(line, 3, name);
}

/* Those right behind `above`, each with what is behind it. */
static void add_members(VvContext *context, struct libscols_table *table, const VvGroupView *view,
                        const VvDevice *above, int depth)
{
    for (guint i = 0; i < view->members->len; i++) {
        const VvDevice *member = view->members->pdata[i];
        if (above_in_group(context->host, member) != above)
            continue;
        add_member(context, table, member, depth);
        add_members(context, table, view, member, depth + 1);
    }
}

static void print_members(VvContext *context, const VvGroupView *view)
{
    struct libscols_table *table = vv_new_table(stdout);

    for (guint i = 0; i < 4; i++)
        scols_table_new_column(table, "", 0, i == 3 ? SCOLS_FL_TRUNC : 0);
    scols_table_enable_noheadings(table, 1);
    add_members(context, table, view, NULL, 0);
    scols_print_table(table);
    scols_unref_table(table);
}

static void print_advice(const VvGroupView *view)
{
    gboolean closed = FALSE;

    printf("  It is too large to take one device out of it:\n");
    for (guint i = 0; i < view->why->len; i++) {
        const VvGroupCause *cause = view->why->pdata[i];
        closed |= cause->closed;
        printf("    - %s\n", cause->detail);
    }
    if (closed)
        printf("    (as root this program reads the ports' registers, and knows more)\n");
    printf("  What can help:\n");
    for (guint i = 0; i < view->help->len; i++)
        printf("    %u. %s\n", i + 1, (const char *)view->help->pdata[i]);
}

static void print_group(VvContext *context, const VvGroupView *view)
{
    if (view->viable)
        printf("Group %d: no host driver is in the way\n", view->id);
    else
        printf("Group %d: this host uses %s (%s)\n", view->id, view->culprit->text, view->culprit->driver);
    print_members(context, view);
    if (view->too_large)
        print_advice(view);
}

static void print_text(VvContext *context, const char *kind)
{
    const GArray *groups = vv_host_groups(context->host);

    if (!groups->len)
        printf("There are no IOMMU groups: the IOMMU is off. 'virt-vfio check' says why.\n");
    for (guint i = 0, shown = 0; i < groups->len; i++) {
        g_autoptr(VvGroupView) view = vv_group_view(context->host, g_array_index(groups, int, i));
        if (!has_kind(view, kind))
            continue;
        if (shown++)
            printf("\n");
        print_group(context, view);
    }
}

void vv_list_groups(VvContext *context, const char *kind)
{
    if (context->json)
        print_json(context, kind);
    else
        print_text(context, kind);
}
