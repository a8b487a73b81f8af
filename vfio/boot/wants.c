/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/wants.h"

static void free_reserve(gpointer data)
{
    VvReserve *reserve = data;

    g_free(reserve->address);
    g_free(reserve->ids);
    g_free(reserve->module);
    g_free(reserve);
}

VvSetupWants *vv_setup_wants_new(void)
{
    VvSetupWants *wants = g_new0(VvSetupWants, 1);

    wants->reserve = g_ptr_array_new_with_free_func(free_reserve);
    return wants;
}

void vv_setup_wants_free(VvSetupWants *wants)
{
    if (!wants)
        return;
    g_ptr_array_unref(wants->reserve);
    g_free(wants->isolate_cpus);
    g_free(wants);
}

static void merge_reserve(GPtrArray *reserves, const VvReserve *more)
{
    VvReserve *reserve = g_new0(VvReserve, 1);

    *reserve =
        (VvReserve){g_strdup(more->address), g_strdup(more->ids), g_strdup(more->module), more->unique};
    for (guint i = 0; i < reserves->len; i++) {
        const VvReserve *old = reserves->pdata[i];
        if (g_strcmp0(old->address, more->address) != 0)
            continue;
        /* One that vfio-pci has since the last boot shows no host driver any more. */
        if (!reserve->module && g_strcmp0(old->ids, more->ids) == 0)
            reserve->module = g_strdup(old->module);
        free_reserve(reserves->pdata[i]);
        reserves->pdata[i] = reserve;
        return;
    }
    g_ptr_array_add(reserves, reserve);
}

void vv_setup_wants_merge(VvSetupWants *wants, const VvSetupWants *more)
{
    wants->iommu |= more->iommu;
    wants->modules |= more->modules;
    if (more->hugepage_kib) {
        wants->hugepage_kib = more->hugepage_kib;
        wants->hugepages = more->hugepages;
    }
    for (guint i = 0; i < more->reserve->len; i++)
        merge_reserve(wants->reserve, more->reserve->pdata[i]);
    if (more->isolate_cpus) {
        g_free(wants->isolate_cpus);
        wants->isolate_cpus = g_strdup(more->isolate_cpus);
    }
}
