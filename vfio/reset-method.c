/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-method.h"

#include "vfio/reset-quirk.h"
#include "vfio/siblings.h"

#include <stdio.h>
#include <string.h>

static void method_free(gpointer data)
{
    VvResetMethod *method = data;

    g_ptr_array_unref(method->reaches);
    g_free(method->name);
    g_free(method->unfit);
    g_free(method->path);
    g_free(method);
}

static VvResetMethod *add(GPtrArray *methods, VvResetKind kind, const char *name)
{
    VvResetMethod *method = g_new0(VvResetMethod, 1);

    method->name = g_strdup(name);
    method->kind = kind;
    method->reaches = g_ptr_array_new();
    g_ptr_array_add(methods, method);
    return method;
}

static void set_unfit(VvResetMethod *method, gboolean refused, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The first cause counts, but one that cannot be overruled counts more. */
static void set_unfit(VvResetMethod *method, gboolean refused, const char *format, ...)
{
    va_list arguments;

    if (method->unfit && (method->refused || !refused))
        return;
    g_free(method->unfit);
    va_start(arguments, format);
    method->unfit = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    method->refused = refused;
}

static void add_virtual_functions(VvHost *host, const VvDevice *device, GPtrArray *found)
{
    const GPtrArray *devices = vv_host_devices(host);

    for (guint i = 0; device->sriov_current > 0 && i < devices->len; i++) {
        VvDevice *other = devices->pdata[i];
        vv_device_read_details(vv_host_sysfs(host), other);
        if (other->is_virtual && vv_address_equal(other->parent, device->address) &&
            !g_ptr_array_find(found, other, NULL))
            g_ptr_array_add(found, other);
    }
}

static gboolean is_of_bus(const char *name)
{
    return strcmp(name, "bus") == 0 || strcmp(name, "cxl_bus") == 0;
}

/* The kernel names `bus` for the first function of a card, which was alone when the list was made, and then
 * refuses it (pci_parent_bus_reset). */
static void add_kernel(GPtrArray *methods, VvHost *host, VvDevice *device, const char *name)
{
    VvResetMethod *method = add(methods, VV_RESET_KERNEL, name);
    const VvResetQuirk *quirk = vv_reset_quirk_against(device, is_of_bus(name) ? "bus" : name);
    g_autoptr(GPtrArray) beside = g_ptr_array_new();

    add_virtual_functions(host, device, method->reaches);
    vv_bus_siblings(host, device, beside);
    if (is_of_bus(name) && beside->len)
        set_unfit(method, TRUE,
                  "the kernel resets a bus for a function that is alone on it, and %s is there too",
                  ((const VvDevice *)beside->pdata[0])->text);
    if (quirk)
        set_unfit(method, FALSE, "%s (%s)", quirk->why, quirk->source);
}

static void add_kernels(GPtrArray *methods, VvHost *host, VvDevice *device, gboolean of_bus)
{
    /* A vendor's method knows more than a standard one, wherever somebody has put it in the list. */
    for (int own = 1; own >= 0; own--)
        for (char **name = device->reset_methods; *name; name++)
            if (is_of_bus(*name) == of_bus && (strcmp(*name, "device_specific") == 0) == own)
                add_kernel(methods, host, device, *name);
}

static void check_bus_quirks(VvResetMethod *method, const VvDevice *device)
{
    for (guint i = 0; i <= method->reaches->len; i++) {
        const VvDevice *one = i ? method->reaches->pdata[i - 1] : device;
        const VvResetQuirk *quirk = vv_reset_quirk_against(one, "bus");
        if (quirk)
            set_unfit(method, FALSE, "%s: %s (%s)", one->text, quirk->why, quirk->source);
    }
}

/* VFIO resets a bus only when it has all that is on it, and on the buses below
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_dev_set_resettable). */
static void add_hot(GPtrArray *methods, VvHost *host, VvDevice *device, const char *bridge)
{
    VvResetMethod *method = add(methods, VV_RESET_HOT, "hot_reset");

    method->path = g_strdup(bridge);
    vv_bus_siblings(host, device, method->reaches);
    for (guint i = 0; i <= method->reaches->len; i++) {
        const VvDevice *one = i ? method->reaches->pdata[i - 1] : device;
        if (!vv_driver_is_vfio(one->driver))
            set_unfit(method, TRUE, "%s is not with VFIO", one->text);
    }
    check_bus_quirks(method, device);
}

static void add_subordinate(GPtrArray *methods, VvHost *host, VvDevice *device, const char *bridge)
{
    g_autofree char *attribute = g_build_filename(bridge, "reset_subordinate", NULL);

    if (!vv_sysfs_exists(vv_host_sysfs(host), attribute))
        return;
    VvResetMethod *method = add(methods, VV_RESET_SUBORDINATE, "reset_subordinate");
    method->path = g_strdup(bridge);
    vv_bus_siblings(host, device, method->reaches);
    check_bus_quirks(method, device);
}

/* "sys/bus/pci/slots/3" whose `address` ("0000:05:00", drivers/pci/slot.c) is that of the device, and that
 * has power to switch: new string. */
static char *find_slot(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "sys/bus/pci/slots");
    char wanted[VV_ADDRESS_TEXT];

    g_strlcpy(wanted, device->text, sizeof wanted);
    *strrchr(wanted, '.') = '\0';
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *folder = g_strdup_printf("sys/bus/pci/slots/%s", (const char *)names->pdata[i]);
        g_autofree char *address_path = g_strconcat(folder, "/address", NULL);
        g_autofree char *power_path = g_strconcat(folder, "/power", NULL);
        g_autofree char *address = vv_sysfs_read(sysfs, address_path);
        if (g_strcmp0(address, wanted) == 0 && vv_sysfs_exists(sysfs, power_path))
            return g_steal_pointer(&folder);
    }
    return NULL;
}

