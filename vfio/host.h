/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* Every PCI function of a machine and its IOMMU groups, read once. Group numbers change between boots and
 * with hot-plug: scan again, never store (drivers/iommu/iommu.c numbers them as they come). */
typedef struct VvHost VvHost;

/* VV_ERROR_NOT_READY when there is no PCI bus to read. Four system calls a function, and one to
 * three more for each group that a VFIO driver holds. The sysfs must outlive the host. */
VvHost *vv_host_scan(const VvSysfs *sysfs, GError **error);
void vv_host_free(VvHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvHost, vv_host_free)

const VvSysfs *vv_host_sysfs(const VvHost *host);

/* All functions (VvDevice *) by ascending address. Owned by the host. */
const GPtrArray *vv_host_devices(const VvHost *host);

/* NULL when there is no such function. */
VvDevice *vv_host_find(const VvHost *host, VvAddress address);

/* Appends what the selector means to `devices` (VvDevice *), each function once: the function, or all of the
 * slot. False when there is none. */
gboolean vv_host_select(const VvHost *host, VvSelector selector, GPtrArray *devices);

/* Ascending group numbers (int). Owned by the host. */
const GArray *vv_host_groups(const VvHost *host);

/* The members of a group (VvDevice *) by ascending address; NULL for a group that does not exist. */
const GPtrArray *vv_host_group_members(const VvHost *host, int group);

/* May VFIO own the group as it is now? Follows vfio_dev_viable (to 5.18) and
 * iommu_group_claim_dma_owner (from 5.19), whichever is stricter. Ignores `without` (may be NULL), an array
 * of VvDevice * that are going to VFIO anyway. The first culprit goes to *ret_culprit (may be NULL). */
gboolean vv_host_group_viable(const VvHost *host, int group, const GPtrArray *without,
                              const VvDevice **ret_culprit);

/* "NVIDIA Corporation GP104 [GeForce GTX 1080]" from pci.ids by libpci, never from the network; the ids in
 * hexadecimal where it is unknown. Owned by the host. */
const char *vv_host_device_name(VvHost *host, const VvDevice *device);
