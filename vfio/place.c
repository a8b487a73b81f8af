/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/place.h"

#include "vfio/identity-internal.h"

#include <string.h>

/* What the kernel shows as the width of a link that does not exist (PCIE_LNK_WIDTH_UNKNOWN). */
#define WIDTH_UNKNOWN 255

GHashTable *vv_slots_read(const VvSysfs *sysfs)
{
    GHashTable *slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "sys/bus/pci/slots");

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *path = g_strdup_printf("sys/bus/pci/slots/%s/address", name);
        char *address = vv_sysfs_read(sysfs, path);
        const char *other = address ? g_hash_table_lookup(slots, address) : NULL;

        /* Two names for one place: always the same of them, in whatever order they are listed. */
        if (address && (!other || strcmp(name, other) < 0))
            g_hash_table_replace(slots, address, g_strdup(name));
        else
            g_free(address);
    }
    return slots;
}

static char *find_slot(GHashTable *slots, const VvTreeNode *node)
{
    for (; node; node = vv_tree_above(node)) {
        VvAddress address = node->device->address;
        g_autofree char *bus = g_strdup_printf("%04x:%02x", address.segment, address.bus);
        g_autofree char *place = g_strdup_printf("%s:%02x", bus, address.slot);
        const char *name = g_hash_table_lookup(slots, place);

        if (!name)
            name = g_hash_table_lookup(slots, bus);
        if (name)
            return g_strdup(name);
    }
    return NULL;
}

static char *read_text(const VvSysfs *sysfs, const VvDevice *device, const char *attribute)
{
    g_autofree char *path = vv_device_path(device, attribute);
    g_autofree char *text = vv_sysfs_read(sysfs, path);

    return text && *g_strstrip(text) ? g_steal_pointer(&text) : NULL;
}

/* "8.0 GT/s PCIe" -> "8.0 GT/s"; before 5.4 "8 GT/s"; "Unknown" or "Unknown speed" is none. */
static char *read_speed(const VvSysfs *sysfs, const VvDevice *device, const char *attribute)
{
    g_autofree char *text = read_text(sysfs, device, attribute);
    char *unit = text ? strstr(text, " GT/s") : NULL;

    return unit ? g_strndup(text, (gsize)(unit - text) + strlen(" GT/s")) : NULL;
}

static guint read_width(const VvSysfs *sysfs, const VvDevice *device, const char *attribute)
{
    g_autofree char *path = vv_device_path(device, attribute);
    gint64 width = 0;

    vv_sysfs_read_number(sysfs, path, &width);
    return width > 0 && width < WIDTH_UNKNOWN ? (guint)width : 0;
}

static gint64 read_index(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *acpi = vv_device_path(device, "acpi_index");
    g_autofree char *smbios = vv_device_path(device, "index");
    gint64 index = 0;

    if (!vv_sysfs_read_number(sysfs, acpi, &index))
        vv_sysfs_read_number(sysfs, smbios, &index);
    return MAX(index, 0);
}

/* A VF is where its PF is: ACPI's hot-plug shows its device number as a slot of its own. */
static const VvTreeNode *bearer_of(const VvSysfs *sysfs, const VvTreeNode *node)
{
    vv_device_read_details(sysfs, node->device);
    for (guint i = 0; node->device->is_virtual && i < node->parent->children->len; i++) {
        const VvTreeNode *other = node->parent->children->pdata[i];
        if (other->device && vv_address_equal(other->device->address, node->device->parent))
            return other;
    }
    return node;
}

VvPlace *vv_place_read(const VvSysfs *sysfs, GHashTable *slots, const VvTreeNode *node)
{
    const VvDevice *device = node->device;
    VvPlace *place = g_new0(VvPlace, 1);

    place->slot = find_slot(slots, bearer_of(sysfs, node));
    place->label = read_text(sysfs, device, "label");
    place->index = read_index(sysfs, device);
    if (vv_device_sleeps(sysfs, device))
        return place;
    place->speed = read_speed(sysfs, device, "current_link_speed");
    place->max_speed = read_speed(sysfs, device, "max_link_speed");
    place->width = read_width(sysfs, device, "current_link_width");
    place->max_width = read_width(sysfs, device, "max_link_width");
    return place;
}

void vv_place_free(VvPlace *place)
{
    if (!place)
        return;
    g_free(place->slot);
    g_free(place->label);
    g_free(place->speed);
    g_free(place->max_speed);
    g_free(place);
}
