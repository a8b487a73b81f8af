/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/host.h"

#include "vfio/error.h"
#include "vfio/group.h"
#include "vfio/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct VvHost {
    const VvSysfs *sysfs;
    GPtrArray *devices;   /* VvDevice, sorted */
    GHashTable *by_key;   /* gint64 * (address key) -> VvDevice, not owned */
    GHashTable *by_group; /* int -> GPtrArray of VvDevice, not owned */
    GArray *groups;       /* int, sorted */
    VvNames *names;       /* NULL before the first question */
};

static void device_free(gpointer data)
{
    VvDevice *device = data;

    g_free(device->driver);
    g_free(device->modalias);
    g_strfreev(device->reset_methods);
    g_free(device);
}

/* "pci:v000010DEd00001B80sv…sd…bc03sc00i00" (drivers/pci/pci-sysfs.c, modalias_show). */
static gboolean take_modalias(VvDevice *device, const char *text)
{
    guint vendor, id, subvendor, subdevice, class_code[3];

    if (sscanf(text, "pci:v%8Xd%8Xsv%8Xsd%8Xbc%2Xsc%2Xi%2X", &vendor, &id, &subvendor, &subdevice,
               &class_code[0], &class_code[1], &class_code[2]) != 7)
        return FALSE;
    device->vendor = (guint16)vendor;
    device->device = (guint16)id;
    device->subsystem_vendor = (guint16)subvendor;
    device->subsystem_device = (guint16)subdevice;
    device->class_code = class_code[0] << 16 | class_code[1] << 8 | class_code[2];
    device->modalias = g_strdup(text);
    return TRUE;
}

static int read_group(const VvSysfs *sysfs, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/iommu_group", text);
    g_autofree char *name = vv_sysfs_link_name(sysfs, path);
    return name && g_ascii_isdigit(*name) ? (int)g_ascii_strtoll(name, NULL, 10) : -1;
}

/* NULL when the device vanished between the listing and now. Not from uevent, which has all of this in one
 * file: some kernels (6.10 to 6.14, and stable ones before them) take the device's lock to show it, and then
 * one driver that hangs would hang every program that looks at the host (drivers/base/core.c, uevent_show).
 */
static VvDevice *read_device(const VvSysfs *sysfs, VvAddress address)
{
    char path[128], modalias[256];
    g_autofree VvDevice *device = g_new0(VvDevice, 1);

    device->address = address;
    vv_address_format(address, device->text);
    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/modalias", device->text);
    if (vv_sysfs_read_into(sysfs, path, modalias, sizeof modalias) < 0 || !take_modalias(device, modalias))
        return NULL;
    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/driver", device->text);
    device->driver = vv_sysfs_link_name(sysfs, path);
    device->kind = vv_kind_from_class(device->class_code);
    device->numa_node = -1;
    device->group = read_group(sysfs, device->text);
    return g_steal_pointer(&device);
}

static int compare_devices(gconstpointer a, gconstpointer b)
{
    guint64 x = vv_address_key((*(VvDevice *const *)a)->address);
    guint64 y = vv_address_key((*(VvDevice *const *)b)->address);

    return x < y ? -1 : x > y;
}

static int compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* vfio's no-IOMMU mode numbers its groups like all others; only the name tells that they give no protection,
 * and so are no groups to us. Such a group is made for one device while a VFIO driver takes it, and goes with
 * it (drivers/vfio/group.c, vfio_noiommu_group_alloc, vfio_device_remove_group): no other device need be
 * asked for, which saves one system call in six. */
static gboolean group_protects(const VvSysfs *sysfs, const VvDevice *device)
{
    char path[64], name[32];

    if (!vv_driver_is_vfio(device->driver))
        return TRUE;
    snprintf(path, sizeof path, "sys/kernel/iommu_groups/%d/name", device->group);
    return vv_sysfs_read_into(sysfs, path, name, sizeof name) < 0 || strcmp(name, "vfio-noiommu") != 0;
}

