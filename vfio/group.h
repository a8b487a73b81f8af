/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* May a member with this driver (NULL: none) stay in a group that VFIO owns? True where both the rule up
 * to 5.18 (vfio_dev_viable) and the one since 5.19 (iommu_group_claim_dma_owner) say so. */
gboolean vv_driver_may_stay(const char *driver);

/* Opens /dev/vfio/GROUP; -1 with errno, EBUSY where somebody else has it open. */
int vv_group_open(const VvSysfs *sysfs, int group);

/* Does a process have /dev/vfio/GROUP open? The kernel allows one opener at a time and answers EBUSY to the
 * next (drivers/vfio/group.c, vfio_group_fops_open), so opening it for a moment tells. FALSE where that
 * cannot be known. */
gboolean vv_group_in_use(const VvSysfs *sysfs, int group);
