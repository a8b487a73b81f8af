/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/nvme-admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An equal share in whole grains. */
static guint share_of(guint total, guint count, guint most, guint grain)
{
    guint share = count ? total / count : 0;

    if (most)
        share = MIN(share, most);
    return MIN(share / grain * grain, G_MAXUINT16);
}

int vv_nvme_assign(int fd, const VvNvmePool *pool, const VvNvmeSecondary *secondary, guint queues,
                   guint interrupts)
{
    int error = 0;

    if (pool->has_queues && secondary->queues != queues)
        error = vv_nvme_manage(fd, VV_NVME_ASSIGN, secondary->id, VV_NVME_QUEUES, queues);
    if (!error && pool->has_interrupts && secondary->interrupts != interrupts)
        error = vv_nvme_manage(fd, VV_NVME_ASSIGN, secondary->id, VV_NVME_INTERRUPTS, interrupts);
    return error;
}

/* What is taken from some is what others get, so the givers come first. */
static int share_out(int fd, const VvNvmePool *pool, GArray *secondaries, guint count)
{
    guint queues = share_of(pool->queues, count, pool->most_queues, pool->queue_grain);
    guint interrupts = share_of(pool->interrupts, count, pool->most_interrupts, pool->interrupt_grain);
    int error = 0;

    if (count && ((pool->has_queues && queues < VV_NVME_LEAST_QUEUES) ||
                  (pool->has_interrupts && interrupts < VV_NVME_LEAST_INTERRUPTS)))
        return ENOSPC;
    for (guint i = 0; !error && i < secondaries->len; i++) {
        VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        gboolean stays =
            secondary->vf < count && secondary->queues <= queues && secondary->interrupts <= interrupts;
        if (secondary->online)
            error = vv_nvme_manage(fd, VV_NVME_OFFLINE, secondary->id, 0, 0);
        if (!error && !stays)
            error = vv_nvme_assign(fd, pool, secondary, 0, 0);
        if (!stays)
            secondary->queues = secondary->interrupts = 0;
    }
    for (guint i = 0; !error && i < secondaries->len; i++) {
        const VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        if (secondary->vf < count)
            error = vv_nvme_assign(fd, pool, secondary, queues, interrupts);
    }
    return error;
}

int vv_nvme_share(const VvSysfs *sysfs, VvAddress pf, guint count, gboolean *ret_managed)
{
    int fd = vv_nvme_open(sysfs, pf);
    int error = fd < 0 ? errno : vv_nvme_can_manage(fd, ret_managed);
    g_autoptr(GArray) secondaries = vv_nvme_new_list();
    VvNvmePool pool;

    if (fd < 0 || error || !*ret_managed)
        *ret_managed = FALSE;
    else {
        error = vv_nvme_read_pool(fd, &pool);
        if (!error)
            error = vv_nvme_read_secondaries(fd, secondaries);
        if (!error)
            error = share_out(fd, &pool, secondaries, count);
    }
    if (fd >= 0)
        close(fd);
    return error;
}

int vv_nvme_reset_vf(const VvSysfs *sysfs, VvAddress pf, guint vf)
{
    char path[96], text[VV_ADDRESS_TEXT];

    snprintf(path, sizeof path, "sys/bus/pci/devices/%s/virtfn%u/reset", vv_address_format(pf, text), vf);
    return vv_sysfs_exists(sysfs, path) ? vv_sysfs_write(sysfs, path, "1") : 0;
}

int vv_nvme_start_one(const VvSysfs *sysfs, VvAddress pf, int fd, const VvNvmeSecondary *secondary)
{
    int error = vv_nvme_manage(fd, VV_NVME_ONLINE, secondary->id, 0, 0);

    if (error < VV_NVME_STATUS)
        return error;
    error = vv_nvme_reset_vf(sysfs, pf, secondary->vf);
    return error ? error : vv_nvme_manage(fd, VV_NVME_ONLINE, secondary->id, 0, 0);
}

int vv_nvme_start_all(const VvSysfs *sysfs, VvAddress pf, guint count, guint *ret_online)
{
    g_autoptr(GArray) secondaries = vv_nvme_new_list();
    int fd = vv_nvme_open(sysfs, pf);
    int error = fd < 0 ? errno : vv_nvme_read_secondaries(fd, secondaries);

    *ret_online = 0;
    for (guint i = 0; !error && i < secondaries->len; i++) {
        const VvNvmeSecondary *secondary = &g_array_index(secondaries, VvNvmeSecondary, i);
        if (secondary->vf >= count)
            continue;
        error = secondary->online ? 0 : vv_nvme_start_one(sysfs, pf, fd, secondary);
        *ret_online += error ? 0 : 1;
    }
    if (fd >= 0)
        close(fd);
    return error;
}
