/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

/* What stands first on a bus: the members of a group side by side, from where the first of them would be;
 * groups that go on with a bridge last, next to it; then the bridges. */
static guint64 order_of(const GPtrArray *boxes, const VvBox *box)
{
    guint64 leaf = G_MAXUINT32, self = 0;
    gboolean has_bridge = FALSE;

    for (guint i = 0; i < boxes->len; i++) {
        const VvBox *other = boxes->pdata[i];
        if (other == box)
            self = i;
        if (other != box && (box->group < 0 || other->group != box->group))
            continue;
        if (other->is_node)
            has_bridge = TRUE;
        else
            leaf = MIN(leaf, i);
    }
    if (box->is_node)
        return (leaf == G_MAXUINT32 ? G_GUINT64_CONSTANT(3) : 2) << 32 | self;
    return (guint64)has_bridge << 32 | leaf << 16 | self;
}

static gint compare_order(gconstpointer a, gconstpointer b, gpointer boxes)
{
    guint64 x = order_of(boxes, *(VvBox *const *)a), y = order_of(boxes, *(VvBox *const *)b);

    return x < y ? -1 : x > y;
}

void vv_layout_arrange(const GPtrArray *boxes)
{
    for (guint i = 0; i < boxes->len; i++) {
        VvBox *box = boxes->pdata[i];
        /* The order must not change while it is asked for. */
        g_autoptr(GPtrArray) before = g_ptr_array_copy(box->below, NULL, NULL);
        g_ptr_array_set_free_func(before, NULL);
        g_ptr_array_sort_with_data(box->below, compare_order, before);
        vv_layout_arrange(box->below);
    }
}
