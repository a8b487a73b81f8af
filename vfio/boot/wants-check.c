/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/wants-check.h"

#include "vfio/error.h"

#include <string.h>

#define GIB_KIB ((guint64)1024 * 1024)
#define CPUINFO_MAX (1024 * 1024)

static guint64 memory_kib(const VvTopology *topology)
{
    guint64 total = 0;

    for (guint i = 0; i < topology->nodes->len; i++)
        total += ((const VvNode *)topology->nodes->pdata[i])->memory_kib;
    return total;
}

/* Huge pages are taken at boot and nobody else gets them: with all memory in them, nothing starts. */
static gboolean check_memory(const VvSetupWants *wants, const VvTopology *topology, GError **error)
{
    guint64 total = memory_kib(topology), left = MIN(GIB_KIB, total / 4);

    if (!total || wants->hugepages <= (total - left) / wants->hugepage_kib)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                "%u huge pages of %" G_GUINT64_FORMAT " KiB are more than this host can spare: it has "
                "%" G_GUINT64_FORMAT " MiB of memory, and %" G_GUINT64_FORMAT
                " MiB must stay for itself; at most %" G_GUINT64_FORMAT " pages",
                wants->hugepages, wants->hugepage_kib, total / 1024, left / 1024,
                (total - left) / wants->hugepage_kib);
    return FALSE;
}

static gboolean check_gigantic(const VvSysfs *sysfs, GError **error)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/cpuinfo", CPUINFO_MAX);

    if (!text || !strstr(text, "\nflags") || strstr(text, " pdpe1gb"))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                "this processor has no pages of 1 GiB (no pdpe1gb in /proc/cpuinfo); use --hugepages N,2M");
    return FALSE;
}

static gboolean check_cpus(const VvSetupWants *wants, const VvTopology *topology, GError **error)
{
    g_autoptr(GArray) ids = vv_cpulist_parse(wants->isolate_cpus);

    if (!ids || !ids->len) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "'%s' is no list of CPUs; it is like 2-7,10",
                    wants->isolate_cpus);
        return FALSE;
    }
    if (!topology->cpus->len)
        return TRUE;
    for (guint i = 0; i < ids->len; i++) {
        guint id = g_array_index(ids, guint, i);
        if (vv_topology_cpu(topology, id))
            continue;
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "this host has no CPU %u online; it has %u of them",
                    id, topology->cpus->len);
        return FALSE;
    }
    if (ids->len < topology->cpus->len)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "'%s' leaves this host no CPU of its own",
                wants->isolate_cpus);
    return FALSE;
}

gboolean vv_setup_wants_check(const VvSetupWants *wants, const VvSysfs *sysfs, const VvTopology *topology,
                              GError **error)
{
    if (wants->hugepage_kib && !check_memory(wants, topology, error))
        return FALSE;
    if (wants->hugepage_kib >= GIB_KIB && !check_gigantic(sysfs, error))
        return FALSE;
    return !wants->isolate_cpus || check_cpus(wants, topology, error);
}

static gboolean is_need(const char *code)
{
    static const char *const needs[] = {"disk-mounted",   "disk-swap",
                                        "disk-holder",    "net-root",
                                        "net-session",    "net-default-route",
                                        "net-upper",      "display-boot",
                                        "display-active", "input-last",
                                        "tpm-last",       "not-endpoint",
                                        "not-found",      NULL};

    return g_strv_contains(needs, code);
}

void vv_setup_keep_needs(VvPlan *plan)
{
    for (guint i = plan->reasons->len; i > 0; i--)
        if (!is_need(((const VvReason *)plan->reasons->pdata[i - 1])->code))
            g_ptr_array_remove_index(plan->reasons, i - 1);
}
