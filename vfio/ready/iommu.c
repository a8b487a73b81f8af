/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/boot/cmdline.h"
#include "vfio/iommu.h"
#include "vfio/words.h"

#include <string.h>

#define TABLES "sys/firmware/acpi/tables"
#define GROUPS "sys/kernel/iommu_groups"

static const char *firmware_words(const VvReadyHost *ready)
{
    if (vv_ready_is_virtual(ready->sysfs))
        return "give this virtual machine a virtual IOMMU (libvirt: <iommu model='intel'><driver "
               "intremap='on'/>)";
    switch (vv_iommu_vendor(ready->sysfs, ready->topology)) {
    case VV_CPU_INTEL:
        return "switch on VT-d (Intel VT for Directed I/O) in the firmware setup";
    case VV_CPU_AMD:
        return "switch on IOMMU (AMD-Vi; under AMD CBS, NBIO) in the firmware setup";
    default:
        return "switch on the IOMMU in the firmware setup";
    }
}

static guint count_units(const VvReadyHost *ready)
{
    g_autoptr(GPtrArray) units = vv_sysfs_list(ready->sysfs, "sys/class/iommu");

    return units ? units->len : 0;
}

/* Without those of vfio's no-IOMMU mode, which protect nothing (vfio_host_scan leaves them out). */
static guint count_groups(const VvReadyHost *ready)
{
    return ready->host ? vv_host_groups(ready->host)->len : 0;
}

static void check_acpi(const VvReadyHost *ready, const char *table, GPtrArray *rows)
{
    VvReadyRow *row;

    if (table) {
        vv_ready_add(rows, "acpi", VV_READY_PASS, "the firmware describes an IOMMU (/" TABLES "/%s)", table);
    } else if (count_units(ready) && count_groups(ready)) {
        vv_ready_add(rows, "acpi", VV_READY_INFO,
                     "no table in /" TABLES "; the kernel found the IOMMU without");
    } else {
        row = vv_ready_add(rows, "acpi", VV_READY_FAIL, "neither DMAR nor IVRS in /" TABLES);
        row->remedy = g_strdup(firmware_words(ready));
    }
}

/* Words of the command line that keep this IOMMU off. iommu=off is for both (arch/x86/kernel/pci-dma.c). */
static const char *off_word(const char *table, const char *cmdline)
{
    static const struct {
        const char *word, *table;
    } words[] = {{"intel_iommu=off", "DMAR"}, {"amd_iommu=off", "IVRS"}, {"iommu=off", NULL}};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if ((!words[i].table || g_strcmp0(words[i].table, table) == 0) &&
            vv_cmdline_has(cmdline, words[i].word))
            return words[i].word;
    return NULL;
}

/* Why the tables are there and no IOMMU is: what keeps it off, or what it lacks. */
static char *why_off(const VvReadyHost *ready, const char *table, const char *cmdline)
{
    const char *off = off_word(table, cmdline);

    if (off)
        /* setup does not want amd_iommu=on, which is no value. */
        return vv_ready_boot_without(ready, off, strcmp(off, "amd_iommu=off") ? "setup --iommu" : NULL);
    if (!table)
        return g_strdup("see acpi: without the firmware's help the kernel finds none");
    if (strcmp(table, "DMAR") == 0 && !vv_cmdline_has(cmdline, "intel_iommu=on"))
        return vv_ready_boot_with(ready, "intel_iommu=on", "setup --iommu");
    return g_strdup_printf(
        "look at the kernel's log for %s: the table is there, and the kernel does not use it; a "
        "firmware update may help",
        strcmp(table, "IVRS") == 0 ? "\"AMD-Vi\"" : "\"DMAR\"");
}

/* Debian's kernels leave the integrated graphics out unless they are told intel_iommu=on
 * (CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF). */
static GPtrArray *ungrouped(const VvReadyHost *ready)
{
    const GPtrArray *devices = vv_host_devices(ready->host);
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        if (device->group < 0 && vv_ready_is_passable(device))
            g_ptr_array_add(names, device->text);
    }
    return names;
}

