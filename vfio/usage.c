/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <string.h>

static void node_free(gpointer data)
{
    VvNode *node = data;

    g_free(node->name);
    g_free(node->place);
    g_free(node);
}

VvUsage *vv_usage_new(const VvHost *host)
{
    VvUsage *usage = g_new0(VvUsage, 1);

    usage->host = host;
    usage->sysfs = vv_host_sysfs(host);
    usage->folders =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return usage;
}

void vv_usage_free(VvUsage *usage)
{
    if (!usage)
        return;
    g_hash_table_unref(usage->folders);
    g_clear_pointer(&usage->subsystems, g_hash_table_unref);
    g_clear_pointer(&usage->processes, g_ptr_array_unref);
    g_clear_pointer(&usage->opens, g_ptr_array_unref);
    g_clear_pointer(&usage->mounts, g_ptr_array_unref);
    g_clear_pointer(&usage->swaps, g_ptr_array_unref);
    vv_storage_free(usage->storage);
    vv_network_free(usage->network);
    g_free(usage);
}

void vv_usage_set_leaving(VvUsage *usage, const GPtrArray *devices)
{
    usage->leaving = devices;
}

static int compare_places(gconstpointer a, gconstpointer b)
{
    const VvNode *x = *(VvNode *const *)a, *y = *(VvNode *const *)b;

    return strcmp(x->place, y->place);
}

static GPtrArray *read_nodes(const VvSysfs *sysfs, const char *folder)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(node_free);
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        char *place = vv_sysfs_link_target(sysfs, path);
        if (!place)
            continue;
        VvNode *node = g_new0(VvNode, 1);
        node->name = g_strdup(names->pdata[i]);
        node->place = place;
        node->base = strrchr(place, '/') ? strrchr(place, '/') + 1 : place;
        g_ptr_array_add(nodes, node);
    }
    g_ptr_array_sort(nodes, compare_places);
    return nodes;
}

const GPtrArray *vv_usage_nodes(VvUsage *usage, const char *folder)
{
    GPtrArray *nodes = g_hash_table_lookup(usage->folders, folder);

    if (!nodes) {
        nodes = read_nodes(usage->sysfs, folder);
        g_hash_table_insert(usage->folders, g_strdup(folder), nodes);
    }
    return nodes;
}

/* The address is a whole component of the path of all that is below the function. */
static gboolean is_below(const VvDevice *device, const char *place)
{
    for (const char *found = place; (found = strstr(found, device->text)); found++)
        if (found > place && found[-1] == '/' && found[strlen(device->text)] == '/')
            return TRUE;
    return FALSE;
}

/* With native multipath a namespace has its node below the subsystem, which knows its controllers by links
 * (drivers/nvme/host/core.c, nvme_init_subsystem; multipath.c, nvme_mpath_alloc_disk). */
static void read_subsystems(VvUsage *usage)
{
    const GPtrArray *subsystems = vv_usage_nodes(usage, "sys/class/nvme-subsystem");

    usage->subsystems =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < subsystems->len; i++) {
        const VvNode *subsystem = subsystems->pdata[i];
        g_autofree char *folder = g_strdup_printf("sys/class/nvme-subsystem/%s", subsystem->name);
        g_autoptr(GPtrArray) links = read_nodes(usage->sysfs, folder);
        GPtrArray *controllers = g_ptr_array_new_with_free_func(g_free);
        for (guint j = 0; j < links->len; j++)
            g_ptr_array_add(controllers, g_strdup(((const VvNode *)links->pdata[j])->place));
        g_hash_table_insert(usage->subsystems, g_strdup_printf("/%s/", subsystem->name), controllers);
    }
}

static gboolean is_head_behind(VvUsage *usage, const VvDevice *device, const char *place)
{
    GHashTableIter iter;
    gpointer subsystem, controllers;

    if (!strstr(place, "/nvme-subsystem/"))
        return FALSE;
    if (!usage->subsystems)
        read_subsystems(usage);
    g_hash_table_iter_init(&iter, usage->subsystems);
    while (g_hash_table_iter_next(&iter, &subsystem, &controllers)) {
        const GPtrArray *places = controllers;
        for (guint i = 0; strstr(place, subsystem) && i < places->len; i++)
            if (is_below(device, places->pdata[i]))
                return TRUE;
    }
    return FALSE;
}

gboolean vv_usage_is_behind(VvUsage *usage, const VvDevice *device, const char *place)
{
    return is_below(device, place) || is_head_behind(usage, device, place);
}

gboolean vv_usage_stays(VvUsage *usage, const VvDevice *device, const char *place)
{
    if (vv_usage_is_behind(usage, device, place))
        return FALSE;
    for (guint i = 0; usage->leaving && i < usage->leaving->len; i++)
        if (vv_usage_is_behind(usage, usage->leaving->pdata[i], place))
            return FALSE;
    return TRUE;
}

void vv_usage_add(GPtrArray *reasons, const char *code, VvSeverity severity, const VvDevice *device,
                  const char *remedy, const char *detail_format, ...)
{
    va_list arguments;

    va_start(arguments, detail_format);
    g_autofree char *detail = g_strdup_vprintf(detail_format, arguments);
    va_end(arguments);
    g_ptr_array_add(reasons, vv_reason_new(code, severity, device->address, severity == VV_SEVERITY_BLOCK,
                                           remedy, "%s", detail));
}

/* In the order of how much it would hurt. */
void vv_usage_check(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    if (vv_driver_is_vfio(device->driver))
        return;
    vv_usage_check_disks(usage, device, reasons);
    vv_usage_check_network(usage, device, reasons);
    vv_usage_check_display(usage, device, reasons);
    vv_usage_check_processes(usage, device, reasons);
    vv_usage_check_input(usage, device, reasons);
    vv_usage_check_claims(usage, device, reasons);
}
