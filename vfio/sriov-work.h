/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"
#include "vfio/sriov-note.h"

/* Shared by sriov-*.c only: the writes that change the number of VFs, in a disposable child, because a driver
 * that is to take VFs away waits for whoever has them (drivers/vfio/vfio_main.c, vfio_unregister_group_dev).
 */

typedef enum {
    VV_SRIOV_AUTOPROBE, /* writing sriov_drivers_autoprobe */
    VV_SRIOV_ZERO,      /* taking the present VFs away */
    VV_SRIOV_COUNT,     /* making them */
    VV_SRIOV_RESTORE,   /* autoprobe, and after a failure the number, as before */
    VV_SRIOV_SHARE,     /* NVMe: resources for each */
    VV_SRIOV_ONLINE,    /* NVMe: controllers brought online */
    VV_SRIOV_DONE,
} VvSriovStage;

typedef struct {
    const VvSysfs *sysfs;
    const VvSriovNote *note;
    gboolean is_nvme;
    int lock_fd; /* of the PF's group, for a child that outlives this program; -1: none */
    guint deadline_ms;
} VvSriovOrder;

typedef struct {
    VvSriovStage stage; /* VV_SRIOV_DONE, or where it failed */
    int error;          /* errno, or as in vfio/nvme-virt.h; 0: done */
    guint online;       /* NVMe: controllers brought online */
    gboolean managed;   /* NVMe: the drive lets us manage its controllers */
    gboolean wedged;    /* the child hangs in the kernel and was left behind */
    pid_t worker;       /* wedged: the child */
    char *evidence;     /* wedged: where it hangs */
} VvSriovOutcome;

void vv_sriov_in_child(const VvSriovOrder *order, VvSriovOutcome *ret);
void vv_sriov_outcome_clear(VvSriovOutcome *outcome);

/* Only puts in order what was left, as the note says: 0 or an errno, ETIMEDOUT when the child hangs. */
int vv_sriov_finish_in_child(const VvSriovOrder *order);
