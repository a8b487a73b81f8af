/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>

/* What is stacked on a block device: names in its holders/ folder (block/holder.c, bd_link_disk_holder), and
 * loop devices, which do not enter themselves there. */

static void add_new(GPtrArray *nodes, const VvNode *node)
{
    if (node && !g_ptr_array_find(nodes, node, NULL))
        g_ptr_array_add(nodes, (gpointer)node);
}

GPtrArray *vv_storage_holders(VvUsage *usage, const VvNode *node)
{
    GPtrArray *holders = g_ptr_array_new();
    char path[128];

    snprintf(path, sizeof path, "sys/dev/block/%s/holders", node->name);
    g_autoptr(GPtrArray) names = vv_sysfs_list(usage->sysfs, path);
    for (guint i = 0; names && i < names->len; i++)
        add_new(holders, vv_storage_find(usage, names->pdata[i]));
    vv_storage_add_loops(usage, node, holders);
    return holders;
}

gboolean vv_storage_is_partition(const VvNode *part, const VvNode *disk)
{
    gsize length = strlen(disk->place);

    return strncmp(part->place, disk->place, length) == 0 && part->place[length] == '/';
}

static void climb(VvUsage *usage, const VvNode *node, GPtrArray *stack)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/dev/block");
    g_autoptr(GPtrArray) holders = vv_storage_holders(usage, node);

    for (guint i = 0; stack->len > 1 && i < nodes->len; i++)
        if (vv_storage_is_partition(nodes->pdata[i], node))
            add_new(holders, nodes->pdata[i]);
    for (guint i = 0; i < holders->len; i++) {
        if (g_ptr_array_find(stack, holders->pdata[i], NULL))
            continue;
        g_ptr_array_add(stack, holders->pdata[i]);
        climb(usage, holders->pdata[i], stack);
    }
}

GPtrArray *vv_storage_above(VvUsage *usage, const VvNode *node)
{
    GPtrArray *stack = g_ptr_array_new();

    g_ptr_array_add(stack, (gpointer)node);
    climb(usage, node, stack);
    return stack;
}

char *vv_storage_name(VvUsage *usage, const VvNode *node)
{
    g_autofree char *name =
        g_str_has_prefix(node->base, "dm-") ? vv_storage_attribute(usage, node, "dm/name") : NULL;

    if (name && *name)
        return g_strdup_printf("/dev/mapper/%s", name);
    g_autofree char *devname = vv_usage_devname(usage, TRUE, node->name);
    return g_strdup_printf("/dev/%s", devname ? devname : node->base);
}

/* Those who make mapped devices begin the uuid with their own name (Documentation/admin-guide/device-mapper,
 * and lib/misc/lvm-string.c of LVM2). */
static char *describe_mapped(VvUsage *usage, const VvNode *node, const char *name, char **ret_remedy)
{
    static const struct {
        const char *prefix, *what, *remedy;
    } kinds[] = {
        {"LVM-", "the LVM volume", "deactivate its volume group (vgchange -an)"},
        {"CRYPT-", "the encrypted volume", "close it (cryptsetup close)"},
        {"mpath-", "the multipath device", "flush it (multipath -f)"},
        {"part", "a partition of", "remove its mapping (kpartx -d)"},
        {"DMRAID-", "the firmware RAID", "deactivate it (dmraid -an)"},
        {"", "the mapped device", "remove it (dmsetup remove)"},
    };
    g_autofree char *uuid = vv_storage_attribute(usage, node, "dm/uuid");
    gsize i = 0;

    while (!g_str_has_prefix(uuid ? uuid : "", kinds[i].prefix))
        i++;
    *ret_remedy = g_strdup(kinds[i].remedy);
    return g_strdup_printf("%s %s", kinds[i].what, name);
}

char *vv_storage_describe(VvUsage *usage, const VvNode *node, char **ret_remedy)
{
    g_autofree char *name = vv_storage_name(usage, node);

    if (g_str_has_prefix(node->base, "dm-"))
        return describe_mapped(usage, node, name, ret_remedy);
    if (g_str_has_prefix(node->base, "md")) {
        g_autofree char *level = vv_storage_attribute(usage, node, "md/level");
        *ret_remedy = g_strdup_printf("stop the array (mdadm --stop %s)", name);
        return g_strdup_printf("the MD array %s (%s)", name, level && *level ? level : "inactive");
    }
    if (g_str_has_prefix(node->base, "loop")) {
        *ret_remedy = g_strdup_printf("detach it (losetup -d %s)", name);
        return g_strdup_printf("the loop device %s", name);
    }
    *ret_remedy = g_strdup("stop what uses it");
    return g_strdup_printf("%s %s",
                           g_str_has_prefix(node->base, "bcache") ? "the bcache device" : "the device", name);
}
