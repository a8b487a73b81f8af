/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* What is mounted, in all mount namespaces that some process is in and that can be read, and what is swapped
 * to (proc_pid_mountinfo(5), proc_swaps(5)). */

/* The most that is read of one file; a namespace with so many mounts has other troubles. */
#define FILE_LIMIT (16 * 1024 * 1024)

typedef struct libmnt_table Table;
typedef struct libmnt_fs Filesystem;

static void table_free(Table *table)
{
    mnt_unref_table(table);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

void vv_mount_free(gpointer data)
{
    VvMount *mount = data;

    g_free(mount->target);
    g_free(mount->type);
    g_free(mount->source);
    g_free(mount->root);
    g_free(mount->options);
    g_free(mount->number);
    g_free(mount->whose);
    g_free(mount);
}

void vv_swap_free(gpointer data)
{
    VvSwap *swap = data;

    g_free(swap->source);
    g_free(swap);
}

/* From text, so that it also works on a recorded machine. NULL: there is none. */
static Table *parse(VvUsage *usage, const char *path)
{
    g_autofree char *text = vv_sysfs_read_all(usage->sysfs, path, FILE_LIMIT);
    FILE *stream = text && *text ? fmemopen(text, strlen(text), "r") : NULL;
    if (!stream)
        return NULL;

    Table *table = mnt_new_table();
    if (mnt_table_parse_stream(table, stream, path) != 0)
        g_clear_pointer(&table, mnt_unref_table);
    fclose(stream);
    return table;
}

static VvMount *make_mount(Filesystem *fs, const char *whose)
{
    VvMount *mount = g_new0(VvMount, 1);
    dev_t number = mnt_fs_get_devno(fs);

    mount->target = g_strdup(mnt_fs_get_target(fs));
    mount->type = g_strdup(mnt_fs_get_fstype(fs));
    mount->source = g_strdup(mnt_fs_get_source(fs));
    mount->root = g_strdup(mnt_fs_get_root(fs));
    mount->options = g_strdup(mnt_fs_get_fs_options(fs));
    mount->number = g_strdup_printf("%u:%u", major(number), minor(number));
    mount->whose = g_strdup(whose);
    return mount;
}

/* Containers repeat the host's mounts: what was seen at the same place before is left out. */
static gboolean take_namespace(VvUsage *usage, const char *path, const char *whose, GHashTable *seen)
{
    g_autoptr(Table) table = parse(usage, path);
    struct libmnt_iter *iter = table ? mnt_new_iter(MNT_ITER_FORWARD) : NULL;
    Filesystem *fs;

    while (iter && mnt_table_next_fs(table, iter, &fs) == 0) {
        VvMount *mount = make_mount(fs, whose);
        if (mount->target && mount->type &&
            g_hash_table_add(seen, g_strdup_printf("%s %s", mount->number, mount->target)))
            g_ptr_array_add(usage->mounts, mount);
        else
            vv_mount_free(mount);
    }
    mnt_free_iter(iter);
    return table != NULL;
}

const GPtrArray *vv_usage_mounts(VvUsage *usage)
{
    if (usage->mounts)
        return usage->mounts;

    const GPtrArray *processes = vv_usage_processes(usage);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    usage->mounts = g_ptr_array_new_with_free_func(vv_mount_free);
    take_namespace(usage, "proc/self/mountinfo", NULL, seen);
    char *own = vv_sysfs_link_target(usage->sysfs, "proc/self/ns/mnt");
    if (own)
        g_hash_table_add(namespaces, own);
    for (guint i = 0; i < processes->len; i++) {
        char path[64];
        int pid = GPOINTER_TO_INT(processes->pdata[i]);
        snprintf(path, sizeof path, "proc/%d/ns/mnt", pid);
        g_autofree char *name = vv_sysfs_link_target(usage->sysfs, path);
        if (!name || g_hash_table_contains(namespaces, name))
            continue;
        g_autofree char *whose = vv_usage_process_name(usage, pid);
        snprintf(path, sizeof path, "proc/%d/mountinfo", pid);
        /* A process may be gone by now; the next one of its namespace can tell as well. */
        if (take_namespace(usage, path, whose, seen))
            g_hash_table_add(namespaces, g_steal_pointer(&name));
    }
    return usage->mounts;
}

const GPtrArray *vv_usage_swaps(VvUsage *usage)
{
    if (usage->swaps)
        return usage->swaps;

    g_autoptr(Table) table = parse(usage, "proc/swaps");
    struct libmnt_iter *iter = table ? mnt_new_iter(MNT_ITER_FORWARD) : NULL;
    Filesystem *fs;
    usage->swaps = g_ptr_array_new_with_free_func(vv_swap_free);
    while (iter && mnt_table_next_fs(table, iter, &fs) == 0) {
        const char *source = mnt_fs_get_source(fs);
        if (!source)
            continue;
        VvSwap *swap = g_new0(VvSwap, 1);
        swap->source = g_strdup(source);
        swap->is_file = g_strcmp0(mnt_fs_get_swaptype(fs), "file") == 0;
        g_ptr_array_add(usage->swaps, swap);
    }
    mnt_free_iter(iter);
    return usage->swaps;
}
