/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* Bytes of address space above 4 GiB that the function wants: the sum of its 64-bit memory BARs as the kernel
 * has set them up (the file `resource`, drivers/pci/pci-sysfs.c; include/linux/ioport.h has the flags). The
 * expansion ROM and the BARs of virtual functions are not counted: the guest sees neither up there. 0 where
 * nothing can be read. */
guint64 vv_device_mmio64(const VvSysfs *sysfs, const VvDevice *device);
