/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usb.h"

guint vv_usb_device_number(const VvSysfs *sysfs, guint bus, const char *port)
{
    g_autofree char *path = g_strdup_printf("sys/bus/usb/devices/%u-%s/devnum", bus, port);
    gint64 number = 0;

    /* USB 2.0, 9.4.6: addresses have seven bits. */
    return vv_sysfs_read_number(sysfs, path, &number) && number > 0 && number < 128 ? (guint)number : 0;
}
