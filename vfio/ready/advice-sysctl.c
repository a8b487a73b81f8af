/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline.h"
#include "vfio/ready/advice.h"
#include "vfio/ready/ready-internal.h"

#include <string.h>

/* sysctl.d(5): arguments of the kernel that are no sysctl, and huge pages that leave the host without memory.
 */

static guint64 total_kib(const VvReadyAdvice *advice)
{
    const GPtrArray *nodes = advice->ready->topology->nodes;
    guint64 sum = 0;

    for (guint i = 0; i < nodes->len; i++)
        sum += ((const VvNode *)nodes->pdata[i])->memory_kib;
    return sum;
}

static guint64 page_kib(const VvReadyAdvice *advice)
{
    g_autofree char *size = vv_cmdline_value(advice->cmdline, "default_hugepagesz");

    return size && g_ascii_strcasecmp(size, "1G") == 0 ? 1 << 20 : 2048;
}

static void judge_pages(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *value)
{
    guint64 pages, total = total_kib(advice), page = page_kib(advice);

    if (!total || !g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &pages, NULL) ||
        pages * page < total - total / 20)
        return;
    vv_ready_advice_add(
        advice, place, VV_READY_FAIL,
        g_strdup_printf("write at most vm.nr_hugepages = %" G_GUINT64_FORMAT ", or what the guests need",
                        (total - total / 10) / page),
        "%" G_GUINT64_FORMAT " huge pages of %" G_GUINT64_FORMAT " KiB are all of this host's memory or more",
        pages, page);
}

static void visit(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    static const char *const arguments[] = {"intel_iommu",       "amd_iommu",    "iommu", "vfio-pci.ids",
                                            "pcie_acs_override", "vfio_pci.ids", NULL};
    g_auto(GStrv) pair = g_strsplit(line, "=", 2);

    if (!pair[1])
        return;
    g_strstrip(pair[0]);
    g_strstrip(pair[1]);
    if (g_strv_contains(arguments, pair[0])) {
        g_autofree char *word = g_strconcat(pair[0], "=", pair[1], NULL),
                        *shown = vv_ready_advice_shown(word);
        g_autofree char *how = vv_ready_boot_with(advice->ready, shown, NULL);
        vv_ready_advice_add(advice, place, VV_READY_WARN, g_strdup_printf("take it out here, and %s", how),
                            "%s is an argument of the kernel's command line, not a sysctl", pair[0]);
    } else if (strcmp(pair[0], "vm.nr_hugepages") == 0 || strcmp(pair[0], "vm/nr_hugepages") == 0)
        judge_pages(advice, place, pair[1]);
}

void vv_ready_advice_sysctl(VvReadyAdvice *advice)
{
    g_autoptr(GPtrArray) paths = vv_ready_advice_conf_files(advice, "sysctl.d", ".conf");

    g_ptr_array_add(paths, g_strdup("etc/sysctl.conf"));
    for (guint i = 0; i < paths->len; i++) {
        /* Debian links 99-sysctl.conf to /etc/sysctl.conf. */
        g_autofree char *target = vv_sysfs_link_name(advice->ready->sysfs, paths->pdata[i]);
        g_autofree char *text =
            g_strcmp0(target, "sysctl.conf") != 0 ? vv_ready_advice_read(advice, paths->pdata[i]) : NULL;
        if (text)
            vv_ready_advice_lines(advice, paths->pdata[i], text, "#;", FALSE, visit);
    }
}