static void check_active(const VvReadyHost *ready, guint units, const char *table, const char *cmdline,
                         GPtrArray *rows)
{
    g_autoptr(GPtrArray) without = ungrouped(ready);
    g_autofree char *count = vv_ready_count(units, "unit");
    g_autofree char *groups = vv_ready_count(count_groups(ready), "group");
    g_autofree char *names = vv_words_join(without, 3);

    if (!without->len) {
        vv_ready_add(rows, "iommu", VV_READY_PASS, "on: %s, %s (/sys/class/iommu, /" GROUPS ")", count,
                     groups);
        return;
    }
    VvReadyRow *row = vv_ready_add(rows, "iommu", VV_READY_WARN, "on: %s, %s; but %s %s in no group", count,
                                   groups, names, without->len == 1 ? "is" : "are");
    if (g_strcmp0(table, "DMAR") == 0 && !vv_cmdline_has(cmdline, "intel_iommu=on"))
        row->remedy = vv_ready_boot_with(ready, "intel_iommu=on", "setup --iommu");
    else
        row->remedy = g_strdup("these cannot go to a guest; the others can");
}

static void check_iommu(const VvReadyHost *ready, const char *table, GPtrArray *rows)
{
    g_autofree char *cmdline = vv_sysfs_read(ready->sysfs, "proc/cmdline");
    g_autofree char *fake =
        vv_sysfs_read(ready->sysfs, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
    guint units = count_units(ready);

    if (units && count_groups(ready)) {
        check_active(ready, units, table, cmdline ? cmdline : "", rows);
        return;
    }
    VvReadyRow *row =
        vv_ready_add(rows, "iommu", VV_READY_FAIL, "%s%s",
                     units ? "/sys/class/iommu has units, but no PCI device is in a group"
                           : "no IOMMU is on (/sys/class/iommu is empty)",
                     fake && *fake == 'Y' ? "; vfio's no-IOMMU mode gives no protection and is none" : "");
    row->remedy = why_off(ready, table, cmdline ? cmdline : "");
}

/* Documentation/ABI/testing/sysfs-kernel-iommu_groups: DMA and DMA-FQ translate for host drivers, identity
 * does not; VFIO's own domain is "unmanaged" or "blocked" for as long as it has the group. */
static void check_mode(const VvReadyHost *ready, GPtrArray *rows)
{
    const GArray *groups = ready->host ? vv_host_groups(ready->host) : NULL;
    guint translated = 0, identity = 0;
    VvReadyRow *row;

    for (guint i = 0; groups && i < groups->len; i++) {
        g_autofree char *path = g_strdup_printf(GROUPS "/%d/type", g_array_index(groups, int, i));
        g_autofree char *type = vv_sysfs_read(ready->sysfs, path);
        identity += type && strcmp(type, "identity") == 0;
        translated += type && g_str_has_prefix(type, "DMA");
    }
    if (!translated && !identity) {
        vv_ready_add(rows, "mode", VV_READY_INFO, "not shown (/" GROUPS "/*/type)");
    } else if (!translated) {
        vv_ready_add(rows, "mode", VV_READY_PASS,
                     "host drivers are not translated: identity (/" GROUPS "/*/type)");
    } else {
        g_autofree char *count = vv_ready_count(translated, "group");
        row = vv_ready_add(rows, "mode", VV_READY_INFO,
                           "host drivers of %s are translated (/" GROUPS "/*/type)", count);
        row->remedy = g_strdup(
            "iommu=pt makes them a little faster and guests no safer; 'virt-vfio setup --iommu' adds it");
    }
}

void vv_ready_check_iommu(const VvReadyHost *ready, GPtrArray *rows)
{
    const char *table = vv_iommu_table(ready->sysfs);

    check_acpi(ready, table, rows);
    check_iommu(ready, table, rows);
    check_mode(ready, rows);
}
