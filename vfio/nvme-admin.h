/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/nvme-virt.h"

#include <linux/nvme_ioctl.h>

/* Shared by nvme-*.c only, and for children only: admin commands that virtualization needs, through an open
 * primary controller. Results as in vfio/nvme-virt.h. */

/* What the primary has to give (Identify, CNS 14h). */
typedef struct {
    guint queues, interrupts;            /* flexible ones that are not the primary's own */
    guint most_queues, most_interrupts;  /* for one secondary controller; 0: no limit */
    guint queue_grain, interrupt_grain;  /* given out in multiples of it; at least 1 */
    gboolean has_queues, has_interrupts; /* are there flexible ones at all */
} VvNvmePool;

/* An admin queue and one for data; with fewer the controller cannot go online (5.31.3.3). */
#define VV_NVME_LEAST_QUEUES 2
#define VV_NVME_LEAST_INTERRUPTS 1

/* An empty one of VvNvmeSecondary. */
GArray *vv_nvme_new_list(void);

/* -1 with errno, ENODEV where no driver has made the node. */
int vv_nvme_open(const VvSysfs *sysfs, VvAddress pf);

/* Sends one, whose data (NULL: none) are `data_length` bytes. */
int vv_nvme_command(int fd, struct nvme_admin_cmd *admin, void *data, gsize data_length);

#define VV_NVME_PAGE 4096
/* Identify, with a page for its data. */
int vv_nvme_identify(int fd, guint cns, guint controller, guint32 nsid, guint8 page[static VV_NVME_PAGE]);

/* Little-endian, as the drive has them. */
guint16 vv_nvme_le16(const guint8 *bytes);
guint32 vv_nvme_le32(const guint8 *bytes);

/* Is there a Virtualization Management command (Identify Controller, OACS bit 7)? */
int vv_nvme_can_manage(int fd, gboolean *ret);
int vv_nvme_read_pool(int fd, VvNvmePool *ret);
/* Appends VvNvmeSecondary, without namespaces. */
int vv_nvme_read_secondaries(int fd, GArray *secondaries);
/* Adds their namespaces; drives without Namespace Management do not tell. */
int vv_nvme_read_namespaces(int fd, GArray *secondaries);
/* From the namespaces it has to others, both as in VvNvmeSecondary. */
int vv_nvme_attach(int fd, const VvNvmeSecondary *secondary, const char *wanted);

typedef enum { VV_NVME_OFFLINE = 7, VV_NVME_ASSIGN = 8, VV_NVME_ONLINE = 9 } VvNvmeAction;
typedef enum { VV_NVME_QUEUES, VV_NVME_INTERRUPTS } VvNvmeResource;

/* `resource` and `count` only count for ASSIGN. */
int vv_nvme_manage(int fd, VvNvmeAction action, guint16 controller, VvNvmeResource resource, guint count);

/* Gives a secondary controller these resources, where it has others and the drive has flexible ones. */
int vv_nvme_assign(int fd, const VvNvmePool *pool, const VvNvmeSecondary *secondary, guint queues,
                   guint interrupts);

/* Resets a VF: new resources count from the next reset of its controller on (8.26.3). */
int vv_nvme_reset_vf(const VvSysfs *sysfs, VvAddress pf, guint vf);

/* Brings one online. A VF that was switched on after its controller got resources has been reset since; one
 * that refuses is reset first, which takes 100 ms, one after the other behind one bridge (pci_reset_function
 * locks that, since 6.10). */
int vv_nvme_start_one(const VvSysfs *sysfs, VvAddress pf, int fd, const VvNvmeSecondary *secondary);
