/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bars.h"

#define IORESOURCE_MEM 0x00000200
#define IORESOURCE_MEM_64 0x00100000
#define IORESOURCE_UNSET 0x20000000

static void parse_bar(const char *line, VvBar *bar)
{
    char *end = NULL;

    bar->first = g_ascii_strtoull(line, &end, 16);
    bar->last = g_ascii_strtoull(end, &end, 16);
    guint64 flags = g_ascii_strtoull(end, NULL, 16);
    bar->is_memory = (flags & IORESOURCE_MEM) != 0;
    bar->is_64 = (flags & IORESOURCE_MEM_64) != 0;
    /* A BAR that there was no room for begins at 0; what is marked as unset has its size only. */
    bar->is_assigned = flags && bar->first && bar->last > bar->first && !(flags & IORESOURCE_UNSET);
}

gboolean vv_bars_read(const VvSysfs *sysfs, const VvDevice *device, VvBar bars[static VV_STANDARD_BARS])
{
    g_autofree char *path = vv_device_path(device, "resource");
    g_autofree char *text = vv_sysfs_read(sysfs, path);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", VV_STANDARD_BARS + 1);
    guint count = g_strv_length(lines);

    for (guint i = 0; i < VV_STANDARD_BARS; i++) {
        bars[i] = (VvBar){0};
        if (i < count)
            parse_bar(lines[i], &bars[i]);
    }
    return text != NULL;
}

guint64 vv_device_mmio64(const VvSysfs *sysfs, const VvDevice *device)
{
    VvBar bars[VV_STANDARD_BARS];
    guint64 sum = 0;

    vv_bars_read(sysfs, device, bars);
    for (guint i = 0; i < VV_STANDARD_BARS; i++)
        if (bars[i].is_memory && bars[i].is_64 && bars[i].last > bars[i].first)
            sum += bars[i].last - bars[i].first + 1;
    return sum;
}
