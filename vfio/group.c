/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gboolean vv_driver_may_stay(const char *driver)
{
    return !driver || vv_driver_is_vfio(driver) || strcmp(driver, "pci-stub") == 0 ||
           strcmp(driver, "pcieport") == 0;
}

int vv_group_open(const VvSysfs *sysfs, int group)
{
    char path[32];

    snprintf(path, sizeof path, "dev/vfio/%d", group);
    return vv_sysfs_open(sysfs, path, O_RDWR);
}

gboolean vv_group_in_use(const VvSysfs *sysfs, int group)
{
    int fd = vv_group_open(sysfs, group);

    if (fd < 0)
        return errno == EBUSY;
    close(fd);
    return FALSE;
}