/* Files a device under its address and its group. Called in ascending order, so members come out sorted. */
static void index_device(VvHost *host, VvDevice *device)
{
    gint64 *key = g_new(gint64, 1);

    *key = (gint64)vv_address_key(device->address);
    g_hash_table_insert(host->by_key, key, device);
    if (device->group < 0)
        return;
    GPtrArray *members = g_hash_table_lookup(host->by_group, GINT_TO_POINTER(device->group));
    if (!members && !group_protects(host->sysfs, device)) {
        device->group = -1;
        return;
    }
    if (!members) {
        members = g_ptr_array_new();
        g_hash_table_insert(host->by_group, GINT_TO_POINTER(device->group), members);
        g_array_append_val(host->groups, device->group);
    }
    g_ptr_array_add(members, device);
}

VvHost *vv_host_scan(const VvSysfs *sysfs, GError **error)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "sys/bus/pci/devices");
    if (!names) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "cannot read the PCI bus below %s: %s",
                    vv_sysfs_root(sysfs), g_strerror(errno));
        return NULL;
    }

    VvHost *host = g_new0(VvHost, 1);
    host->sysfs = sysfs;
    host->devices = g_ptr_array_new_with_free_func(device_free);
    host->by_key = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    host->by_group = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
    host->groups = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < names->len; i++) {
        VvAddress address;
        VvDevice *device;
        if (vv_address_parse(names->pdata[i], &address, NULL) && (device = read_device(sysfs, address)))
            g_ptr_array_add(host->devices, device);
    }
    g_ptr_array_sort(host->devices, compare_devices);
    for (guint i = 0; i < host->devices->len; i++)
        index_device(host, host->devices->pdata[i]);
    g_array_sort(host->groups, compare_ints);
    return host;
}

void vv_host_free(VvHost *host)
{
    if (!host)
        return;
    vv_names_free(host->names);
    g_hash_table_unref(host->by_group);
    g_hash_table_unref(host->by_key);
    g_array_unref(host->groups);
    g_ptr_array_unref(host->devices);
    g_free(host);
}

const VvSysfs *vv_host_sysfs(const VvHost *host)
{
    return host->sysfs;
}

const GPtrArray *vv_host_devices(const VvHost *host)
{
    return host->devices;
}

const GArray *vv_host_groups(const VvHost *host)
{
    return host->groups;
}

VvDevice *vv_host_find(const VvHost *host, VvAddress address)
{
    gint64 key = (gint64)vv_address_key(address);

    return g_hash_table_lookup(host->by_key, &key);
}

gboolean vv_host_select(const VvHost *host, VvSelector selector, GPtrArray *devices)
{
    gboolean found = FALSE;
    VvAddress address = selector.address;
    guint first = selector.whole_slot ? 0 : address.function;
    guint last = selector.whole_slot ? 7 : address.function;

    for (guint function = first; function <= last; function++) {
        address.function = (guint8)function;
        VvDevice *device = vv_host_find(host, address);
        if (!device)
            continue;
        found = TRUE;
        if (!g_ptr_array_find(devices, device, NULL))
            g_ptr_array_add(devices, device);
    }
    return found;
}

const GPtrArray *vv_host_group_members(const VvHost *host, int group)
{
    return group < 0 ? NULL : g_hash_table_lookup(host->by_group, GINT_TO_POINTER(group));
}

gboolean vv_host_group_viable(const VvHost *host, int group, const GPtrArray *without,
                              const VvDevice **ret_culprit)
{
    const GPtrArray *members = vv_host_group_members(host, group);

    for (guint i = 0; members && i < members->len; i++) {
        const VvDevice *member = members->pdata[i];
        if (vv_driver_may_stay(member->driver) ||
            (without && g_ptr_array_find((GPtrArray *)without, member, NULL)))
            continue;
        if (ret_culprit)
            *ret_culprit = member;
        return FALSE;
    }
    return TRUE;
}

const char *vv_host_device_name(VvHost *host, const VvDevice *device)
{
    if (!host->names)
        host->names = vv_names_new(host->devices);
    return vv_names_get(host->names, device);
}
