/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-child.h"

#include "vfio/group.h"
#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Descriptors that belong together; closed with the child that opened them. */
typedef struct {
    int container, device;
    GArray *groups; /* int */
} Opened;

/* Each group is put behind the container: kernels up to 5.18 take no other for the proof of ownership
 * (vfio_group_get_external_user). */
static int join(Opened *opened, const VvSysfs *sysfs, int number)
{
    int group = vv_group_open(sysfs, number);

    if (group < 0)
        return errno;
    g_array_append_val(opened->groups, group);
    if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &opened->container) < 0)
        return errno;
    /* The first one makes the container's IOMMU. */
    if (opened->groups->len == 1 && ioctl(opened->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
        return errno;
    return 0;
}

static int join_all(Opened *opened, const VvSysfs *sysfs, const GPtrArray *devices)
{
    opened->container = vv_sysfs_open(sysfs, "dev/vfio/vfio", O_RDWR);
    if (opened->container < 0)
        return errno;
    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        gboolean known = FALSE;
        for (guint j = 0; j < i && !known; j++)
            known = ((const VvDevice *)devices->pdata[j])->group == device->group;
        int error = known ? 0 : join(opened, sysfs, device->group);
        if (error)
            return error;
    }
    return 0;
}

/* `argsz` says how long it is with its flexible array of descriptors. */
static int order_reset(const Opened *opened)
{
    gsize size = sizeof(struct vfio_pci_hot_reset) + opened->groups->len * sizeof(__s32);
    g_autofree struct vfio_pci_hot_reset *order = g_malloc0(size);
    int error = vv_seam_step();

    order->argsz = (__u32)size;
    order->count = opened->groups->len;
    for (guint i = 0; i < opened->groups->len; i++)
        order->group_fds[i] = g_array_index(opened->groups, int, i);
    if (!error && ioctl(opened->device, VFIO_DEVICE_PCI_HOT_RESET, order) < 0)
        error = errno;
    return error;
}

int vv_reset_hot(const VvSysfs *sysfs, const GPtrArray *devices)
{
    Opened opened = {-1, -1, g_array_new(FALSE, FALSE, sizeof(int))};
    int error = join_all(&opened, sysfs, devices);

    if (!error) {
        int first = g_array_index(opened.groups, int, 0);
        opened.device = ioctl(first, VFIO_GROUP_GET_DEVICE_FD, ((const VvDevice *)devices->pdata[0])->text);
        error = opened.device < 0 ? errno : order_reset(&opened);
    }
    /* The device first: VFIO brings it to rest while its IOMMU is still there. */
    if (opened.device >= 0)
        close(opened.device);
    for (guint i = opened.groups->len; i > 0; i--)
        close(g_array_index(opened.groups, int, i - 1));
    if (opened.container >= 0)
        close(opened.container);
    g_array_unref(opened.groups);
    return error;
}
