/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>

/* A loop device and the block devices that its file lies on. */
typedef struct {
    const VvNode *node;
    GPtrArray *on; /* VvNode, not owned */
} Loop;

struct VvStorage {
    GHashTable *by_number, *by_name; /* "259:2", "nvme0n1" -> VvNode, not owned */
    GHashTable *btrfs;               /* "sda1" -> uuid of the mounted file system that it is a part of */
    GHashTable *mounts, *swaps;      /* VvNode -> GPtrArray of VvMount, VvSwap, not owned */
    GPtrArray *loops;
};

static void loop_free(gpointer data)
{
    Loop *loop = data;

    g_ptr_array_unref(loop->on);
    g_free(loop);
}

void vv_storage_free(VvStorage *storage)
{
    if (!storage)
        return;
    g_hash_table_unref(storage->by_number);
    g_hash_table_unref(storage->by_name);
    g_hash_table_unref(storage->btrfs);
    g_hash_table_unref(storage->mounts);
    g_hash_table_unref(storage->swaps);
    g_ptr_array_unref(storage->loops);
    g_free(storage);
}

char *vv_storage_attribute(VvUsage *usage, const VvNode *node, const char *attribute)
{
    char path[128];

    snprintf(path, sizeof path, "sys/dev/block/%s/%s", node->name, attribute);
    return vv_sysfs_read(usage->sysfs, path);
}

static const VvNode *find_mapper(VvUsage *usage, const char *name)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/dev/block");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        g_autofree char *found =
            g_str_has_prefix(node->base, "dm-") ? vv_storage_attribute(usage, node, "dm/name") : NULL;
        if (g_strcmp0(found, name) == 0)
            return node;
    }
    return NULL;
}

/* "/dev/mapper/home" by number where the path can be followed, else by name. NULL for what is no block
 * device. */
static const VvNode *resolve(VvUsage *usage, const char *path)
{
    gboolean is_block = FALSE;
    guint major, minor;

    if (!g_str_has_prefix(path, "/dev/"))
        return NULL;
    if (vv_sysfs_device_number(usage->sysfs, path + 1, &is_block, &major, &minor) && is_block) {
        char number[32];
        snprintf(number, sizeof number, "%u:%u", major, minor);
        return g_hash_table_lookup(usage->storage->by_number, number);
    }
    if (g_str_has_prefix(path, "/dev/mapper/"))
        return find_mapper(usage, path + strlen("/dev/mapper/"));
    /* sysfs has no slash in a name (drivers/base/core.c): cciss!c0d0. */
    g_autofree char *name = g_strdelimit(g_strdup(path + strlen("/dev/")), "/", '!');
    return g_hash_table_lookup(usage->storage->by_name, name);
}

/* Only mounted file systems have a folder here (fs/btrfs/sysfs.c, btrfs_sysfs_add_mounted). */
static void read_btrfs(VvUsage *usage)
{
    g_autoptr(GPtrArray) uuids = vv_sysfs_list(usage->sysfs, "sys/fs/btrfs");

    for (guint i = 0; uuids && i < uuids->len; i++) {
        g_autofree char *folder = g_strdup_printf("sys/fs/btrfs/%s/devices", (char *)uuids->pdata[i]);
        g_autoptr(GPtrArray) names = vv_sysfs_list(usage->sysfs, folder);
        for (guint j = 0; names && j < names->len; j++)
            g_hash_table_insert(usage->storage->btrfs, g_strdup(names->pdata[j]), g_strdup(uuids->pdata[i]));
    }
}

static void add_btrfs_members(VvUsage *usage, const char *uuid, GPtrArray *nodes)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, usage->storage->btrfs);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        VvNode *node = strcmp(value, uuid) == 0 ? g_hash_table_lookup(usage->storage->by_name, name) : NULL;
        if (node && !g_ptr_array_find(nodes, node, NULL))
            g_ptr_array_add(nodes, node);
    }
}

/* File systems over several devices have an anonymous number; their source names one (btrfs), or all with
 * colons (bcachefs). */
static GPtrArray *disks_of_mount(VvUsage *usage, const VvMount *mount)
{
    GPtrArray *nodes = g_ptr_array_new();
    VvNode *direct = g_hash_table_lookup(usage->storage->by_number, mount->number);

    if (direct)
        g_ptr_array_add(nodes, direct);
    if (direct || !mount->source || !g_str_has_prefix(mount->source, "/dev/"))
        return nodes;
    g_auto(GStrv) sources = g_strsplit(mount->source, ":", -1);
    for (char **source = sources; *source; source++) {
        const VvNode *node = resolve(usage, *source);
        const char *uuid = node ? g_hash_table_lookup(usage->storage->btrfs, node->base) : NULL;
        if (node)
            g_ptr_array_add(nodes, (gpointer)node);
        if (uuid)
            add_btrfs_members(usage, uuid, nodes);
    }
    return nodes;
}

