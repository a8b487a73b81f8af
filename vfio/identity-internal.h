/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/identity.h"

/* The lowest permanent MAC of the function's interfaces in our network namespace: new string, or NULL. One
 * function can have several interfaces, whose names and order change. */
char *vv_identity_read_mac(const VvSysfs *sysfs, const VvDevice *device);

/* Must the function be woken from D3cold before it answers? */
gboolean vv_device_sleeps(const VvSysfs *sysfs, const VvDevice *device);
