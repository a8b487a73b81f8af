/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/picture-internal.h"

/* Every bus is a block: functions with nothing behind them in rows, below these the bridges one under the
 * other, each with the block of its own bus to its right. Where many bridges are on a bus they stand in
 * several columns, which hang on a line above them; so do root buses, without a line. */

/* A page is read best when it is about so much wider than high. */
#define PAGE_SHAPE 1.5
#define MOST_COLUMNS 6
#define MOST_LEAVES 14
/* More bridges than this in a column, or it is not worth another one. */
#define COLUMN_LEAST 2
#define GAP_COLUMNS 46
/* For the line above columns of bridges. */
#define RAIL 10

typedef struct {
    guint leaves;  /* in a row */
    guint bridges; /* columns of bridges, at most */
    guint pages;   /* columns of root buses */
} Shape;

typedef struct {
    int width, height;
} Size;

static Size place_below(const Shape *shape, VvBox *box, int x, int y);

static void shift(VvBox *box, int x, int y)
{
    box->x += x;
    box->y += y;
    box->trunk += x;
    box->rail += y;
    for (guint i = 0; i < box->below->len; i++)
        shift(box->below->pdata[i], x, y);
}

/* The box with all that is behind it. */
static Size place_block(const Shape *shape, VvBox *box, int x, int y)
{
    Size size = {box->width, box->height};

    box->x = x;
    box->y = y;
    box->row_height = box->height;
    box->beside = NULL;
    box->trunk = x - VV_TRUNK;
    box->on_rail = FALSE;
    if (box->below->len) {
        Size below = place_below(shape, box, x + box->width + VV_GAP_BUS, y);
        size.width += VV_GAP_BUS + below.width;
        size.height = MAX(size.height, below.height);
    }
    return size;
}

static gboolean is_leaf(const GPtrArray *boxes, guint index)
{
    return !((const VvBox *)boxes->pdata[index])->is_node;
}

/* How many from `first` on are in one group. */
static guint run_length(const GPtrArray *boxes, guint first)
{
    int group = ((const VvBox *)boxes->pdata[first])->group;
    guint length = 1;

    while (group >= 0 && first + length < boxes->len && is_leaf(boxes, first + length) &&
           ((const VvBox *)boxes->pdata[first + length])->group == group)
        length++;
    return length;
}

/* What stands in the row of the box that is the last in it, so far. */
static void end_row(VvBox *last, int height)
{
    for (; last; last = last->beside)
        last->row_height = height;
}

/* A group that is longer than a row has its rows for itself; others are not broken. */
static Size place_leaves(const Shape *shape, const GPtrArray *boxes, int x, int y)
{
    Size size = {0, 0};
    int row_height = 0;
    guint column = 0, run_end = 0;
    gboolean own_rows = FALSE;

    for (guint i = 0; i < boxes->len && is_leaf(boxes, i); i++) {
        VvBox *box = boxes->pdata[i];
        gboolean new_row = column == shape->leaves;
        if (i == run_end) {
            guint length = run_length(boxes, i);
            new_row |= column > 0 && (own_rows || column + length > shape->leaves);
            own_rows = length > shape->leaves;
            run_end = i + length;
        }
        if (new_row) {
            size.height += row_height + VV_GAP_Y;
            row_height = 0;
            column = 0;
        }
        box->x = x + (int)column * (VV_LEAF_WIDTH + VV_GAP_X);
        box->y = y + size.height;
        box->beside = column ? boxes->pdata[i - 1] : NULL;
        box->trunk = x - VV_TRUNK;
        box->on_rail = FALSE;
        row_height = MAX(row_height, box->height);
        end_row(box, row_height);
        size.width = MAX(size.width, box->x + box->width - x);
        column++;
    }
    size.height += row_height;
    return size;
}

/* Into how few columns they go, one after the other, if none is higher than `limit`. Says in which each is.
 */
static guint fill_columns(const GArray *sizes, int limit, guint *columns)
{
    guint column = 0;
    int height = 0;

    for (guint i = 0; i < sizes->len; i++) {
        int own = g_array_index(sizes, Size, i).height;
        if (height && height + VV_GAP_Y + own > limit) {
            column++;
            height = 0;
        }
        height += (height ? VV_GAP_Y : 0) + own;
        columns[i] = column;
    }
    return column + 1;
}

