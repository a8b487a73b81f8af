/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov.h"

#include "vfio/error.h"
#include "vfio/group.h"

#include <stdio.h>
#include <string.h>

static void vf_free(gpointer data)
{
    VvVf *vf = data;

    g_free(vf->interface);
    g_free(vf->owner);
    g_free(vf);
}

void vv_pf_free(VvPf *pf)
{
    if (!pf)
        return;
    g_free(pf->interface);
    g_ptr_array_unref(pf->vfs);
    g_free(pf);
}

static gint64 read_number(const VvSysfs *sysfs, const VvDevice *device, const char *attribute,
                          gint64 otherwise)
{
    g_autofree char *path = vv_device_path(device, attribute);
    gint64 value = otherwise;

    vv_sysfs_read_number(sysfs, path, &value);
    return value;
}

/* A switch in switchdev mode shows its ports as interfaces of the PF, too: "pf0vf3", "pf0sf88"
 * (net/core/devlink.c, devlink_port_phys_port_name_get). */
static gboolean is_representor(const VvSysfs *sysfs, const char *interface)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/phys_port_name", interface);
    g_autofree char *name = vv_sysfs_read(sysfs, path);

    return name && (strstr(name, "vf") || strstr(name, "sf"));
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *vv_pci_interface(const VvSysfs *sysfs, VvAddress address)
{
    char path[64], text[VV_ADDRESS_TEXT];

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/net", vv_address_format(address, text));
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, path);
    if (names)
        g_ptr_array_sort(names, compare_names);
    for (guint i = 0; names && i < names->len; i++)
        if (!is_representor(sysfs, names->pdata[i]))
            return g_strdup(names->pdata[i]);
    return NULL;
}

static gboolean read_virtfn(const VvSysfs *sysfs, const char *pf, guint index, VvAddress *ret)
{
    char path[80];

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/virtfn%u", pf, index);
    g_autofree char *name = vv_sysfs_link_name(sysfs, path);
    return name && vv_address_parse(name, ret, NULL);
}

/* Where the VF must be if it is one of those that the first two begin; the link says whether it is there.
 * Going through the links of all before it would make 127 of them cost 127 times as much each as one. */
static gboolean guess_index(const VvSysfs *sysfs, const char *pf, VvAddress vf, guint *ret)
{
    VvAddress first, second, other;

    if (!read_virtfn(sysfs, pf, 0, &first) || !read_virtfn(sysfs, pf, 1, &second))
        return FALSE;
    guint64 key = vv_address_key(vf), from = vv_address_key(first), next = vv_address_key(second);
    if (key < from || next <= from || (key - from) / (next - from) > G_MAXUINT16)
        return FALSE;
    *ret = (guint)((key - from) / (next - from));
    return read_virtfn(sysfs, pf, *ret, &other) && vv_address_equal(other, vf);
}

gboolean vv_vf_parent(const VvSysfs *sysfs, VvAddress vf, VvAddress *ret_pf, guint *ret_index)
{
    char path[64], text[VV_ADDRESS_TEXT];
    VvAddress other;

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/physfn", vv_address_format(vf, text));
    g_autofree char *name = vv_sysfs_link_name(sysfs, path);
    if (!name || !vv_address_parse(name, ret_pf, NULL))
        return FALSE;
    if (guess_index(sysfs, name, vf, ret_index))
        return TRUE;
    for (guint i = 0; read_virtfn(sysfs, name, i, &other); i++)
        if (vv_address_equal(other, vf)) {
            *ret_index = i;
            return TRUE;
        }
    return FALSE;
}

static char *owner_of(const VvVf *vf, const GPtrArray *entries, const GPtrArray *claims)
{
    for (guint i = 0; entries && i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        if (vv_address_equal(entry->address, vf->address))
            return entry->owner_name ? g_strdup_printf("domain %s", entry->owner_name)
                                     : g_strdup(entry->owner);
    }
    for (guint i = 0; claims && i < claims->len; i++) {
        const VvClaim *claim = claims->pdata[i];
        if (vv_address_equal(claim->address, vf->address))
            return g_strdup(claim->who);
    }
    return NULL;
}

/* What all VFs of a PF are looked at with. */
typedef struct {
    VvHost *host;
    const GPtrArray *entries, *claims;
    GHashTable *groups; /* names in /dev/vfio: what is not there nobody has open, which need not be tried */
} Look;

