/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>

/* What the functions below share for one PCI function. */
typedef struct {
    VvUsage *usage;
    const VvDevice *device;
    GPtrArray *reasons;
    GHashTable *said; /* nodes (VvNode *) that were spoken of: a volume may lie on several disks */
    GHashTable *used; /* nodes of the function that are in use, and disks with such a partition */
} Disks;

/* "/dev/mapper/vg0-home, which lies on /dev/nvme0n1p3,": new string. */
static char *name_on(Disks *disks, const VvNode *node, const VvNode *base)
{
    g_autofree char *name = vv_storage_name(disks->usage, node);

    if (node == base)
        return g_steal_pointer(&name);
    g_autofree char *below = vv_storage_name(disks->usage, base);
    return g_strdup_printf("%s, which lies on %s,", name, below);
}

static void say_mounted(Disks *disks, const char *name, const GPtrArray *mounts)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new();
    const VvMount *first = mounts->pdata[0];
    gboolean is_root = FALSE;

    for (guint i = 0; i < mounts->len; i++) {
        const VvMount *mount = mounts->pdata[i];
        /* Another namespace's places mean nothing to somebody who has the disk mounted himself. */
        if (first->whose || !mount->whose)
            g_ptr_array_add(targets, mount->target);
        is_root = is_root || (!mount->whose && strcmp(mount->target, "/") == 0);
    }
    g_autofree char *places = vv_words_join(targets, 3);
    vv_usage_add(disks->reasons, "disk-mounted", VV_SEVERITY_BLOCK, disks->device,
                 is_root ? "this host runs from it" : "unmount it", "%s is mounted on %s (%s)%s%s", name,
                 places, first->type, first->whose ? " in the mount namespace of " : "",
                 first->whose ? first->whose : "");
}

static void say_swaps(Disks *disks, const char *name, const GPtrArray *swaps)
{
    for (guint i = 0; i < swaps->len; i++) {
        const VvSwap *swap = swaps->pdata[i];
        g_autofree char *remedy = g_strdup_printf("switch it off (swapoff %s)", swap->source);
        if (swap->is_file)
            vv_usage_add(disks->reasons, "disk-swap", VV_SEVERITY_BLOCK, disks->device, remedy,
                         "the swap file %s lies on %s", swap->source, name);
        else
            vv_usage_add(disks->reasons, "disk-swap", VV_SEVERITY_BLOCK, disks->device, remedy,
                         "%s is swap space of this host", name);
    }
}

/* The source of a mount may be a name that nothing can be made of ("/dev/root"). */
static void say_btrfs(Disks *disks, const char *name, const char *uuid)
{
    char path[128], label[256] = "";

    snprintf(path, sizeof path, "sys/fs/btrfs/%s/label", uuid);
    vv_sysfs_read_into(disks->usage->sysfs, path, label, sizeof label);
    vv_usage_add(disks->reasons, "disk-mounted", VV_SEVERITY_BLOCK, disks->device, "unmount it",
                 "%s is part of the mounted btrfs file system %s", name, *label ? label : uuid);
}

/* udev looks into every disk that appears; that is no use. */
static gboolean is_udev(gconstpointer who)
{
    return g_str_has_prefix(who, "(udev-worker)") || g_str_has_prefix(who, "systemd-udevd") ||
           g_str_has_prefix(who, "udevd");
}

static gboolean say_openers(Disks *disks, const VvNode *node, const char *name)
{
    g_autofree char *devname = vv_usage_devname(disks->usage, TRUE, node->name);
    g_autoptr(GPtrArray) who =
        vv_usage_openers(disks->usage, TRUE, node->name, devname ? devname : node->base);

    for (guint i = who->len; i > 0; i--)
        if (is_udev(who->pdata[i - 1]))
            g_ptr_array_remove_index(who, i - 1);
    if (!who->len)
        return FALSE;
    g_autofree char *list = vv_words_join(who, 3);
    vv_usage_add(disks->reasons, "disk-open", VV_SEVERITY_BLOCK, disks->device, "stop that program first",
                 "%s is held open by %s", name, list);
    return TRUE;
}

/* One device of the stack above `base`. TRUE when it is in use. */
static gboolean check_node(Disks *disks, const VvNode *node, const VvNode *base)
{
    const GPtrArray *mounts = vv_storage_mounts(disks->usage, node);
    const GPtrArray *swaps = vv_storage_swaps(disks->usage, node);
    const char *btrfs = mounts ? NULL : vv_storage_btrfs(disks->usage, node);

    if (!g_hash_table_add(disks->said, (gpointer)node))
        return TRUE;
    g_autofree char *name = name_on(disks, node, base);
    if (mounts)
        say_mounted(disks, name, mounts);
    if (swaps)
        say_swaps(disks, name, swaps);
    if (btrfs)
        say_btrfs(disks, name, btrfs);
    return say_openers(disks, node, name) || mounts || swaps || btrfs;
}