static gboolean is_inside(const char *path, const char *folder)
{
    gsize length = strlen(folder);

    return g_str_has_prefix(path, folder) &&
           (folder[length - 1] == '/' || path[length] == '/' || !path[length]);
}

/* The disks that a file of our own mount namespace lies on: those of the deepest mount above it. */
static GPtrArray *disks_of_file(VvUsage *usage, const char *path)
{
    const GPtrArray *mounts = vv_usage_mounts(usage);
    const VvMount *deepest = NULL;

    for (guint i = 0; i < mounts->len; i++) {
        const VvMount *mount = mounts->pdata[i];
        if (!mount->whose && is_inside(path, mount->target) &&
            (!deepest || strlen(mount->target) >= strlen(deepest->target)))
            deepest = mount;
    }
    return deepest ? disks_of_mount(usage, deepest) : g_ptr_array_new();
}

static GPtrArray *disks_of_path(VvUsage *usage, const char *path)
{
    const VvNode *node = resolve(usage, path);
    if (!node)
        return disks_of_file(usage, path);

    GPtrArray *nodes = g_ptr_array_new();
    g_ptr_array_add(nodes, (gpointer)node);
    return nodes;
}

/* Files `value` under each of the nodes, and takes over the array. */
static void file_under(GHashTable *table, GPtrArray *nodes, gconstpointer value)
{
    for (guint i = 0; i < nodes->len; i++) {
        GPtrArray *values = g_hash_table_lookup(table, nodes->pdata[i]);
        if (!values) {
            values = g_ptr_array_new();
            g_hash_table_insert(table, nodes->pdata[i], values);
        }
        g_ptr_array_add(values, (gpointer)value);
    }
    g_ptr_array_unref(nodes);
}

static void read_loop(VvUsage *usage, const VvNode *node)
{
    g_autofree char *file =
        g_str_has_prefix(node->base, "loop") ? vv_storage_attribute(usage, node, "loop/backing_file") : NULL;
    if (!file || !*file)
        return;

    Loop *loop = g_new0(Loop, 1);
    if (g_str_has_suffix(file, " (deleted)"))
        file[strlen(file) - strlen(" (deleted)")] = '\0';
    loop->node = node;
    loop->on = disks_of_path(usage, file);
    g_ptr_array_add(usage->storage->loops, loop);
}

static GHashTable *new_index(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
}

VvStorage *vv_usage_storage(VvUsage *usage)
{
    if (usage->storage)
        return usage->storage;

    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/dev/block");
    const GPtrArray *mounts = vv_usage_mounts(usage), *swaps = vv_usage_swaps(usage);
    VvStorage *storage = usage->storage = g_new0(VvStorage, 1);
    storage->by_number = g_hash_table_new(g_str_hash, g_str_equal);
    storage->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    storage->btrfs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    storage->mounts = new_index();
    storage->swaps = new_index();
    storage->loops = g_ptr_array_new_with_free_func(loop_free);
    for (guint i = 0; i < nodes->len; i++) {
        VvNode *node = nodes->pdata[i];
        g_hash_table_insert(storage->by_number, node->name, node);
        g_hash_table_insert(storage->by_name, (gpointer)node->base, node);
    }
    read_btrfs(usage);
    for (guint i = 0; i < mounts->len; i++)
        file_under(storage->mounts, disks_of_mount(usage, mounts->pdata[i]), mounts->pdata[i]);
    for (guint i = 0; i < swaps->len; i++)
        file_under(storage->swaps, disks_of_path(usage, ((const VvSwap *)swaps->pdata[i])->source),
                   swaps->pdata[i]);
    for (guint i = 0; i < nodes->len; i++)
        read_loop(usage, nodes->pdata[i]);
    return storage;
}

const GPtrArray *vv_storage_mounts(VvUsage *usage, const VvNode *node)
{
    return g_hash_table_lookup(vv_usage_storage(usage)->mounts, node);
}

const GPtrArray *vv_storage_swaps(VvUsage *usage, const VvNode *node)
{
    return g_hash_table_lookup(vv_usage_storage(usage)->swaps, node);
}

const char *vv_storage_btrfs(VvUsage *usage, const VvNode *node)
{
    return g_hash_table_lookup(vv_usage_storage(usage)->btrfs, node->base);
}

const VvNode *vv_storage_find(VvUsage *usage, const char *name)
{
    return g_hash_table_lookup(vv_usage_storage(usage)->by_name, name);
}

void vv_storage_add_loops(VvUsage *usage, const VvNode *node, GPtrArray *nodes)
{
    const GPtrArray *loops = vv_usage_storage(usage)->loops;

    for (guint i = 0; i < loops->len; i++) {
        const Loop *loop = loops->pdata[i];
        if (g_ptr_array_find(loop->on, node, NULL))
            g_ptr_array_add(nodes, (gpointer)loop->node);
    }
}
