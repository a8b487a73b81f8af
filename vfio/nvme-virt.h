/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/sysfs.h"

/* The VFs of an NVMe drive are secondary controllers: they do nothing before the drive's own (primary)
 * controller has given them queues and interrupts and has brought them online (NVM Express Base Specification
 * 2.0, 8.26 "Virtualization Enhancements"; commands: 5.31 Virtualization Management, 5.17.2.13 and .14
 * Identify). Asked through the primary's character device, which its host driver makes. */

typedef struct {
    guint16 id;      /* SCID */
    guint vf;        /* number of the VF, from 0 as in virtfnN (the drive counts from 1) */
    gboolean online; /* SCS */
    guint queues;    /* NVQ, the admin queue included */
    guint interrupts;
    char *namespaces; /* those it shows, "1,3"; "": none; NULL: not asked, or the drive does not tell */
} VvNvmeSecondary;

/* Its secondary controllers (VvNvmeSecondary) by VF, with their namespaces; empty where the drive has none.
 * Asked by a disposable child: an admin command may take as long as its time-out (nvme_core.admin_timeout, 60
 * s). Needs root. NULL with VV_ERROR_FAILED, or VV_ERROR_NOT_READY where no host driver has the drive. */
GArray *vv_nvme_secondaries(const VvSysfs *sysfs, VvAddress pf, guint deadline_ms, GError **error);

/* Sees to it that the controller of this VF works: gives it what it lacks, resets it, and brings it online.
 * The VF must have no driver. Nothing is done for one that is online, and for drives that manage their VFs
 * themselves (no Virtualization Management command). Errors as above. */
gboolean vv_nvme_bring_online(const VvSysfs *sysfs, VvAddress pf, guint vf, guint deadline_ms,
                              GError **error);

/* Which namespaces a controller shows: numbers of 1 and more between commas, in any order, or "none". New
 * string as in VvNvmeSecondary, ascending; NULL with VV_ERROR_USAGE. */
char *vv_nvme_namespaces_parse(const char *text, GError **error);

/* Has the controller of this VF show these namespaces (as parsed) and no others, by Namespace Attachment
 * (5.20), which the drive keeps for good. What was attached and detached is undone if the drive refuses a
 * part of it. `wanted` NULL: only looks. *ret_before (may be NULL): those before, a new string. Errors as
 * above. */
gboolean vv_nvme_set_namespaces(const VvSysfs *sysfs, VvAddress pf, guint vf, const char *wanted,
                                guint deadline_ms, char **ret_before, GError **error);

/* The rest is for children only: each may block. They return 0, an errno, or VV_NVME_STATUS and more: what
 * the drive said. */
#define VV_NVME_STATUS 0x10000

/* "Invalid argument", "NVMe status 0x121 (…)": new string. */
char *vv_nvme_strerror(int error);

/* Equal shares of the flexible resources for the first `count` VFs, none for others. All VFs must be off.
 * Where the drive has no such command, *ret_managed is FALSE and nothing is done. */
int vv_nvme_share(const VvSysfs *sysfs, VvAddress pf, guint count, gboolean *ret_managed);

/* Resets those of the first `count` VFs that are not online, which must be on and without a driver, and
 * brings their controllers online. *ret_online: how many are. */
int vv_nvme_start_all(const VvSysfs *sysfs, VvAddress pf, guint count, guint *ret_online);
