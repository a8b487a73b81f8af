/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longest path below a device that is read here. */
#define PATH_SIZE 128

static const char *attribute_path(const VvDevice *device, const char *attribute, char path[static PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "sys/bus/pci/devices/%s/%s", device->text, attribute);
    return path;
}

const char *vv_kind_name(VvKind kind)
{
    static const char *const names[] = {
        [VV_KIND_GPU] = "gpu",     [VV_KIND_AUDIO] = "audio",   [VV_KIND_NIC] = "nic",
        [VV_KIND_USB] = "usb",     [VV_KIND_HBA] = "hba",       [VV_KIND_NVME] = "nvme",
        [VV_KIND_OTHER] = "other", [VV_KIND_BRIDGE] = "bridge",
    };

    return names[kind];
}

VvKind vv_kind_from_class(guint32 class_code)
{
    guint base = class_code >> 16;
    guint sub = class_code >> 8 & 0xffff;

    if (sub == 0x0108)
        return VV_KIND_NVME;
    if (sub == 0x0401 || sub == 0x0403)
        return VV_KIND_AUDIO;
    if (sub == 0x0c03)
        return VV_KIND_USB;
    if (base == 0x03 || base == 0x12 || sub == 0x0b40)
        return VV_KIND_GPU;
    if (base == 0x02)
        return VV_KIND_NIC;
    if (base == 0x01)
        return VV_KIND_HBA;
    return base == 0x06 ? VV_KIND_BRIDGE : VV_KIND_OTHER;
}

const char *vv_device_class_text(const VvDevice *device, char text[static 8])
{
    snprintf(text, 8, "%04x", device->class_code >> 8 & 0xffff);
    return text;
}

char *vv_device_path(const VvDevice *device, const char *attribute)
{
    return attribute ? g_strdup_printf("sys/bus/pci/devices/%s/%s", device->text, attribute)
                     : g_strdup_printf("sys/bus/pci/devices/%s", device->text);
}

char *vv_device_ids(const VvDevice *device)
{
    return g_strdup_printf("%04x:%04x %04x:%04x %06x", device->vendor, device->device,
                           device->subsystem_vendor, device->subsystem_device, device->class_code);
}

char *vv_device_driver_now(const VvSysfs *sysfs, const VvDevice *device)
{
    char path[PATH_SIZE];

    return vv_sysfs_link_name(sysfs, attribute_path(device, "driver", path));
}

gboolean vv_device_is_endpoint(const VvSysfs *sysfs, const VvDevice *device)
{
    char path[PATH_SIZE];
    guint8 header[64];
    int fd = vv_sysfs_open(sysfs, attribute_path(device, "config", path), O_RDONLY);
    gssize length = -1;

    if (fd >= 0) {
        length = read(fd, header, sizeof header);
        close(fd);
    }
    /* Without configuration space (a recorded machine) the class must do; it tells all but oddities. Bit 7 of
     * the header type only says "multifunction". */
    if (length < 0x0f || (header[0] == 0xff && header[1] == 0xff))
        return device->kind != VV_KIND_BRIDGE;
    return (header[0x0e] & 0x7f) == 0;
}

gboolean vv_driver_is_vfio(const char *driver)
{
    return driver && (g_str_has_suffix(driver, "vfio-pci") || g_str_has_suffix(driver, "vfio_pci"));
}

/* reset_method came with 5.15; before, `reset` is there when any method is. */
static char **read_reset_methods(const VvSysfs *sysfs, const VvDevice *device)
{
    char path[PATH_SIZE];
    g_autofree char *methods = vv_sysfs_read(sysfs, attribute_path(device, "reset_method", path));

    if (methods)
        return *methods ? g_strsplit(g_strstrip(methods), " ", -1) : g_new0(char *, 1);
    char **result = g_new0(char *, 2);
    if (vv_sysfs_exists(sysfs, attribute_path(device, "reset", path)))
        result[0] = g_strdup("unknown");
    return result;
}

static gint64 read_number_or(const VvSysfs *sysfs, const VvDevice *device, const char *attribute,
                             gint64 otherwise)
{
    char path[PATH_SIZE];

    vv_sysfs_read_number(sysfs, attribute_path(device, attribute, path), &otherwise);
    return otherwise;
}

guint vv_device_count_vfs(const VvSysfs *sysfs, const char *address)
{
    g_autofree char *folder = g_strconcat("sys/bus/pci/devices/", address, NULL),
                    *path = g_strconcat(folder, "/sriov_numvfs", NULL);
    gint64 number = 0;
    guint count = 0;

    if (!vv_sysfs_is_live(sysfs))
        return vv_sysfs_read_number(sysfs, path, &number) ? (guint)number : 0;
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);
    for (guint i = 0; names && i < names->len; i++)
        count += g_str_has_prefix(names->pdata[i], "virtfn") ? 1 : 0;
    return count;
}

/* A virtual function has no SR-IOV capability of its own (SR-IOV specification 1.1, 3.3), so need not be
 * asked. */
static void read_sriov(const VvSysfs *sysfs, VvDevice *device)
{
    char path[PATH_SIZE];
    g_autofree char *parent = vv_sysfs_link_name(sysfs, attribute_path(device, "physfn", path));

    device->is_virtual = parent && vv_address_parse(parent, &device->parent, NULL);
    gint64 total = device->is_virtual ? -1 : read_number_or(sysfs, device, "sriov_totalvfs", -1);
    device->has_sriov = total >= 0;
    device->sriov_total = total >= 0 ? (guint)total : 0;
    device->sriov_current = device->has_sriov ? vv_device_count_vfs(sysfs, device->text) : 0;
}

void vv_device_read_details(const VvSysfs *sysfs, VvDevice *device)
{
    char path[PATH_SIZE];

    if (device->detailed)
        return;
    device->detailed = TRUE;
    device->numa_node = (int)read_number_or(sysfs, device, "numa_node", -1);
    /* boot_vga exists for class 0300 only, rom only with a ROM BAR. */
    device->boot_vga = device->class_code >> 8 == 0x0300 && read_number_or(sysfs, device, "boot_vga", 0) == 1;
    device->has_rom = vv_sysfs_exists(sysfs, attribute_path(device, "rom", path));
    device->reset_methods = read_reset_methods(sysfs, device);
    read_sriov(sysfs, device);
}