/* A caching device of bcache has no holder, only a folder (drivers/md/bcache/super.c, register_cache). */
static gboolean check_holders(Disks *disks, const VvNode *node)
{
    g_autoptr(GPtrArray) holders = vv_storage_holders(disks->usage, node);
    g_autofree char *name = vv_storage_name(disks->usage, node);
    g_autofree char *bcache = g_strdup_printf("sys/dev/block/%s/bcache", node->name);

    for (guint i = 0; i < holders->len; i++) {
        g_autofree char *remedy = NULL;
        g_autofree char *holder = vv_storage_describe(disks->usage, holders->pdata[i], &remedy);
        vv_usage_add(disks->reasons, "disk-holder", VV_SEVERITY_BLOCK, disks->device, remedy, "%s lies on %s",
                     holder, name);
    }
    if (holders->len || !vv_sysfs_exists(disks->usage->sysfs, bcache))
        return holders->len > 0;
    vv_usage_add(disks->reasons, "disk-holder", VV_SEVERITY_BLOCK, disks->device, "stop the cache set",
                 "%s is a cache of bcache", name);
    return TRUE;
}

/* A pool's folder is there while it is imported (OpenZFS, module/os/linux/spl/spl-kstat.c); its members have
 * no holders and no block device above them. */
static gboolean is_imported_pool(VvUsage *usage, const VvSignature *signature)
{
    if (!signature || strcmp(signature->type, "zfs_member") != 0 || !signature->label ||
        strchr(signature->label, '/'))
        return FALSE;
    g_autofree char *path = g_strdup_printf("proc/spl/kstat/zfs/%s", signature->label);
    return vv_sysfs_exists(usage->sysfs, path);
}

/* What the disk itself tells, when nothing else explained it. */
static gboolean check_content(Disks *disks, const VvNode *node, gboolean has_partitions)
{
    g_autofree char *name = vv_storage_name(disks->usage, node);
    gboolean exclusive = vv_usage_is_exclusive(disks->usage, node);
    /* A partition table is not data yet, and what lies in front of it is old. */
    g_autoptr(VvSignature) signature = has_partitions ? NULL : vv_usage_signature(disks->usage, node);
    const char *label = signature && signature->label ? signature->label : "";

    if (is_imported_pool(disks->usage, signature)) {
        vv_usage_add(disks->reasons, "disk-holder", VV_SEVERITY_BLOCK, disks->device,
                     "export the pool (zpool export)", "%s belongs to the ZFS pool %s, which is imported",
                     name, label);
        return TRUE;
    }
    if (exclusive)
        vv_usage_add(
            disks->reasons, "disk-open", VV_SEVERITY_BLOCK, disks->device,
            "find out what uses it (lsblk, fuser, zpool status)",
            "%s is in use by something that does not show: another mount namespace or a part of the kernel",
            name);
    else if (signature)
        vv_usage_add(disks->reasons, "disk-data", VV_SEVERITY_WARN, disks->device, NULL,
                     "%s has data that the host does not use now: %s%s%s", name, signature->type,
                     *label ? " " : "", label);
    return exclusive;
}

static gboolean check_stack(Disks *disks, const VvNode *node)
{
    g_autoptr(GPtrArray) stack = vv_storage_above(disks->usage, node);
    gboolean used = check_node(disks, node, node);

    used = check_holders(disks, node) || used;
    for (guint i = 1; i < stack->len; i++)
        used = check_node(disks, stack->pdata[i], node) || used;
    return used;
}

/* The kernel refuses to lend a disk while it lent a part of it (block/bdev.c, bd_may_claim), so a partition
 * that is in use explains the disk. */
static void check_rest(Disks *disks, const GPtrArray *nodes, guint n)
{
    const VvNode *node = nodes->pdata[n];
    gboolean has_partitions = FALSE, used = g_hash_table_contains(disks->used, node);

    for (guint i = n + 1; i < nodes->len && vv_storage_is_partition(nodes->pdata[i], node); i++) {
        has_partitions = TRUE;
        used = used || g_hash_table_contains(disks->used, nodes->pdata[i]);
    }
    if (!used && check_content(disks, node, has_partitions))
        g_hash_table_add(disks->used, (gpointer)node);
}

void vv_usage_check_disks(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    const GPtrArray *all = vv_usage_nodes(usage, "sys/dev/block");
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    g_autoptr(GHashTable) said = g_hash_table_new(NULL, NULL), used = g_hash_table_new(NULL, NULL);
    Disks disks = {usage, device, reasons, said, used};

    for (guint i = 0; i < all->len; i++)
        if (vv_usage_is_behind(usage, device, ((const VvNode *)all->pdata[i])->place))
            g_ptr_array_add(nodes, all->pdata[i]);
    for (guint i = 0; i < nodes->len; i++)
        if (check_stack(&disks, nodes->pdata[i]))
            g_hash_table_add(used, nodes->pdata[i]);
    /* Sorted by place, a disk comes before its partitions: here they are first. */
    for (guint i = nodes->len; i > 0; i--)
        check_rest(&disks, nodes, i - 1);
}
