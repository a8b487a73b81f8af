/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* What a machine is, for a document about it. Any text is NULL where it is not known. */
typedef struct {
    char *name;    /* the host's */
    char *product; /* "Dell Inc. PowerEdge R750", as the firmware says (SMBIOS) */
    char *board;   /* "ASRock B550 Taichi" */
    char *serial;  /* of the machine; root only */
    char *firmware, *firmware_date;
    char *cpu; /* "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz" */
    guint sockets, cores, threads;
    guint64 memory_kib;
    char *kernel, *command_line;
    char *iommu;             /* "Intel VT-d, 2 units"; NULL: none is on */
    char *iommu_type;        /* how the host's own devices go through it: "DMA-FQ", "identity" */
    gboolean serial_refused; /* there is one that only root may read */
} VvMachine;

/* From /sys/class/dmi/id, /sys/class/iommu (Documentation/ABI/testing/sysfs-class-iommu), /proc/cpuinfo,
 * /proc/cmdline and /proc/sys/kernel. Never NULL. */
VvMachine *vv_machine_read(const VvSysfs *sysfs);
void vv_machine_free(VvMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvMachine, vv_machine_free)
