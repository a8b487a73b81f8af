/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* Is this PCI driver registered, or is there a module of that name to load? On a recorded machine only the
 * first can be known; one recorded without its drivers gets the benefit of the doubt. */
gboolean vv_module_available(const VvSysfs *sysfs, const char *driver);

/* Registers the driver by loading its module (libkmod, with softdeps: vfio_iommu_type1 comes along) unless it
 * is there. `modalias` (may be NULL) of the device helps where driver and module are not called alike
 * (xhci_hcd). VV_ERROR_NOT_READY says what the kernel said. */
gboolean vv_module_load_driver(const VvSysfs *sysfs, const char *driver, const char *modalias,
                               GError **error);
