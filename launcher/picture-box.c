/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#include <string.h>

/* After Okabe and Ito, "Color Universal Design": told apart with every kind of colour vision. Their names
 * stand in the boxes as well. The tints are the same, mixed with white. */
static const struct {
    const char *colour, *tint;
} kinds[] = {
    [VV_KIND_GPU] = {"#d55e00", "#fbeadd"},   [VV_KIND_AUDIO] = {"#cc79a7", "#f9edf4"},
    [VV_KIND_NIC] = {"#0072b2", "#ddecf6"},   [VV_KIND_USB] = {"#f0e442", "#fdfbdd"},
    [VV_KIND_HBA] = {"#e69f00", "#fcf1d9"},   [VV_KIND_NVME] = {"#009e73", "#dbf2eb"},
    [VV_KIND_OTHER] = {"#56b4e9", "#e6f4fc"}, [VV_KIND_BRIDGE] = {"#6e6e6e", "#ffffff"},
};

const char *vv_picture_kind_colour(VvKind kind)
{
    return kinds[kind].colour;
}

const char *vv_picture_kind_tint(VvKind kind)
{
    return kinds[kind].tint;
}

/* All dark enough for white text (WCAG 2.1, 1.4.6: more than 7:1). */
const char *vv_picture_owner_colour(const VvLayout *layout, const char *owner)
{
    static const char *const colours[] = {"#0b3c5d", "#6a2c00", "#004b23", "#5f0f40", "#3c096c"};
    guint index = 0;

    if (g_ptr_array_find_with_equal_func(layout->owners, owner, g_str_equal, &index))
        return colours[index % G_N_ELEMENTS(colours)];
    return VV_INK;
}

void vv_picture_add_text(GString *svg, const char *text, double x, double y, double size, gboolean bold,
                         double width, const char *colour, gboolean end)
{
    g_autofree char *clean = vv_report_clean(text);
    g_autofree char *shown = vv_picture_fit(clean, size, bold, width);
    g_autofree char *escaped = g_markup_escape_text(shown, -1);

    if (*shown)
        g_string_append_printf(svg, "<text x=\"%g\" y=\"%g\" font-size=\"%g\"%s%s fill=\"%s\">%s</text>\n", x,
                               y, size, bold ? " font-weight=\"bold\"" : "",
                               end ? " text-anchor=\"end\"" : "", colour, escaped);
}

/* The maker's legal form says nothing to anybody who looks for a card. */
static char *short_name(const char *name)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        {"Advanced Micro Devices, Inc. [AMD/ATI]", "AMD"},
        {"Advanced Micro Devices, Inc. [AMD]", "AMD"},
        {" Semiconductor Co., Ltd.", ""},
        {" Electronics Co Ltd", ""},
        {" Technologies", ""},
        {" Corporation", ""},
        {" Co., Ltd.", ""},
        {" Co Ltd", ""},
        {", Inc.", ""},
        {" Inc.", ""},
        {" Ltd.", ""},
    };
    GString *text = g_string_new(name);

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_string_replace(text, words[i].from, words[i].to, 1);
    return g_string_free(text, FALSE);
}

void vv_picture_add_frame(GString *svg, const VvBox *box, VvKind kind, const char *heading, const char *dash)
{
    int x = box->x + VV_STRIPE + VV_PADDING, right = box->x + box->width - VV_PADDING;
    const char *name = vv_kind_name(kind);
    double name_width = vv_picture_text_width(name, VV_SIZE, TRUE);

    g_string_append_printf(svg,
                           "<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                           "stroke=\"" VV_INK "\"%s/>\n",
                           box->x, box->y, box->width, box->height, kinds[kind].tint, dash);
    g_string_append_printf(svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", box->x,
                           box->y, VV_STRIPE, VV_BOX_HEIGHT, kinds[kind].colour);
    vv_picture_add_text(svg, heading, x, box->y + 16, 12, TRUE, right - x - name_width - 6, VV_INK, FALSE);
    vv_picture_add_text(svg, name, right, box->y + 16, VV_SIZE, TRUE, name_width, VV_INK, TRUE);
}

