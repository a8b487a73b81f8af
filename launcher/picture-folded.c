/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#include <string.h>

/* "5 iavf, 2 no driver": new string. */
static char *count_drivers(const GPtrArray *folded)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < folded->len; i++) {
        const char *driver = ((const VvReportDevice *)folded->pdata[i])->device->driver;
        if (!g_ptr_array_find_with_equal_func(names, driver ? driver : "no driver", g_str_equal, NULL))
            g_ptr_array_add(names, (gpointer)(driver ? driver : "no driver"));
    }
    for (guint i = 0; i < names->len; i++) {
        guint count = 0;
        for (guint j = 0; j < folded->len; j++) {
            const char *driver = ((const VvReportDevice *)folded->pdata[j])->device->driver;
            count += g_str_equal(driver ? driver : "no driver", names->pdata[i]);
        }
        if (names->len > 1)
            g_string_append_printf(text, "%s%u ", i ? ", " : "", count);
        g_string_append(text, names->pdata[i]);
    }
    return g_string_free(text, FALSE);
}

static char *count_groups(const GPtrArray *folded)
{
    int low = G_MAXINT, high = -1, none = 0;

    for (guint i = 0; i < folded->len; i++) {
        int group = ((const VvReportDevice *)folded->pdata[i])->device->group;
        none += group < 0;
        low = MIN(low, group);
        high = MAX(high, group);
    }
    if (none)
        return g_strdup(none == (int)folded->len ? "no IOMMU group" : "some without an IOMMU group");
    if (low == high)
        return g_strdup_printf("group %d", low);
    return high - low + 1 == (int)folded->len ? g_strdup_printf("groups %d to %d", low, high)
                                              : g_strdup_printf("in groups between %d and %d", low, high);
}

void vv_picture_add_folded(GString *svg, const VvBox *box)
{
    const VvReportDevice *one = box->folded->pdata[0];
    g_autofree char *parent = vv_address_dup(one->device->parent);
    g_autofree char *id = g_strdelimit(g_strdup(one->device->text), ":", '-');
    g_autofree char *count = g_strdup_printf("%u VFs", box->folded->len);
    g_autofree char *of = g_strdup_printf("of %s, idle", parent);
    g_autofree char *drivers = count_drivers(box->folded), *groups = count_groups(box->folded);
    int x = box->x + VV_STRIPE + VV_PADDING, right = box->x + box->width - VV_PADDING;

    g_string_append_printf(svg, "<g id=\"vfs-%s\" class=\"folded\">\n<title>%u idle VFs of %s:", id,
                           box->folded->len, parent);
    for (guint i = 0; i < box->folded->len; i++)
        g_string_append_printf(svg, " %s", ((const VvReportDevice *)box->folded->pdata[i])->device->text);
    g_string_append(svg, "</title>\n");
    vv_picture_add_frame(svg, box, one->device->kind, count, " stroke-dasharray=\"5 3\"");
    vv_picture_add_text(svg, of, x, box->y + 32, VV_SIZE, FALSE, right - x, VV_INK, FALSE);
    vv_picture_add_text(svg, groups, x, box->y + 45, VV_SIZE, FALSE, right - x, VV_INK, FALSE);
    vv_picture_add_text(svg, drivers, x, box->y + 61, VV_SIZE, FALSE, right - x, VV_FAINT_INK, FALSE);
    g_string_append(svg, "</g>\n");
}
