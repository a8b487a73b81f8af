/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#define SIZE 11
#define SWATCH 22
#define ROW 22
#define SPACE 24
/* Who has something is in the boxes as well: no need for a list as long as the picture. */
#define MOST_OWNERS 12

/* Where the next entry goes. */
typedef struct {
    GString *svg;
    int x, y, width;
} Pen;

static void new_row(Pen *pen)
{
    if (pen->x) {
        pen->x = 0;
        pen->y += ROW;
    }
}

/* A swatch (a <rect> without its place and size) with its meaning. */
static void add_entry(Pen *pen, const char *style, const char *meaning)
{
    g_autofree char *clean = vv_report_clean(meaning);
    double room = pen->width - SWATCH - 6;
    g_autofree char *shown = vv_picture_fit(clean, SIZE, FALSE, room);
    int needed = SWATCH + 6 + (int)vv_picture_text_width(shown, SIZE, FALSE) + 1;

    if (pen->x && pen->x + needed > pen->width)
        new_row(pen);
    if (style)
        g_string_append_printf(pen->svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\" %s/>\n", pen->x,
                               pen->y + 2, SWATCH, style);
    vv_picture_add_text(pen->svg, shown, pen->x + (style ? SWATCH + 6 : 0), pen->y + 13, SIZE, FALSE, room,
                        VV_INK, FALSE);
    pen->x += needed + SPACE;
}

static void add_kinds(Pen *pen, const VvReport *report)
{
    for (VvKind kind = VV_KIND_GPU; kind <= VV_KIND_BRIDGE; kind++) {
        gboolean found = FALSE;
        for (guint i = 0; i < report->devices->len; i++)
            found |= ((const VvReportDevice *)report->devices->pdata[i])->device->kind == kind;
        if (!found)
            continue;
        g_autofree char *style =
            g_strdup_printf("fill=\"%s\" stroke=\"%s\"", vv_picture_kind_colour(kind), VV_INK);
        add_entry(pen, style, vv_kind_name(kind));
    }
}

static void add_signs(Pen *pen, const VvReport *report, const VvLayout *layout)
{
    gboolean now = FALSE, later = FALSE;

    for (guint i = 0; i < layout->all->len; i++) {
        const VvBox *box = layout->all->pdata[i];
        now |= box->owner && box->owned_now;
        later |= box->owner && !box->owned_now;
    }
    if (vv_host_groups(report->host)->len)
        add_entry(pen, "fill=\"#e4e4e4\" stroke=\"#8c8c8c\" stroke-width=\"1.75\"",
                  "IOMMU group: goes to one guest as a whole");
    if (layout->folded)
        add_entry(pen, "fill=\"#ffffff\" stroke=\"" VV_INK "\" stroke-dasharray=\"5 3\"",
                  "virtual functions that nobody uses");
    if (now)
        add_entry(pen, "fill=\"#3d3d3d\" stroke=\"#3d3d3d\"", "taken from the host, or in a running VM");
    if (later)
        add_entry(pen, "fill=\"#ffffff\" stroke=\"#3d3d3d\"", "listed by a VM that does not have it now");
}

static void add_owners(Pen *pen, const VvLayout *layout)
{
    const GPtrArray *names = layout->owners;

    for (guint i = 0; i < names->len && i < MOST_OWNERS; i++) {
        const char *colour = vv_picture_owner_colour(layout, names->pdata[i]);
        g_autofree char *style = g_strdup_printf("fill=\"%s\" stroke=\"%s\"", colour, colour);
        add_entry(pen, style, names->pdata[i]);
    }
    if (names->len > MOST_OWNERS) {
        g_autofree char *more = g_strdup_printf("and %u more", names->len - MOST_OWNERS);
        add_entry(pen, NULL, more);
    }
}

int vv_picture_add_legend(GString *svg, const VvReport *report, const VvLayout *layout, int y, int width)
{
    Pen pen = {svg, 0, y, width};

    add_kinds(&pen, report);
    new_row(&pen);
    add_signs(&pen, report, layout);
    new_row(&pen);
    add_owners(&pen, layout);
    new_row(&pen);
    for (guint i = 0; i < report->notes->len; i++) {
        vv_picture_add_text(svg, report->notes->pdata[i], 0, pen.y + 13, SIZE, FALSE, width, VV_FAINT_INK,
                            FALSE);
        pen.y += ROW;
    }
    return pen.y - y;
}
