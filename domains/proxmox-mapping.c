/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

typedef struct {
    char *path;     /* of the first map of the node */
    guint count;    /* maps of the node */
    GString *nodes; /* all nodes that there are, with ", " between */
    guint node_count;
} Found;

/* `map` is "node=pve1,path=0000:01:00.0;0000:01:00.1,id=10de:2204,…". */
static void look_at(Found *found, const char *map, const char *wanted)
{
    g_autofree char *node = vv_pve_word(map, "node");
    g_autofree char *path = vv_pve_word(map, "path");
    g_autofree char *padded = g_strdup_printf(", %s,", node ? node : "");
    g_autofree char *all = g_strdup_printf(", %s,", found->nodes->str);

    if (!node || !path)
        return;
    if (!strstr(all, padded) && found->node_count < 64) {
        found->node_count++;
        g_string_append_printf(found->nodes, "%s%s", found->nodes->len ? ", " : "", node);
    }
    if (wanted && !g_str_equal(wanted, node))
        return;
    found->count++;
    if (!found->path)
        found->path = g_steal_pointer(&path);
}

static char *choose(Found *found, const char *wanted, const char *id, char **ret_note, char **ret_why)
{
    g_autofree char *path = g_steal_pointer(&found->path);

    if (!wanted && found->node_count > 1) {
        *ret_why = g_strdup_printf("the mapping %s means another device on each of %s; say which with --node",
                                   id, found->nodes->str);
        return NULL;
    }
    if (!path) {
        *ret_why = found->nodes->len ? g_strdup_printf("the mapping %s has no device on %s, only on %s", id,
                                                       wanted, found->nodes->str)
                                     : g_strdup_printf("the mapping %s names no device", id);
        return NULL;
    }
    /* Proxmox takes whichever is free at the start; a VM file names one. */
    if (found->count > 1)
        *ret_note =
            g_strdup_printf("it means any one of %u devices, of which this is the first", found->count);
    return g_steal_pointer(&path);
}

char *vv_pve_mapping_host(VvPve *pve, const char *id, char **ret_note, char **ret_why)
{
    g_autoptr(GString) nodes = g_string_new(NULL);
    Found found = {.nodes = nodes};
    const VvPveBlock *block = pve->mapping ? g_hash_table_lookup(pve->mapping->blocks, id) : NULL;

    if (!pve->mapping) {
        *ret_why = g_strdup_printf(
            "which device the mapping %s means stands in /etc/pve/mapping/pci.cfg of the Proxmox "
            "host; import again with --mapping, or write its address",
            id);
        return NULL;
    }
    if (!block) {
        *ret_why = g_strdup_printf("%s has no mapping %s", pve->mapping->path, id);
        return NULL;
    }
    for (guint i = 0; i < block->entries->len; i++) {
        const VvPveEntry *entry = block->entries->pdata[i];

        if (g_str_equal(entry->name, "map"))
            look_at(&found, entry->value, pve->source->node);
    }
    return choose(&found, pve->source->node, id, ret_note, ret_why);
}