static void add_bus(GString *svg, const VvBox *box)
{
    g_autofree char *id = g_strdelimit(g_strdup(box->bus), ":", '-');
    g_autofree char *node =
        box->numa_node < 0 ? g_strdup("") : g_strdup_printf("NUMA node %d", box->numa_node);

    g_string_append_printf(svg, "<g id=\"bus-%s\" class=\"bus\">\n<title>PCI root bus %s</title>\n", id,
                           box->bus);
    g_string_append_printf(svg,
                           "<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" "
                           "fill=\"#ffffff\" stroke=\"" VV_INK "\"/>\n",
                           box->x, box->y, box->width, box->height);
    vv_picture_add_text(svg, "root bus", box->x + VV_PADDING, box->y + 16, 10, FALSE,
                        box->width - 2 * VV_PADDING, VV_FAINT_INK, FALSE);
    vv_picture_add_text(svg, box->bus, box->x + VV_PADDING, box->y + 31, 12, TRUE,
                        box->width - 2 * VV_PADDING, VV_INK, FALSE);
    vv_picture_add_text(svg, node, box->x + VV_PADDING, box->y + 46, 10, FALSE, box->width - 2 * VV_PADDING,
                        VV_FAINT_INK, FALSE);
    g_string_append(svg, "</g>\n");
}

/* Filled for who has it now, in outline for who would get it. */
static void add_owner(GString *svg, const VvLayout *layout, const VvBox *box)
{
    g_autofree char *name = vv_picture_owner_name(box->device);
    const char *colour = vv_picture_owner_colour(layout, name);
    int top = box->y + box->height - VV_OWNER_HEIGHT;

    g_string_append_printf(
        svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"%s\"/>\n", box->x, top,
        box->width, VV_OWNER_HEIGHT, box->owned_now ? colour : "#ffffff", colour);
    vv_picture_add_text(svg, box->owner, box->x + VV_PADDING, top + 14, VV_SIZE, TRUE,
                        box->width - 2 * VV_PADDING, box->owned_now ? "#ffffff" : colour, FALSE);
}

/* The driver, and the slot to its right. */
static void add_driver(GString *svg, const VvReportDevice *reported, int x, int y, int right)
{
    const VvDevice *device = reported->device;
    g_autofree char *slot = reported->place->slot ? g_strdup_printf("slot %s", reported->place->slot) : NULL;
    double width = right - x, slot_width = 0;
    gboolean is_vfio = vv_driver_is_vfio(device->driver);

    if (slot) {
        vv_picture_add_text(svg, slot, right, y, 10, FALSE, width / 2 - 4, VV_FAINT_INK, TRUE);
        slot_width = MIN(vv_picture_text_width(slot, 10, FALSE) + 8, width / 2);
    }
    vv_picture_add_text(svg, device->driver ? device->driver : "no driver", x, y, VV_SIZE, is_vfio,
                        width - slot_width, is_vfio ? "#003a7d" : VV_FAINT_INK, FALSE);
}

static void add_device(GString *svg, const VvLayout *layout, const VvBox *box)
{
    const VvReportDevice *reported = box->device;
    const VvDevice *device = reported->device;
    g_autofree char *id = g_strdelimit(g_strdup(device->text), ":", '-');
    g_autofree char *name = vv_report_clean(reported->name), *brief = short_name(name);
    g_autofree char *first = NULL, *second = NULL;
    int x = box->x + VV_STRIPE + VV_PADDING, right = box->x + box->width - VV_PADDING;

    vv_picture_wrap(brief, VV_SIZE, right - x, &first, &second);
    g_string_append_printf(svg, "<g id=\"pci-%s\" class=\"device\">\n", id);
    vv_picture_add_title(svg, reported);
    vv_picture_add_frame(svg, box, device->kind, device->text, "");
    vv_picture_add_text(svg, first, x, box->y + 32, VV_SIZE, FALSE, right - x, VV_INK, FALSE);
    vv_picture_add_text(svg, second, x, box->y + 45, VV_SIZE, FALSE, right - x, VV_INK, FALSE);
    add_driver(svg, reported, x, box->y + 61, right);
    if (box->owner)
        add_owner(svg, layout, box);
    g_string_append(svg, "</g>\n");
}

void vv_picture_add_box(GString *svg, const VvLayout *layout, const VvBox *box)
{
    if (box->bus)
        add_bus(svg, box);
    else if (box->folded)
        vv_picture_add_folded(svg, box);
    else
        add_device(svg, layout, box);
}
