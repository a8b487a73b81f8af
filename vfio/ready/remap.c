/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/boot/cmdline.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Without interrupt remapping VFIO refuses to hand over any device, unless it is told to do without
 * (drivers/vfio/vfio_iommu_type1.c, vfio_iommu_type1_attach_group; iommufd: drivers/iommu/iommufd/device.c):
 * a guest could then send the host interrupts of its choice. */

/* Interrupt chips behind a remapper have names like IR-IO-APIC, IR-PCI-MSI (arch/x86/kernel/apic). */
static gboolean is_remapping(const VvSysfs *sysfs)
{
    /* On a server with hundreds of processors, each line has a column for every one of them. */
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/interrupts", 16 << 20);

    return text && (strstr(text, " IR-") || strstr(text, "\tIR-"));
}

/* Bit 3 of a unit's extended capabilities (VT-d specification 10.4.3, IR), in hexadecimal without 0x
 * (drivers/iommu/intel/iommu.c, ecap_show). The name of a unit that lacks it: new string, or NULL. */
static char *incapable_unit(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) units = vv_sysfs_list(sysfs, "sys/class/iommu");

    for (guint i = 0; units && i < units->len; i++) {
        const char *unit = units->pdata[i];
        g_autofree char *path = g_strdup_printf("sys/class/iommu/%s/intel-iommu/ecap", unit);
        g_autofree char *text = vv_sysfs_read(sysfs, path);
        if (text && !(g_ascii_strtoull(text, NULL, 16) >> 3 & 1))
            return g_strdup(unit);
    }
    return NULL;
}

/* Flags of the DMAR table, behind the header of 36 bytes and the address width (VT-d specification 8.1): bit
 * 0, the platform supports interrupt remapping. -1: it cannot be read, which takes root. */
static int firmware_allows(const VvSysfs *sysfs)
{
    guint8 table[38];
    int fd = vv_sysfs_open(sysfs, "sys/firmware/acpi/tables/DMAR", O_RDONLY);
    gssize length = fd < 0 ? -1 : read(fd, table, sizeof table);

    if (fd >= 0)
        close(fd);
    return length == sizeof table ? table[37] & 1 : -1;
}

static const char *unsafe_file(const VvSysfs *sysfs)
{
    static const char *const files[] = {"sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
                                        "sys/module/iommufd/parameters/allow_unsafe_interrupts"};

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = vv_sysfs_read(sysfs, files[i]);
        if (text && (*text == 'Y' || *text == '1'))
            return files[i];
    }
    return NULL;
}

static const char *off_word(const char *cmdline)
{
    static const char *const words[] = {"intremap=off", "nointremap"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (vv_cmdline_has(cmdline, words[i]))
            return words[i];
    return NULL;
}

static char *remap_remedy(const VvReadyHost *ready, const char *incapable)
{
    g_autofree char *cmdline = vv_sysfs_read(ready->sysfs, "proc/cmdline");
    const char *off = off_word(cmdline ? cmdline : "");

    if (off)
        return vv_ready_boot_without(ready, off, NULL);
    if (incapable || firmware_allows(ready->sysfs) == 0)
        return g_strdup_printf(
            "%s says that it has none; a firmware update may help. Only for guests that you trust as "
            "the host: options vfio_iommu_type1 allow_unsafe_interrupts=1 in /etc/modprobe.d",
            incapable ? incapable : "the firmware (table DMAR)");
    return g_strdup("switch on interrupt remapping or x2APIC beside VT-d or IOMMU in the firmware setup; the "
                    "kernel's log "
                    "has the reason (DMAR-IR, AMD-Vi)");
}

void vv_ready_check_remap(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *incapable = incapable_unit(ready->sysfs);
    const char *unsafe = unsafe_file(ready->sysfs);
    VvReadyRow *row;

    if (is_remapping(ready->sysfs)) {
        row = vv_ready_add(rows, "remap", unsafe ? VV_READY_WARN : VV_READY_PASS,
                           "interrupts are remapped (IR- in /proc/interrupts)%s",
                           unsafe ? "; allow_unsafe_interrupts is on for nothing" : "");
        if (unsafe)
            row->remedy =
                g_strdup_printf("take allow_unsafe_interrupts out of /etc/modprobe.d and the kernel's "
                                "arguments (/%s)",
                                unsafe);
        return;
    }
    if (!ready->host || !vv_host_groups(ready->host)->len) {
        vv_ready_add(rows, "remap", VV_READY_INFO, "interrupts are not remapped; see iommu first");
        return;
    }
    if (ready->topology->vendor == VV_CPU_OTHER) {
        vv_ready_add(rows, "remap", VV_READY_INFO, "not shown on this kind of machine (/proc/interrupts)");
        return;
    }
    row = vv_ready_add(
        rows, "remap", unsafe ? VV_READY_WARN : VV_READY_FAIL,
        unsafe
            ? "interrupts are not remapped, and allow_unsafe_interrupts is on: a guest can disturb the host"
            : "interrupts are not remapped (no IR- in /proc/interrupts): VFIO hands over no device");
    row->remedy = remap_remedy(ready, incapable);
    if (!incapable && firmware_allows(ready->sysfs) < 0)
        row->root = g_strdup("what the firmware's table says of it");
}
