/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* storage.cfg and mapping/pci.cfg: a line that is not indented begins a section, "lvmthin: local-lvm" or
 * "gpu"; indented lines are its keys. A key may be there several times. */
typedef struct {
    guint line;
    char *name;
    char *value; /* "": none */
} VvPveEntry;

typedef struct {
    guint line;
    char *type; /* "lvmthin"; NULL: the file does not say */
    char *id;
    GPtrArray *entries; /* VvPveEntry */
} VvPveBlock;

typedef struct {
    char *path;
    GHashTable *blocks; /* id -> VvPveBlock */
} VvPveBlocks;

VvPveBlocks *vv_pve_blocks_parse(const char *path, const char *text, gsize length, GError **error);
void vv_pve_blocks_free(VvPveBlocks *blocks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPveBlocks, vv_pve_blocks_free)

/* The first entry of that name; NULL: none. */
const char *vv_pve_block_value(const VvPveBlock *block, const char *name);
