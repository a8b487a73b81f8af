/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/picture.h"

/* What the parts of the picture share. All lengths are pixels. */

/* Of a group's band around its boxes; its number stands in what is above. */
#define VV_BAND_SIDE 5
#define VV_BAND_TOP 14
#define VV_BAND_BOTTOM 5
/* Between boxes, so that two bands do not touch. */
#define VV_GAP_X 18
#define VV_GAP_Y 26
/* Between a bridge and what is behind it; a line runs down in it. */
#define VV_GAP_BUS 36
#define VV_TRUNK 14
/* Where lines meet a box, from its top. */
#define VV_WIRE 20

#define VV_BUS_WIDTH 108
#define VV_BUS_HEIGHT 54
#define VV_BRIDGE_WIDTH 200
#define VV_LEAF_WIDTH 224
#define VV_BOX_HEIGHT 68
#define VV_OWNER_HEIGHT 20

typedef struct VvBox VvBox;
struct VvBox {
    const VvReportDevice *device; /* NULL: a root bus, or folded */
    const char *bus;              /* of a root bus */
    int numa_node;                /* of a root bus; -1: not known */
    GPtrArray *folded;            /* const VvReportDevice *: VFs of one PF; NULL: it is not that */
    int group;                    /* -1: none */
    gboolean is_node;             /* something is behind it */
    char *owner;                  /* NULL: nobody */
    gboolean owned_now;
    GPtrArray *below; /* VvBox, owned */

    int x, y, width, height;
    int row_height; /* of the highest box in its row: so high is its band */
    VvBox *beside; /* the box of the same bus to its left, which its line comes from; NULL: it is the first */
    int trunk;     /* x of the line down that it hangs on, when it is the first */
    gboolean on_rail; /* that line comes from another one that runs above, at y… */
    int rail;
    guint column; /* of bridges */
};

typedef struct {
    GPtrArray *roots; /* VvBox, owned */
    GPtrArray *all;   /* VvBox, in the tree's order */
    int width, height;
    GPtrArray *owners; /* char *: everybody who has or wants something, sorted */
    guint folded;      /* functions that have no box of their own */
} VvLayout;

/* The boxes of a report, not placed yet. */
VvLayout *vv_layout_new(const VvReport *report);
void vv_layout_free(VvLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvLayout, vv_layout_free)

/* Sorts what is on each bus as it is drawn: what has nothing behind it first, and groups side by side. */
void vv_layout_arrange(const GPtrArray *boxes);

/* Places all boxes from (0, 0), the band of the first one included, in the shape that is best to look at on a
 * page that is wider than high. */
void vv_layout_place(VvLayout *layout);

/* The lines from what is above to what is behind it. */
void vv_picture_add_wires(GString *svg, const VvBox *box);
/* Groups, drawn behind all else. */
void vv_picture_add_bands(GString *svg, const VvLayout *layout);
/* A box with all that is written in it. */
void vv_picture_add_box(GString *svg, const VvLayout *layout, const VvBox *box);
/* Its parts: the frame with the kind and what stands beside that, … */
void vv_picture_add_frame(GString *svg, const VvBox *box, VvKind kind, const char *heading, const char *dash);
/* …what a mouse that rests on the box shows and a screen reader reads, … */
void vv_picture_add_title(GString *svg, const VvReportDevice *device);
/* …or all of the box of folded VFs. */
void vv_picture_add_folded(GString *svg, const VvBox *box);
/* What the signs mean, from (0, y) on, within `width`. Returns its height. */
int vv_picture_add_legend(GString *svg, const VvReport *report, const VvLayout *layout, int y, int width);

/* A line of text, escaped and shortened to `width`. `colour` "#1a1a1a"; `end`: x is where it ends. */
void vv_picture_add_text(GString *svg, const char *text, double x, double y, double size, gboolean bold,
                         double width, const char *colour, gboolean end);

/* Static. */
const char *vv_picture_kind_colour(VvKind kind);
const char *vv_picture_kind_tint(VvKind kind);
/* Static: neighbours in the list of owners never have the same. */
const char *vv_picture_owner_colour(const VvLayout *layout, const char *owner);
/* Whose colour a box's owner has: "win11" of "win11 (running), +1". New string. */
char *vv_picture_owner_name(const VvReportDevice *device);

/* Of a box, and its usual size of text. */
#define VV_PADDING 8
#define VV_STRIPE 7
#define VV_SIZE 11
#define VV_INK "#1a1a1a"
#define VV_FAINT_INK "#4d4d4d"
