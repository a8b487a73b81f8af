/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-sections.h"

#include "domains/proxmox-parse.h"

#include <string.h>

static void entry_free(gpointer data)
{
    VvPveEntry *entry = data;

    g_free(entry->name);
    g_free(entry->value);
    g_free(entry);
}

static void block_free(gpointer data)
{
    VvPveBlock *block = data;

    g_free(block->type);
    g_free(block->id);
    g_ptr_array_unref(block->entries);
    g_free(block);
}

void vv_pve_blocks_free(VvPveBlocks *blocks)
{
    if (!blocks)
        return;
    g_free(blocks->path);
    g_hash_table_unref(blocks->blocks);
    g_free(blocks);
}

const char *vv_pve_block_value(const VvPveBlock *block, const char *name)
{
    for (guint i = 0; i < block->entries->len; i++) {
        const VvPveEntry *entry = block->entries->pdata[i];

        if (g_str_equal(entry->name, name))
            return entry->value;
    }
    return NULL;
}

/* "lvmthin: local-lvm" or "gpu". */
static VvPveBlock *add_block(VvPveBlocks *blocks, char *text, guint line, GError **error)
{
    char *colon = strchr(text, ':');
    const char *id = text;
    const VvPveBlock *before;
    VvPveBlock *block;

    if (colon) {
        *colon = '\0';
        id = g_strchug(colon + 1);
    }
    if (!*text || !*id || strpbrk(text, " \t") || strpbrk(id, " \t")) {
        vv_pve_error_at(error, blocks->path, line, "a section begins with 'TYPE: NAME' or 'NAME'");
        return NULL;
    }
    before = g_hash_table_lookup(blocks->blocks, id);
    if (before) {
        vv_pve_error_at(error, blocks->path, line, "%s is there twice, first on line %u", id, before->line);
        return NULL;
    }
    block = g_new0(VvPveBlock, 1);
    block->line = line;
    block->type = colon ? g_strdup(text) : NULL;
    block->id = g_strdup(id);
    block->entries = g_ptr_array_new_with_free_func(entry_free);
    g_hash_table_insert(blocks->blocks, block->id, block);
    return block;
}

static void add_entry(VvPveBlock *block, char *text, guint line)
{
    gsize length = strcspn(text, " \t");
    VvPveEntry *entry = g_new0(VvPveEntry, 1);

    entry->line = line;
    entry->name = g_strndup(text, length);
    entry->value = g_strdup(g_strchug(text + length));
    g_ptr_array_add(block->entries, entry);
}

static gboolean read_line(VvPveBlocks *blocks, VvPveBlock **block, char *text, guint line, GError **error)
{
    gboolean indented = *text == ' ' || *text == '\t';

    g_strstrip(text);
    if (!*text || *text == '#')
        return TRUE;
    if (!indented)
        return (*block = add_block(blocks, text, line, error)) != NULL;
    if (!*block)
        return vv_pve_error_at(error, blocks->path, line,
                               "an indented line belongs to a section, and none has begun");
    add_entry(*block, text, line);
    return TRUE;
}

VvPveBlocks *vv_pve_blocks_parse(const char *path, const char *text, gsize length, GError **error)
{
    g_autoptr(VvPveBlocks) blocks = NULL;
    VvPveBlock *block = NULL;
    guint line = 1;

    if (!vv_pve_check_text(path, text, length, error))
        return NULL;
    blocks = g_new0(VvPveBlocks, 1);
    blocks->path = g_strdup(path);
    blocks->blocks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, block_free);
    for (const char *start = text, *end = text + length; start < end; line++) {
        const char *stop = memchr(start, '\n', (gsize)(end - start));
        g_autofree char *copy = g_strndup(start, (gsize)((stop ? stop : end) - start));

        if (!read_line(blocks, &block, copy, line, error))
            return NULL;
        start = stop ? stop + 1 : end;
    }
    return g_steal_pointer(&blocks);
}
