/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* The number of what is plugged in now at a port, such as bus 1 and port "4.2" (Documentation/ABI/stable/
 * sysfs-bus-usb and drivers/usb/core/usb.c, usb_alloc_dev(), name the devices BUS-PORT.PORT). It is another
 * one each time something is plugged in. 0: nothing is. */
guint vv_usb_device_number(const VvSysfs *sysfs, guint bus, const char *port);