/* As even as it gets. */
static void spread(const GArray *sizes, guint most, guint *columns)
{
    int low = 0, high = 0;

    for (guint i = 0; i < sizes->len; i++) {
        low = MAX(low, g_array_index(sizes, Size, i).height);
        high += g_array_index(sizes, Size, i).height + VV_GAP_Y;
    }
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (fill_columns(sizes, middle, columns) <= most)
            high = middle;
        else
            low = middle + 1;
    }
    fill_columns(sizes, low, columns);
}

/* Blocks that were placed at (0, 0) go into columns from (x, y) on. */
static Size place_columns(GPtrArray *blocks, const GArray *sizes, guint most, int x, int y)
{
    g_autofree guint *columns = g_new0(guint, sizes->len);
    Size size = {0, 0};
    int top = 0, left = 0;

    spread(sizes, most, columns);
    for (guint i = 0; i < blocks->len; i++) {
        VvBox *box = blocks->pdata[i];
        const Size *own = &g_array_index(sizes, Size, i);
        if (i && columns[i] != columns[i - 1]) {
            left = size.width + GAP_COLUMNS;
            top = 0;
        }
        shift(box, x + left, y + top);
        box->column = columns[i];
        top += own->height + VV_GAP_Y;
        size.width = MAX(size.width, left + own->width);
        size.height = MAX(size.height, top - VV_GAP_Y);
    }
    return size;
}

static Size place_bridges(const Shape *shape, const VvBox *box, int x, int y)
{
    g_autoptr(GPtrArray) blocks = g_ptr_array_new();
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(Size));

    for (guint i = 0; i < box->below->len; i++) {
        VvBox *bridge = box->below->pdata[i];
        if (!bridge->is_node)
            continue;
        Size own = place_block(shape, bridge, 0, 0);
        g_array_append_val(sizes, own);
        g_ptr_array_add(blocks, bridge);
    }
    if (!blocks->len)
        return (Size){0, 0};
    guint most = CLAMP(blocks->len / COLUMN_LEAST, 1, shape->bridges);
    int rail = most > 1 ? RAIL : 0;
    Size size = place_columns(blocks, sizes, most, x, y + rail);
    for (guint i = 0; i < blocks->len; i++) {
        VvBox *bridge = blocks->pdata[i];
        /* The first column hangs on the bridge's own line, and the others on one above them all. */
        bridge->on_rail = bridge->column > 0;
        bridge->rail = y - RAIL;
    }
    size.height += rail;
    return size;
}

static Size place_below(const Shape *shape, VvBox *box, int x, int y)
{
    Size size = place_leaves(shape, box->below, x, y);
    int top = size.height ? size.height + VV_GAP_Y : 0;
    Size bridges = place_bridges(shape, box, x, y + top);

    size.width = MAX(size.width, bridges.width);
    size.height = bridges.height ? top + bridges.height : size.height;
    return size;
}

static void place_all(VvLayout *layout, const Shape *shape)
{
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(Size));

    for (guint i = 0; i < layout->roots->len; i++) {
        Size own = place_block(shape, layout->roots->pdata[i], 0, 0);
        g_array_append_val(sizes, own);
    }
    Size size = place_columns(layout->roots, sizes, shape->pages, VV_BAND_SIDE, VV_BAND_TOP);
    layout->width = size.width + 2 * VV_BAND_SIDE;
    layout->height = size.height + VV_BAND_TOP + VV_BAND_BOTTOM;
}

/* How far from the page: the larger, the smaller all has to be drawn to fit. */
static double strain(const VvLayout *layout)
{
    double width = layout->width / PAGE_SHAPE, height = layout->height;

    /* The area counts a little: of two that fit equally, the one with less empty space. */
    return MAX(width, height) + 0.05 * MIN(width, height);
}

void vv_layout_place(VvLayout *layout)
{
    Shape best = {1, 1, 1};
    double least = G_MAXDOUBLE;

    vv_layout_arrange(layout->roots);
    for (guint leaves = 1; leaves <= MOST_LEAVES; leaves++)
        for (guint bridges = 1; bridges <= MOST_COLUMNS; bridges++)
            for (guint pages = 1; pages <= MOST_COLUMNS; pages++) {
                Shape shape = {leaves, bridges, pages};
                place_all(layout, &shape);
                if (strain(layout) < least) {
                    least = strain(layout);
                    best = shape;
                }
            }
    place_all(layout, &best);
}
