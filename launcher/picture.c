/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#include "launcher/present.h"

#define MARGIN 24
#define LEAST_WIDTH 760
/* Above the tree: the title, and a line below it. */
#define HEADER 62

static void add_line(GString *svg, int x1, int y1, int x2, int y2)
{
    g_string_append_printf(svg, "<path d=\"M%d %dL%d %d\"/>\n", x1, y1, x2, y2);
}

/* One line down for all boxes that hang on it, from as high as it must to as deep. */
static void add_trunk(GString *svg, const VvBox *box, guint from)
{
    const VvBox *first = box->below->pdata[from];
    int top = first->on_rail ? first->rail : box->y + VV_WIRE, bottom = top;

    for (guint i = from; i < box->below->len; i++) {
        const VvBox *other = box->below->pdata[i];
        if (other->beside)
            continue;
        if (other->on_rail && !first->on_rail)
            top = MIN(top, other->rail);
        if (other->trunk != first->trunk)
            continue;
        top = MIN(top, other->y + VV_WIRE);
        bottom = MAX(bottom, other->y + VV_WIRE);
    }
    add_line(svg, first->trunk, top, first->trunk, bottom);
}

void vv_picture_add_wires(GString *svg, const VvBox *box)
{
    int trunk = box->below->len ? ((const VvBox *)box->below->pdata[0])->trunk : 0;
    GHashTable *seen = g_hash_table_new(NULL, NULL);

    if (box->below->len)
        add_line(svg, box->x + box->width, box->y + VV_WIRE, trunk, box->y + VV_WIRE);
    for (guint i = 0; i < box->below->len; i++) {
        const VvBox *other = box->below->pdata[i];
        int from = other->beside ? other->beside->x + other->beside->width : other->trunk;
        add_line(svg, from, other->y + VV_WIRE, other->x, other->y + VV_WIRE);
        if (!other->beside && g_hash_table_add(seen, GINT_TO_POINTER(other->trunk))) {
            add_trunk(svg, box, i);
            if (other->on_rail)
                add_line(svg, trunk, other->rail, other->trunk, other->rail);
        }
        vv_picture_add_wires(svg, other);
    }
    g_hash_table_unref(seen);
}

static void add_header(GString *svg, const VvReport *report, const VvLayout *layout, int width)
{
    const VvMachine *machine = report->machine;
    g_autofree char *title =
        g_strconcat("PCI devices of ", machine->name ? machine->name : "this host", NULL);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    char functions[40], groups[40];

    g_ptr_array_add(words, g_strdup(vv_count(report->devices->len, "function", functions)));
    if (layout->folded)
        g_ptr_array_add(words, g_strdup_printf("%u of them idle VFs", layout->folded));
    g_ptr_array_add(words, g_strdup(vv_count(vv_host_groups(report->host)->len, "IOMMU group", groups)));
    if (machine->product || machine->board)
        g_ptr_array_add(words, g_strdup(machine->product ? machine->product : machine->board));
    if (machine->kernel)
        g_ptr_array_add(words, g_strconcat("Linux ", machine->kernel, NULL));
    g_ptr_array_add(words, g_strdup(report->date));
    g_ptr_array_add(words, NULL);
    g_autofree char *line = g_strjoinv(" · ", (char **)words->pdata);
    vv_picture_add_text(svg, title, MARGIN, 34, 20, TRUE, width - 2 * MARGIN, VV_INK, FALSE);
    vv_picture_add_text(svg, line, MARGIN, 53, 12, FALSE, width - 2 * MARGIN, VV_FAINT_INK, FALSE);
}

static void add_start(GString *svg, const VvReport *report, int width, int height)
{
    g_autofree char *clean = vv_report_clean(report->machine->name ? report->machine->name : "this host");
    g_autofree char *name = g_markup_escape_text(clean, -1);

    g_string_append_printf(
        svg,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n"
        "<title>PCI devices of %s</title>\n"
        "<desc>The PCI tree from the root buses on the left to the devices on the right, with "
        "IOMMU groups as bands, and drivers and owners in the boxes. %s</desc>\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
        width, height, width, height, name, report->date, width, height);
}

static void add_tree(GString *svg, const VvLayout *layout)
{
    g_string_append_printf(svg, "<g transform=\"translate(%d,%d)\">\n", MARGIN, HEADER);
    vv_picture_add_bands(svg, layout);
    g_string_append(svg, "<g fill=\"none\" stroke=\"" VV_INK "\" stroke-width=\"1.2\">\n");
    for (guint i = 0; i < layout->roots->len; i++)
        vv_picture_add_wires(svg, layout->roots->pdata[i]);
    g_string_append(svg, "</g>\n");
    for (guint i = 0; i < layout->all->len; i++)
        vv_picture_add_box(svg, layout, layout->all->pdata[i]);
    g_string_append(svg, "</g>\n");
}

char *vv_picture_draw(const VvReport *report)
{
    g_autoptr(VvLayout) layout = vv_layout_new(report);
    g_autoptr(GString) body = g_string_new(NULL), legend = g_string_new(NULL);
    GString *svg = g_string_new(NULL);

    vv_layout_place(layout);
    int width = MAX(layout->width + 2 * MARGIN, LEAST_WIDTH);
    int height = HEADER + layout->height;
    add_header(body, report, layout, width);
    add_tree(body, layout);
    g_string_append_printf(body, "<g id=\"legend\" transform=\"translate(%d,0)\">\n", MARGIN);
    height += vv_picture_add_legend(body, report, layout, height + 12, width - 2 * MARGIN) + 12;
    g_string_append(body, "</g>\n");
    add_start(svg, report, width, height + MARGIN);
    g_string_append_len(svg, body->str, (gssize)body->len);
    g_string_append(svg, "</svg>\n");
    return g_string_free(svg, FALSE);
}
