/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/acs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The patch says so among the very first lines of the log; a driver may fill the log with thousands behind
 * it. */
#define MOST_RECORDS 400

/* "6,0,0,-;Linux version …": one record for each read, as Documentation/ABI/testing/dev-kmsg has it. */
static VvAcsOverride read_log(const VvSysfs *sysfs)
{
    char record[8192];
    gssize length = 0;
    gboolean from_start = FALSE;
    guint seen = 0;
    int fd = vv_sysfs_open(sysfs, "dev/kmsg", O_RDONLY | O_NONBLOCK);

    for (; fd >= 0 && seen < MOST_RECORDS; seen++) {
        length = read(fd, record, sizeof record - 1);
        if (length <= 0)
            break;
        record[length] = '\0';
        const char *number = strchr(record, ',');
        if (!seen)
            from_start = number && g_str_has_prefix(number, ",0,");
        if (strstr(record, "PCIe ACS overrides enabled")) {
            close(fd);
            return VV_ACS_OVERRIDE_ACTIVE;
        }
    }
    if (fd >= 0)
        close(fd);
    return from_start && seen > 1 ? VV_ACS_OVERRIDE_ABSENT : VV_ACS_OVERRIDE_UNKNOWN;
}

/* What the kernel does not know it hands to init, which shows it to root (init/main.c, unknown_bootoption).
 */
static gboolean was_handed_to_init(const VvSysfs *sysfs)
{
    char bytes[16384];
    int fd = vv_sysfs_open(sysfs, "proc/1/environ", O_RDONLY);
    gssize length = fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;

    if (fd >= 0)
        close(fd);
    return length > 0 && memmem(bytes, (gsize)length, "pcie_acs_override=", strlen("pcie_acs_override="));
}

static gboolean is_patched_by_name(const VvSysfs *sysfs)
{
    static const char *const names[] = {"zen", "cachyos", "pve", "liquorix", "lqx", "truenas", "vfio"};
    g_autofree char *release = vv_sysfs_read(sysfs, "proc/sys/kernel/osrelease");

    for (guint i = 0; release && i < G_N_ELEMENTS(names); i++)
        if (strstr(release, names[i]))
            return TRUE;
    return FALSE;
}

VvAcsOverride vv_acs_override(const VvSysfs *sysfs)
{
    g_autofree char *cmdline = vv_sysfs_read(sysfs, "proc/cmdline");

    if (cmdline && strstr(cmdline, "pcie_acs_override=")) {
        if (was_handed_to_init(sysfs))
            return VV_ACS_OVERRIDE_ABSENT;
        VvAcsOverride log = read_log(sysfs);
        if (log != VV_ACS_OVERRIDE_UNKNOWN)
            return log;
    }
    return is_patched_by_name(sysfs) ? VV_ACS_OVERRIDE_LIKELY : VV_ACS_OVERRIDE_UNKNOWN;
}
