/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <stdio.h>
#include <string.h>

/* Who else counts on the function: its own VFs, and what driverctl was told. */

/* Is any interface of this function switched on? */
static gboolean is_up(VvUsage *usage, const VvDevice *device)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/class/net");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        char path[64];
        gint64 flags = 0;
        snprintf(path, sizeof path, "sys/class/net/%.16s/flags", node->name);
        if (vv_usage_is_behind(usage, device, node->place) &&
            vv_sysfs_read_number(usage->sysfs, path, &flags) && flags & 1)
            return TRUE;
    }
    return FALSE;
}

static VvDevice *find_vf(VvUsage *usage, const VvDevice *device, guint number)
{
    char attribute[32];
    VvAddress address;

    snprintf(attribute, sizeof attribute, "virtfn%u", number);
    g_autofree char *path = vv_device_path(device, attribute);
    g_autofree char *name = vv_sysfs_link_name(usage->sysfs, path);
    return name && vv_address_parse(name, &address, NULL) ? vv_host_find(usage->host, address) : NULL;
}

/* vfio-pci does not take a PF with VFs (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_register_device:
 * EBUSY), so nothing is gained by allowing it. */
static void check_sriov(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    g_autoptr(GString) uses = g_string_new(NULL);
    guint count = vv_device_count_vfs(usage->sysfs, device->text);

    if (count == 0)
        return;
    for (guint i = 0; i < count && !uses->len; i++) {
        const VvDevice *vf = find_vf(usage, device, i);
        if (vf && vv_driver_is_vfio(vf->driver))
            g_string_printf(uses, "; %s is with %s, for a guest", vf->text, vf->driver);
        else if (vf && is_up(usage, vf))
            g_string_printf(uses, "; the interface of %s is up", vf->text);
    }
    g_autofree char *remedy =
        g_strdup_printf("take them away first: virt-vfio sriov set %s --vfs 0", device->text);
    g_ptr_array_add(reasons,
                    vv_reason_new("sriov-parent", VV_SEVERITY_BLOCK, device->address, FALSE, remedy,
                                  "%u VF%s of it would go too%s", count, count == 1 ? "" : "s", uses->str));
}

/* driverctl keeps the driver's name in a file for each device, and binds it at every boot. */
static void check_driverctl(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    g_autofree char *path = g_strdup_printf("etc/driverctl.d/pci-%s", device->text);
    g_autofree char *driver = vv_sysfs_read(usage->sysfs, path);

    if (!driver || vv_driver_is_vfio(g_strstrip(driver)))
        return;
    g_autofree char *remedy = g_strdup_printf("take that back: driverctl unset-override %s", device->text);
    vv_usage_add(reasons, "claimed", VV_SEVERITY_BLOCK, device, remedy, "driverctl keeps it for %s",
                 *driver ? driver : "another driver");
}

void vv_usage_check_claims(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    check_sriov(usage, device, reasons);
    check_driverctl(usage, device, reasons);
}
