/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* PCI_STD_NUM_BARS; in the file `resource` the ROM and the BARs of virtual functions come behind. */
#define VV_STANDARD_BARS 6

/* One BAR as the kernel has set it up (the file `resource`, drivers/pci/pci-sysfs.c; include/linux/ioport.h
 * has the flags). */
typedef struct {
    guint64 first, last; /* bytes of the host's address space */
    gboolean is_memory, is_64;
    gboolean is_assigned; /* FALSE: the function has it, and there was no room, or it has none */
} VvBar;

/* All of a function; those it has not are all zero. FALSE: they cannot be read. */
gboolean vv_bars_read(const VvSysfs *sysfs, const VvDevice *device, VvBar bars[static VV_STANDARD_BARS]);

/* Bytes of address space above 4 GiB that the function wants: the sum of its 64-bit memory BARs. The
 * expansion ROM and the BARs of virtual functions are not counted: the guest sees neither up there. 0 where
 * nothing can be read. */
guint64 vv_device_mmio64(const VvSysfs *sysfs, const VvDevice *device);
