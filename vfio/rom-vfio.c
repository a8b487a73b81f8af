/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/error.h"
#include "vfio/group.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

/* The ROM region of a VFIO device (Documentation/driver-api/vfio.rst, "VFIO Usage Example"). The kernel
 * powers the card up and switches memory decoding on for each reading, pads what is behind the chain with
 * 0xFF, and resets the card when it is opened (vfio_pci_core_enable). */

/* One opener only: a guest that has any device of the group keeps it to itself (vfio_group_fops_open). */
static int open_group(const VvSysfs *sysfs, const VvDevice *device, GError **error)
{
    int fd = vv_group_open(sysfs, device->group);

    if (fd >= 0)
        return fd;
    if (errno == EBUSY)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s is in use by a guest (/dev/vfio/%d is open): stop it and read again", device->text,
                    device->group);
    else if (errno == ENOENT)
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s is bound to VFIO, but there is no /dev/vfio/%d: this kernel has no VFIO groups, or "
                    "/dev is not "
                    "the host's",
                    device->text, device->group);
    else
        vv_rom_set_error(error, device, "opening its VFIO group", errno);
    return -1;
}

static int open_container(const VvSysfs *sysfs, const VvDevice *device, GError **error)
{
    VV_ROM_AUTO_FD fd = vv_sysfs_open(sysfs, "dev/vfio/vfio", O_RDWR);

    if (fd < 0) {
        if (errno == ENOENT)
            g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                        "%s: there is no /dev/vfio/vfio: load the module vfio", device->text);
        else
            vv_rom_set_error(error, device, "opening /dev/vfio/vfio", errno);
        return -1;
    }
    if (ioctl(fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
        ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s: VFIO has no IOMMU to work with: load the module vfio_iommu_type1", device->text);
        return -1;
    }
    return vv_rom_steal_fd(&fd);
}

static gboolean join(int container, int group, const VvDevice *device, GError **error)
{
    struct vfio_group_status status = {.argsz = sizeof status};

    if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) < 0) {
        vv_rom_set_error(error, device, "asking for the state of its VFIO group", errno);
        return FALSE;
    }
    if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_FAILED,
            "%s: another device of IOMMU group %d still has a host driver: bind the whole group to vfio-pci",
            device->text, device->group);
        return FALSE;
    }
    if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0) {
        vv_rom_set_error(error, device, "giving its VFIO group to a container", errno);
        return FALSE;
    }
    if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0)
        return TRUE;
    /* Not a matter of being root (vfio_iommu_type1_attach_group). */
    if (errno == EPERM)
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s: the kernel refuses its IOMMU group: this host has no interrupt remapping (see the "
                    "kernel's log)",
                    device->text);
    else
        vv_rom_set_error(error, device, "putting its VFIO group behind the IOMMU", errno);
    return FALSE;
}

static gboolean read_region(int fd, const VvDevice *device, GBytes **ret_first, GBytes **ret_second,
                            GError **error)
{
    struct vfio_region_info region = {.argsz = sizeof region, .index = VFIO_PCI_ROM_REGION_INDEX};

    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0) {
        vv_rom_set_error(error, device, "asking for its ROM region", errno);
        return FALSE;
    }
    /* The kernel says 0 too where the BAR is there and could not be mapped (vfio_pci_ioctl_get_region_info).
     */
    if (region.size == 0 || !(region.flags & VFIO_REGION_INFO_FLAG_READ)) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s shows no ROM through VFIO: it has no ROM BAR, or the kernel found no room to map it",
                    device->text);
        return FALSE;
    }
    gsize size = (gsize)MIN(region.size, VV_ROM_MAX);
    g_autoptr(GBytes) first = vv_rom_read_fd(fd, region.offset, size);
    g_autoptr(GBytes) second = first ? vv_rom_read_fd(fd, region.offset, size) : NULL;
    if (!second) {
        vv_rom_set_error(error, device, "reading its ROM through VFIO", errno);
        return FALSE;
    }
    *ret_first = g_steal_pointer(&first);
    *ret_second = g_steal_pointer(&second);
    return TRUE;
}

gboolean vv_rom_read_vfio(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                          GBytes **ret_second, GError **error)
{
    if (device->group < 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "%s is in no IOMMU group: is the IOMMU switched on?",
                    device->text);
        return FALSE;
    }
    /* Closed in the opposite order: device, group, container. */
    VV_ROM_AUTO_FD container = -1;
    VV_ROM_AUTO_FD group = open_group(sysfs, device, error);
    if (group < 0)
        return FALSE;
    container = open_container(sysfs, device, error);
    if (container < 0 || !join(container, group, device, error))
        return FALSE;
    VV_ROM_AUTO_FD fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device->text);
    if (fd < 0) {
        vv_rom_set_error(error, device, "opening it through VFIO", errno);
        return FALSE;
    }
    return read_region(fd, device, ret_first, ret_second, error);
}