/* Virtual functions do not come back by themselves when their physical function does. */
static void check_no_virtual(VvResetMethod *method, const VvDevice *device)
{
    method->consent = TRUE;
    if (device->sriov_current > 0)
        set_unfit(method, TRUE,
                  "%u virtual functions would be lost; take them away first: virt-vfio sriov set %s --vfs 0",
                  device->sriov_current, device->text);
    if (device->is_virtual)
        set_unfit(method, TRUE, "it is a virtual function, which comes and goes with its physical function");
}

static void add_slot(GPtrArray *methods, VvHost *host, VvDevice *device)
{
    char *folder = find_slot(vv_host_sysfs(host), device);

    if (!folder)
        return;
    VvResetMethod *method = add(methods, VV_RESET_SLOT, "slot_power");
    method->path = folder;
    vv_bus_siblings(host, device, method->reaches);
    check_no_virtual(method, device);
}

static void add_rescan(GPtrArray *methods, VvHost *host, VvDevice *device, const char *bridge)
{
    const GPtrArray *devices = vv_host_devices(host);
    VvResetMethod *method = add(methods, VV_RESET_RESCAN, "remove_rescan");

    method->path = g_strdup(bridge ? bridge : "sys/bus/pci");
    for (guint i = 0; i < devices->len; i++) {
        VvDevice *other = devices->pdata[i];
        if (other != device && vv_address_same_slot(other->address, device->address))
            g_ptr_array_add(method->reaches, other);
    }
    check_no_virtual(method, device);
}

GPtrArray *vv_reset_methods(VvHost *host, VvDevice *device)
{
    GPtrArray *methods = g_ptr_array_new_with_free_func(method_free);
    g_autofree char *bridge = NULL;
    char text[VV_ADDRESS_TEXT];
    VvAddress above;

    vv_device_read_details(vv_host_sysfs(host), device);
    if (vv_bus_bridge(host, device, &above))
        bridge = g_strdup_printf("sys/bus/pci/devices/%s", vv_address_format(above, text));
    add_kernels(methods, host, device, FALSE);
    add_kernels(methods, host, device, TRUE);
    if (bridge) {
        add_hot(methods, host, device, bridge);
        add_subordinate(methods, host, device, bridge);
        add_slot(methods, host, device);
    }
    add_rescan(methods, host, device, bridge);
    return methods;
}

const VvResetMethod *vv_reset_method_find(const GPtrArray *methods, const char *name)
{
    for (guint i = 0; i < methods->len; i++) {
        const VvResetMethod *method = methods->pdata[i];
        if (strcmp(method->name, name) == 0)
            return method;
    }
    return NULL;
}
