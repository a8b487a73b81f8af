/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/wants.h"

#include "vfio/error.h"
#include "vfio/modules.h"

/* Two cards of one kind: vfio-pci.ids= would take both. */
static gboolean is_unique(const VvHost *host, const VvDevice *device)
{
    const GPtrArray *all = vv_host_devices(host);

    for (guint i = 0; i < all->len; i++) {
        const VvDevice *other = all->pdata[i];
        if (other != device && other->vendor == device->vendor && other->device == device->device)
            return FALSE;
    }
    return TRUE;
}

static void add(VvSetupWants *wants, const VvHost *host, const VvDevice *device)
{
    g_autoptr(VvSetupWants) more = vv_setup_wants_new();
    VvReserve *reserve = g_new0(VvReserve, 1);

    reserve->address = g_strdup(device->text);
    reserve->ids = g_strdup_printf("%04x:%04x", device->vendor, device->device);
    if (device->driver && !vv_driver_is_vfio(device->driver))
        reserve->module = vv_module_of_driver(vv_host_sysfs(host), device->driver);
    reserve->unique = is_unique(host, device);
    g_ptr_array_add(more->reserve, reserve);
    vv_setup_wants_merge(wants, more);
}

static gboolean refuse(const char *selector, const char *why, GError **error)
{
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s cannot be reserved: %s", selector, why);
    return FALSE;
}

gboolean vv_setup_wants_reserve(VvSetupWants *wants, VvHost *host, const char *selector, GError **error)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    guint taken = 0;

    if (!vv_selector_parse(selector, selectors, error))
        return FALSE;
    for (guint i = 0; i < selectors->len; i++)
        if (!vv_host_select(host, g_array_index(selectors, VvSelector, i), devices))
            return refuse(selector, "there is no such PCI function; 'virt-vfio list' shows what is there",
                          error);
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        if (device->kind == VV_KIND_BRIDGE || !vv_device_is_endpoint(vv_host_sysfs(host), device))
            continue;
        add(wants, host, device);
        taken++;
    }
    return taken || refuse(selector, "it is a bridge, which vfio-pci does not take", error);
}