static GHashTable *list_groups(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "dev/vfio");
    GHashTable *groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; names && i < names->len; i++)
        g_hash_table_add(groups, g_strdup(names->pdata[i]));
    return groups;
}

static gboolean is_open(const Look *look, int group)
{
    char name[16];

    snprintf(name, sizeof name, "%d", group);
    return group >= 0 && g_hash_table_contains(look->groups, name) &&
           vv_group_in_use(vv_host_sysfs(look->host), group);
}

static VvVf *read_vf(const Look *look, guint index, VvAddress address)
{
    VvVf *vf = g_new0(VvVf, 1);

    vf->index = index;
    vf->address = address;
    vf->device = vv_host_find(look->host, address);
    vf->owner = owner_of(vf, look->entries, look->claims);
    /* Of one that goes while a guest has it the driver is gone already, but the kernel waits for the guest.
     */
    if (!vf->owner && vf->device && vv_driver_may_stay(vf->device->driver) &&
        is_open(look, vf->device->group))
        vf->owner = g_strdup(VV_VF_PROGRAM);
    vf->in_use = vf->owner != NULL;
    if (vf->device && vf->device->driver && !vv_driver_is_vfio(vf->device->driver))
        vf->interface = vv_pci_interface(vv_host_sysfs(look->host), address);
    return vf;
}

VvPf *vv_pf_read(VvHost *host, VvDevice *device, const GPtrArray *entries, const GPtrArray *claims,
                 GError **error)
{
    const VvSysfs *sysfs = vv_host_sysfs(host);
    gint64 total = read_number(sysfs, device, "sriov_totalvfs", -1);
    VvAddress address;

    if (total < 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s has no virtual functions to give; 'virt-vfio sriov list' shows what has",
                    device->text);
        return NULL;
    }
    VvPf *pf = g_new0(VvPf, 1);
    pf->device = device;
    pf->total = (guint)total;
    pf->enabled = vv_device_count_vfs(sysfs, device->text);
    pf->autoprobe = (int)read_number(sysfs, device, "sriov_drivers_autoprobe", -1);
    pf->offset = (guint)read_number(sysfs, device, "sriov_offset", 0);
    pf->stride = (guint)read_number(sysfs, device, "sriov_stride", 0);
    pf->interface = vv_pci_interface(sysfs, device->address);
    pf->vfs = g_ptr_array_new_with_free_func(vf_free);
    g_autoptr(GHashTable) groups = list_groups(sysfs);
    const Look look = {host, entries, claims, groups};
    for (guint i = 0; i < pf->enabled; i++)
        if (read_virtfn(sysfs, device->text, i, &address))
            g_ptr_array_add(pf->vfs, read_vf(&look, i, address));
    return pf;
}

GPtrArray *vv_pf_list(VvHost *host, const GPtrArray *entries, const GPtrArray *claims)
{
    GPtrArray *pfs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_pf_free);
    const GPtrArray *devices = vv_host_devices(host);

    for (guint i = 0; i < devices->len; i++) {
        VvPf *pf = vv_pf_read(host, devices->pdata[i], entries, claims, NULL);
        if (pf)
            g_ptr_array_add(pfs, pf);
    }
    return pfs;
}

VvDevice *vv_pf_find(VvHost *host, const char *word, GError **error)
{
    g_autofree char *path = g_strdup_printf("sys/class/net/%s/device", word);
    g_autofree char *behind = strpbrk(word, "/:") ? NULL : vv_sysfs_link_name(vv_host_sysfs(host), path);
    const char *text = behind ? behind : word;
    VvAddress address, parent;
    guint index;

    if (!vv_address_parse(text, &address, NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "'%s' is no address like 01:00.0, nor a network interface of a PCI card", word);
        return NULL;
    }
    VvDevice *device = vv_host_find(host, address);
    if (!device)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "not-found: there is no PCI function at %s; 'virt-vfio sriov list' shows what can have "
                    "virtual functions",
                    word);
    else if (vv_vf_parent(vv_host_sysfs(host), address, &parent, &index)) {
        char name[VV_ADDRESS_TEXT];
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s is a virtual function itself, number %u of %s",
                    word, index, vv_address_format(parent, name));
        return NULL;
    }
    return device;
}

const VvVf *vv_pf_vf(const VvPf *pf, guint index)
{
    for (guint i = 0; i < pf->vfs->len; i++)
        if (((const VvVf *)pf->vfs->pdata[i])->index == index)
            return pf->vfs->pdata[i];
    return NULL;
}
