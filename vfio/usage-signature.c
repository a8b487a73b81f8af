/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What only the block device itself can tell: who claims it, and what is written on it. */

void vv_signature_free(VvSignature *signature)
{
    if (!signature)
        return;
    g_free(signature->type);
    g_free(signature->label);
    g_free(signature);
}

/* O_NONBLOCK: a drive without a medium opens too, and nothing waits for one. */
static int open_node(VvUsage *usage, const VvNode *node, int flags)
{
    g_autofree char *devname = vv_usage_devname(usage, TRUE, node->name);
    g_autofree char *path = g_strdup_printf("dev/%s", devname ? devname : node->base);

    return vv_sysfs_open(usage->sysfs, path, O_RDONLY | O_NONBLOCK | flags);
}

/* open(2): O_EXCL without O_CREAT fails with EBUSY while a block device is in use by the system. The claim is
 * ours for a moment; opening for reading wakes no udev rule. */
gboolean vv_usage_is_exclusive(VvUsage *usage, const VvNode *node)
{
    if (!vv_sysfs_is_live(usage->sysfs))
        return FALSE;
    int fd = open_node(usage, node, O_EXCL);
    if (fd < 0)
        return errno == EBUSY;
    close(fd);
    return FALSE;
}

static char *probe_value(blkid_probe probe, const char *name)
{
    const char *value = NULL;

    return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ? g_strdup(value) : NULL;
}

static VvSignature *probe_fd(int fd)
{
    blkid_probe probe = blkid_new_probe();
    g_autoptr(VvSignature) signature = g_new0(VvSignature, 1);

    if (probe && blkid_probe_set_device(probe, fd, 0, 0) == 0) {
        blkid_probe_enable_superblocks(probe, TRUE);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
        int result = blkid_do_safeprobe(probe);
        if (result == 0) {
            signature->type = probe_value(probe, "TYPE");
            signature->label = probe_value(probe, "LABEL");
        } else if (result == -2)
            signature->type = g_strdup("more than one kind of data");
    }
    blkid_free_probe(probe);
    return signature->type ? g_steal_pointer(&signature) : NULL;
}

/* What udev found when the device appeared, "E:ID_FS_TYPE=ext4" (systemd, src/libsystemd/sd-device). */
static VvSignature *read_udev(VvUsage *usage, const VvNode *node)
{
    g_autofree char *path = g_strdup_printf("run/udev/data/b%s", node->name);
    g_autofree char *text = vv_sysfs_read_all(usage->sysfs, path, 65536);
    g_autoptr(VvSignature) signature = g_new0(VvSignature, 1);
    char *save = NULL;

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        if (g_str_has_prefix(line, "E:ID_FS_TYPE=") && !signature->type)
            signature->type = g_strdup(strchr(line, '=') + 1);
        else if (g_str_has_prefix(line, "E:ID_FS_LABEL=") && !signature->label)
            signature->label = g_strdup(strchr(line, '=') + 1);
    }
    return signature->type && *signature->type ? g_steal_pointer(&signature) : NULL;
}

VvSignature *vv_usage_signature(VvUsage *usage, const VvNode *node)
{
    int fd = vv_sysfs_is_live(usage->sysfs) ? open_node(usage, node, 0) : -1;
    if (fd < 0)
        return read_udev(usage, node);

    VvSignature *signature = probe_fd(fd);
    close(fd);
    return signature;
}
