/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bars.h"

#define STANDARD_BARS 6 /* PCI_STD_NUM_BARS; ROM and VF BARs come behind */
#define IORESOURCE_MEM 0x00000200
#define IORESOURCE_MEM_64 0x00100000

guint64 vv_device_mmio64(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "resource");
    g_autofree char *text = vv_sysfs_read(sysfs, path);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", STANDARD_BARS + 1);
    guint64 sum = 0;

    for (guint i = 0; lines[i] && i < STANDARD_BARS; i++) {
        char *end = NULL;
        guint64 first = g_ascii_strtoull(lines[i], &end, 16);
        guint64 last = g_ascii_strtoull(end, &end, 16);
        guint64 flags = g_ascii_strtoull(end, NULL, 16);

        /* A BAR the firmware has found no room for is all zero. */
        if (flags & IORESOURCE_MEM && flags & IORESOURCE_MEM_64 && last > first)
            sum += last - first + 1;
    }
    return sum;
}
