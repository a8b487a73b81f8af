/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/topology.h"

/* The ACPI table in which the firmware describes an IOMMU: DMAR (Intel's), IVRS (AMD's), IORT (Arm's) or VIOT
 * (virtio's); static, NULL: there is none. */
const char *vv_iommu_table(const VvSysfs *sysfs);

/* Whose IOMMU this host has. The table says so (a virtual machine may have Intel's beside a CPU of AMD's),
 * and the CPU only where there is no table, because the firmware has switched the IOMMU off. */
VvCpuVendor vv_iommu_vendor(const VvSysfs *sysfs, const VvTopology *topology);
