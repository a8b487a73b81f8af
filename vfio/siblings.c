/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/siblings.h"

#include <string.h>

char *vv_device_place(const VvHost *host, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, NULL);

    return vv_sysfs_link_target(vv_host_sysfs(host), path);
}

/* What all on the bus of the function and below have in front of their names: "…/0000:00:01.0/". New string;
 * "" when there is no bridge above, so that nothing can be reset. */
static char *bridge_above(const char *place)
{
    g_autofree char *bridge = g_path_get_dirname(place);
    g_autofree char *name = g_path_get_basename(bridge);
    VvAddress address;

    /* A host bridge is "pci0000:00". */
    return vv_address_parse(name, &address, NULL) ? g_strconcat(bridge, "/", NULL) : g_strdup("");
}

static gboolean is_on_or_below(const VvHost *host, const char *bridge, const VvDevice *device)
{
    g_autofree char *place = vv_device_place(host, device);

    return *bridge && place && g_str_has_prefix(place, bridge);
}

static gboolean is_on_same_bus(const VvDevice *a, const VvDevice *b)
{
    return a->address.segment == b->address.segment && a->address.bus == b->address.bus;
}

static gboolean is_virtual_function_of(const VvHost *host, VvDevice *device, const VvDevice *parent)
{
    vv_device_read_details(vv_host_sysfs(host), device);
    return device->is_virtual && vv_address_equal(device->parent, parent->address);
}

gboolean vv_reset_needs_bus(const VvDevice *device)
{
    for (char **method = device->reset_methods; *method; method++)
        if (strcmp(*method, "bus") != 0 && strcmp(*method, "cxl_bus") != 0)
            return FALSE;
    return TRUE;
}

void vv_reset_siblings(const VvHost *host, const VvDevice *device, GPtrArray *ret_devices)
{
    const GPtrArray *devices = vv_host_devices(host);
    VvDevice *self = vv_host_find(host, device->address);
    g_autofree char *place = NULL, *bridge = NULL;

    vv_device_read_details(vv_host_sysfs(host), self);
    gboolean whole_bus = vv_reset_needs_bus(self);
    if (whole_bus && (place = vv_device_place(host, self)))
        bridge = bridge_above(place);
    for (guint i = 0; i < devices->len; i++) {
        VvDevice *other = devices->pdata[i];
        if (other == self)
            continue;
        if ((whole_bus && (bridge ? is_on_or_below(host, bridge, other) : is_on_same_bus(self, other))) ||
            (self->sriov_current > 0 && is_virtual_function_of(host, other, self)))
            g_ptr_array_add(ret_devices, other);
    }
}

void vv_bus_siblings(const VvHost *host, const VvDevice *device, GPtrArray *ret_devices)
{
    const GPtrArray *devices = vv_host_devices(host);
    g_autofree char *place = vv_device_place(host, device), *bridge = place ? bridge_above(place) : NULL;

    for (guint i = 0; bridge && i < devices->len; i++) {
        VvDevice *other = devices->pdata[i];
        if (other != device && is_on_or_below(host, bridge, other))
            g_ptr_array_add(ret_devices, other);
    }
}

gboolean vv_bus_bridge(const VvHost *host, const VvDevice *device, VvAddress *ret)
{
    g_autofree char *place = vv_device_place(host, device);
    g_autofree char *bridge = place ? g_path_get_dirname(place) : g_strdup("");
    g_autofree char *name = g_path_get_basename(bridge);

    return vv_address_parse(name, ret, NULL);
}
