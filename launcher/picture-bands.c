/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

#include <stdlib.h>

/* A group is one band as far as its members are neighbours; what stands elsewhere has a band of its own with
 * the same number. */

/* Neighbours are not further apart than this, boxes of different heights included. */
#define NEAR (VV_GAP_BUS + VV_OWNER_HEIGHT + 4)
#define OUTLINE 3.5

typedef struct {
    int left, top, right, bottom;
} Area;

typedef struct {
    GPtrArray *boxes; /* VvBox of one group */
    guint *island;    /* of each box: the index of the first of its island */
    GArray *areas;    /* Area, of boxes and of the gaps between neighbours */
} Band;

static Area area_of(const VvBox *box)
{
    return (Area){box->x - VV_BAND_SIDE, box->y - VV_BAND_TOP, box->x + box->width + VV_BAND_SIDE,
                  box->y + box->row_height + VV_BAND_BOTTOM};
}

static gboolean touch(Area a, Area b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/* The gap between two areas that face each other: FALSE when they do not, or are not near. */
static gboolean gap_between(Area a, Area b, Area *ret)
{
    Area inner = {MAX(a.left, b.left), MAX(a.top, b.top), MIN(a.right, b.right), MIN(a.bottom, b.bottom)};
    gboolean beside = inner.top < inner.bottom && inner.left >= inner.right;
    gboolean above = inner.left < inner.right && inner.top >= inner.bottom;

    if (beside)
        *ret = (Area){inner.right - 1, inner.top, inner.left + 1, inner.bottom};
    if (above)
        *ret = (Area){inner.left, inner.bottom - 1, inner.right, inner.top + 1};
    return (beside && inner.left - inner.right <= NEAR) || (above && inner.top - inner.bottom <= NEAR);
}

/* Does anything stand there that is not of the group? */
static gboolean is_free(const VvLayout *layout, Area area, int group)
{
    for (guint i = 0; i < layout->all->len; i++) {
        const VvBox *box = layout->all->pdata[i];
        if ((box->group < 0 || box->group != group) && touch(area, area_of(box)))
            return FALSE;
    }
    return TRUE;
}

static guint find_island(const Band *band, guint i)
{
    while (band->island[i] != i)
        i = band->island[i];
    return i;
}

/* The lower index wins, so that the first box in the tree's order has the number. */
static void join(Band *band, guint a, guint b)
{
    guint x = find_island(band, a), y = find_island(band, b);

    band->island[MAX(x, y)] = MIN(x, y);
}

/* Where rows of gaps and columns of gaps cross, a hole would be left. */
static void fill_holes(Band *band, const VvLayout *layout, int group)
{
    guint first = band->boxes->len, last = band->areas->len;

    for (guint i = first; i < last; i++)
        for (guint j = i + 1; j < last; j++) {
            Area a = g_array_index(band->areas, Area, i), b = g_array_index(band->areas, Area, j), gap;
            if (gap_between(a, b, &gap) && is_free(layout, gap, group))
                g_array_append_val(band->areas, gap);
        }
}

static void join_neighbours(Band *band, const VvLayout *layout, int group)
{
    for (guint i = 0; i < band->boxes->len; i++) {
        Area own = area_of(band->boxes->pdata[i]);
        g_array_append_val(band->areas, own);
    }
    for (guint i = 0; i < band->boxes->len; i++) {
        Area own = g_array_index(band->areas, Area, i), gap;
        for (guint j = i + 1; j < band->boxes->len; j++)
            if (gap_between(own, g_array_index(band->areas, Area, j), &gap) && is_free(layout, gap, group)) {
                g_array_append_val(band->areas, gap);
                join(band, i, j);
            }
    }
}

static void add_areas(GString *svg, const Band *band, const char *style, const char *class_name)
{
    for (guint i = 0; i < band->areas->len; i++) {
        const Area *area = &g_array_index(band->areas, Area, i);
        g_string_append_printf(svg, "<rect%s x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" %s/>\n", class_name,
                               area->left, area->top, area->right - area->left, area->bottom - area->top,
                               style);
    }
}

/* The topmost, and of these the leftmost box of an island has its number. */
static const VvBox *head_of(const Band *band, guint island)
{
    const VvBox *head = NULL;

    for (guint i = 0; i < band->boxes->len; i++) {
        const VvBox *box = band->boxes->pdata[i];
        if (find_island(band, i) == island &&
            (!head || box->y < head->y || (box->y == head->y && box->x < head->x)))
            head = box;
    }
    return head;
}

static void add_numbers(GString *svg, const Band *band, int group)
{
    guint islands = 0, number = 0;

    for (guint i = 0; i < band->boxes->len; i++)
        islands += band->island[i] == i;
    for (guint i = 0; i < band->boxes->len; i++) {
        if (band->island[i] != i)
            continue;
        const VvBox *head = head_of(band, i);
        g_autofree char *text = islands > 1
                                    ? g_strdup_printf("group %d, part %u of %u", group, ++number, islands)
                                    : g_strdup_printf("group %d", group);
        vv_picture_add_text(svg, text, head->x, head->y - 4, 10, FALSE, head->width, VV_FAINT_INK, FALSE);
    }
}

static void add_title(GString *svg, const Band *band, int group)
{
    g_string_append_printf(svg, "<title>IOMMU group %d:", group);
    for (guint i = 0; i < band->boxes->len; i++) {
        const VvBox *box = band->boxes->pdata[i];
        if (box->device)
            g_string_append_printf(svg, " %s", box->device->device->text);
        for (guint j = 0; box->folded && j < box->folded->len; j++)
            g_string_append_printf(svg, " %s", ((const VvReportDevice *)box->folded->pdata[j])->device->text);
    }
    g_string_append(svg, "</title>\n");
}

static void add_band(GString *svg, const VvLayout *layout, int group, guint turn)
{
    Band band = {g_ptr_array_new(), NULL, g_array_new(FALSE, FALSE, sizeof(Area))};

    for (guint i = 0; i < layout->all->len; i++)
        if (((const VvBox *)layout->all->pdata[i])->group == group)
            g_ptr_array_add(band.boxes, layout->all->pdata[i]);
    band.island = g_new(guint, band.boxes->len);
    for (guint i = 0; i < band.boxes->len; i++)
        band.island[i] = i;
    join_neighbours(&band, layout, group);
    fill_holes(&band, layout, group);
    g_autofree char *outline =
        g_strdup_printf("fill=\"none\" stroke=\"#8c8c8c\" stroke-width=\"%g\"", OUTLINE);
    g_string_append_printf(svg, "<g id=\"group-%d\">\n", group);
    add_title(svg, &band, group);
    /* The outlines first, and all surfaces over them: what is left is the outline of the whole. */
    add_areas(svg, &band, outline, "");
    add_areas(svg, &band, turn % 2 ? "fill=\"#e4e4e4\"" : "fill=\"#f1f1f1\"", " class=\"band\"");
    add_numbers(svg, &band, group);
    g_string_append(svg, "</g>\n");
    g_ptr_array_unref(band.boxes);
    g_array_unref(band.areas);
    g_free(band.island);
}

static gint compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

void vv_picture_add_bands(GString *svg, const VvLayout *layout)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < layout->all->len; i++) {
        int group = ((const VvBox *)layout->all->pdata[i])->group;
        if (group >= 0)
            g_array_append_val(groups, group);
    }
    g_array_sort(groups, compare_ints);
    for (guint i = 0, turn = 0; i < groups->len; i++) {
        int group = g_array_index(groups, int, i);
        if (i == 0 || group != g_array_index(groups, int, i - 1))
            add_band(svg, layout, group, turn++);
    }
}
