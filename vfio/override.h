/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* driver_override: which driver alone may bind a function (Documentation/ABI/testing/sysfs-bus-pci). Reading
 * it takes the device's lock (drivers/pci/pci-sysfs.c, driver_override_show), which a driver that hangs never
 * gives back. */

/* The override of each of the devices (VvDevice *) that has one, by the address's text; asked by a disposable
 * child. NULL when the kernel has not answered after `deadline_ms`. */
GHashTable *vv_overrides_ask(const VvSysfs *sysfs, const GPtrArray *devices, guint deadline_ms);

/* What the attribute at `path` says: new string, NULL when none is set. May block: for children only. */
char *vv_override_read(const VvSysfs *sysfs, const char *path);
