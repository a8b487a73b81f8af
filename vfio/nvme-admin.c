/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/nvme-admin.h"

#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define ADMIN_IDENTIFY 0x06
#define ADMIN_VIRTUAL_MGMT 0x1c
#define CNS_CONTROLLER 0x01
#define CNS_PRIMARY 0x14
#define CNS_SECONDARIES 0x15
#define OACS 256
#define OACS_VIRTUAL_MGMT (1 << 7)
#define LIST_ENTRIES 127
#define LIST_ENTRY 32

guint16 vv_nvme_le16(const guint8 *bytes)
{
    return (guint16)(bytes[0] | bytes[1] << 8);
}

guint32 vv_nvme_le32(const guint8 *bytes)
{
    return (guint32)vv_nvme_le16(bytes) | (guint32)vv_nvme_le16(bytes + 2) << 16;
}

static void clear_secondary(gpointer data)
{
    g_free(((VvNvmeSecondary *)data)->namespaces);
}

GArray *vv_nvme_new_list(void)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(VvNvmeSecondary));

    g_array_set_clear_func(list, clear_secondary);
    return list;
}

int vv_nvme_open(const VvSysfs *sysfs, VvAddress pf)
{
    char path[64], text[VV_ADDRESS_TEXT];

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/nvme", vv_address_format(pf, text));
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, path);
    if (!names || !names->len) {
        errno = ENODEV;
        return -1;
    }
    g_autofree char *node = g_strdup_printf("dev/%s", (const char *)names->pdata[0]);
    return vv_sysfs_open(sysfs, node, O_RDWR);
}

int vv_nvme_command(int fd, struct nvme_admin_cmd *admin, void *data, gsize data_length)
{
    admin->addr = (guint64)(gsize)data;
    admin->data_len = (guint32)data_length;
    int status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, admin);

    return status < 0 ? errno : status > 0 ? VV_NVME_STATUS + status : 0;
}

int vv_nvme_identify(int fd, guint cns, guint controller, guint32 nsid, guint8 page[static VV_NVME_PAGE])
{
    struct nvme_admin_cmd admin = {.opcode = ADMIN_IDENTIFY, .nsid = nsid, .cdw10 = cns | controller << 16};

    memset(page, 0, VV_NVME_PAGE);
    return vv_nvme_command(fd, &admin, page, VV_NVME_PAGE);
}

int vv_nvme_can_manage(int fd, gboolean *ret)
{
    g_autofree guint8 *page = g_malloc(VV_NVME_PAGE);
    int error = vv_nvme_identify(fd, CNS_CONTROLLER, 0, 0, page);

    *ret = !error && vv_nvme_le16(page + OACS) & OACS_VIRTUAL_MGMT;
    return error;
}

/* What the primary keeps for itself comes from the flexible ones, too (VQRFAP, VIRFAP). */
static guint left(guint total, guint of_primary)
{
    return total > of_primary ? total - of_primary : 0;
}

/* NVM Express Base Specification 2.0, figure 283. */
int vv_nvme_read_pool(int fd, VvNvmePool *ret)
{
    g_autofree guint8 *page = g_malloc(VV_NVME_PAGE);
    int error = vv_nvme_identify(fd, CNS_PRIMARY, 0, 0, page);

    *ret = (VvNvmePool){.has_queues = page[4] & 1,
                        .has_interrupts = page[4] >> 1 & 1,
                        .queues = left(vv_nvme_le32(page + 32), vv_nvme_le16(page + 40)),
                        .most_queues = vv_nvme_le16(page + 44),
                        .queue_grain = MAX(vv_nvme_le16(page + 46), 1),
                        .interrupts = left(vv_nvme_le32(page + 64), vv_nvme_le16(page + 72)),
                        .most_interrupts = vv_nvme_le16(page + 76),
                        .interrupt_grain = MAX(vv_nvme_le16(page + 78), 1)};
    return error;
}

/* Figure 284. VFN 0 would be no VF. */
static void take_entry(const guint8 *entry, GArray *secondaries)
{
    const VvNvmeSecondary secondary = {vv_nvme_le16(entry),      vv_nvme_le16(entry + 8) - 1u, entry[4] & 1,
                                       vv_nvme_le16(entry + 10), vv_nvme_le16(entry + 12),     NULL};

    if (vv_nvme_le16(entry + 8))
        g_array_append_val(secondaries, secondary);
}

int vv_nvme_read_secondaries(int fd, GArray *secondaries)
{
    g_autofree guint8 *page = g_malloc(VV_NVME_PAGE);
    guint first = 0, count = LIST_ENTRIES;

    /* Each list begins with the first controller of that number or a higher one. */
    while (count == LIST_ENTRIES && first <= G_MAXUINT16) {
        int error = vv_nvme_identify(fd, CNS_SECONDARIES, first, 0, page);
        if (error)
            return error;
        count = MIN(page[0], LIST_ENTRIES);
        for (guint i = 0; i < count; i++)
            take_entry(page + LIST_ENTRY * (i + 1), secondaries);
        first = count ? vv_nvme_le16(page + LIST_ENTRY * count) + 1u : 0;
    }
    return 0;
}

int vv_nvme_manage(int fd, VvNvmeAction action, guint16 controller, VvNvmeResource resource, guint count)
{
    struct nvme_admin_cmd admin = {.opcode = ADMIN_VIRTUAL_MGMT,
                                   .cdw10 =
                                       (guint32)action | (guint32)resource << 8 | (guint32)controller << 16,
                                   .cdw11 = count};
    int error = vv_seam_step();

    return error ? error : vv_nvme_command(fd, &admin, NULL, 0);
}

/* Of Virtualization Management (figure 396) and Namespace Attachment (figure 253), and generic ones. */
char *vv_nvme_strerror(int error)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {0x001, "the drive does not know the command"},
        {0x002, "a field of the command is not as the drive wants it"},
        {0x00b, "there is no such namespace"},
        {0x119, "another controller has the namespace, and it is private"},
        {0x11c, "the drive attaches no namespaces to this controller"},
        {0x11f, "there is no such controller"},
        {0x120, "the secondary controller is in a state that does not allow it"},
        {0x121, "not so many resources"},
        {0x122, "no such resources"},
    };
    int status = (error - VV_NVME_STATUS) & 0x7ff;

    if (error < VV_NVME_STATUS)
        return g_strdup(g_strerror(error));
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].status == status)
            return g_strdup_printf("NVMe status 0x%x: %s", status, known[i].text);
    return g_strdup_printf("NVMe status 0x%x", status);
}
