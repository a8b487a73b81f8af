/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/iommu.h"

#include <string.h>

const char *vv_iommu_table(const VvSysfs *sysfs)
{
    static const char *const tables[] = {"DMAR", "IVRS", "IORT", "VIOT"};

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *path = g_build_filename("sys/firmware/acpi/tables", tables[i], NULL);
        if (vv_sysfs_exists(sysfs, path))
            return tables[i];
    }
    return NULL;
}

VvCpuVendor vv_iommu_vendor(const VvSysfs *sysfs, const VvTopology *topology)
{
    const char *table = vv_iommu_table(sysfs);

    if (!table)
        return topology->vendor;
    return strcmp(table, "DMAR") == 0 ? VV_CPU_INTEL : strcmp(table, "IVRS") == 0 ? VV_CPU_AMD : VV_CPU_OTHER;
}
