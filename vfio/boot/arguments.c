/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/iommu.h"

#include <stdio.h>
#include <string.h>

char *vv_setup_ids(const VvSetupWants *wants)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; wants->reserve && i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        if (reserve->unique && !strstr(ids->str, reserve->ids))
            g_string_append_printf(ids, "%s%s", ids->len ? "," : "", reserve->ids);
    }
    return g_string_free(g_steal_pointer(&ids), FALSE);
}

char *vv_setup_by_address(const VvSetupWants *wants)
{
    g_autoptr(GString) addresses = g_string_new(NULL);

    for (guint i = 0; wants->reserve && i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        if (!reserve->unique)
            g_string_append_printf(addresses, "%s%s", addresses->len ? " " : "", reserve->address);
    }
    return g_string_free(g_steal_pointer(&addresses), FALSE);
}

GPtrArray *vv_setup_kernels(const VvSysfs *sysfs)
{
    /* Without merged /usr the modules are in /lib. */
    return vv_boot_names(sysfs, vv_sysfs_exists(sysfs, "usr/lib/modules") ? "usr/lib/modules" : "lib/modules",
                         "");
}

gboolean vv_setup_is_built_in(const VvSysfs *sysfs)
{
    g_autofree char *release = vv_sysfs_read(sysfs, "proc/sys/kernel/osrelease");
    g_autofree char *path = g_strdup_printf("usr/lib/modules/%s/modules.builtin", release ? release : "");

    return vv_boot_contains(sysfs, path, "/vfio-pci.ko");
}

/* vfio_virqfd, a module of its own before 6.2 (drivers/vfio/Makefile), is not among them: vfio_pci brings it
 * along where it is one, and in a list it would stay behind when the kernel is updated. */
const char *const *vv_setup_modules(void)
{
    static const char *const modules[] = {"vfio_pci", "vfio", "vfio_iommu_type1", NULL};

    return modules;
}

static void add_hugepages(const VvSetupWants *wants, GStrvBuilder *arguments)
{
    if (wants->hugepage_kib != 1048576 || !wants->hugepages)
        return;
    g_autofree char *pages = g_strdup_printf("hugepages=%u", wants->hugepages);
    g_strv_builder_add_many(arguments, "default_hugepagesz=1G", "hugepagesz=1G", pages, NULL);
}

/* The CPUs that are left, for interrupts: NULL: none are, or they cannot be counted. */
static char *other_cpus(const VvTopology *topology, const char *list)
{
    g_autoptr(GArray) isolated = vv_cpulist_parse(list), rest = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < topology->cpus->len; i++) {
        guint id = g_array_index(topology->cpus, VvCpu, i).id;
        if (!vv_cpulist_contains(isolated, id))
            g_array_append_val(rest, id);
    }
    return rest->len ? vv_cpulist_format(rest) : NULL;
}

/* Documentation/admin-guide/kernel-parameters.txt; managed_irq and domain keep interrupts and the scheduler
 * away, nohz_full the tick, rcu_nocbs what RCU has to do. */
static void add_isolation(const VvSetupWants *wants, const VvTopology *topology, GStrvBuilder *arguments)
{
    if (!wants->isolate_cpus)
        return;
    g_autofree char *isolated = g_strdup_printf("isolcpus=managed_irq,domain,%s", wants->isolate_cpus),
                    *tick = g_strdup_printf("nohz_full=%s", wants->isolate_cpus),
                    *rcu = g_strdup_printf("rcu_nocbs=%s", wants->isolate_cpus),
                    *rest = other_cpus(topology, wants->isolate_cpus),
                    *interrupts = rest ? g_strdup_printf("irqaffinity=%s", rest) : NULL;
    g_strv_builder_add_many(arguments, isolated, tick, rcu, interrupts, NULL);
}

/* Where options of modprobe.d come too late or are not read: booster reads none, what is built in cannot. */
static gboolean needs_ids(const VvSysfs *sysfs, const VvBootStack *stack)
{
    return stack->initramfs == VV_INITRAMFS_BOOSTER || stack->kind == VV_BOOT_BOOTC ||
           vv_setup_is_built_in(sysfs);
}

char **vv_setup_arguments(const VvSysfs *sysfs, const VvBootStack *stack, const VvSetupWants *wants)
{
    g_autoptr(GStrvBuilder) arguments = g_strv_builder_new();
    VvTopology *topology = vv_topology_read(sysfs);
    g_autofree char *ids = vv_setup_ids(wants);

    /* AMD's IOMMU is on wherever the firmware has switched it on: amd_iommu=on is no value of it
     * (drivers/iommu/amd/init.c, parse_amd_iommu_options). */
    if (wants->iommu && vv_iommu_vendor(sysfs, topology) != VV_CPU_AMD)
        g_strv_builder_add(arguments, "intel_iommu=on");
    if (wants->iommu)
        g_strv_builder_add(arguments, "iommu=pt");
    add_hugepages(wants, arguments);
    add_isolation(wants, topology, arguments);
    if (*ids && needs_ids(sysfs, stack)) {
        g_autofree char *word = g_strdup_printf("vfio-pci.ids=%s", ids);
        g_strv_builder_add(arguments, word);
    }
    vv_topology_free(topology);
    return g_strv_builder_end(arguments);
}
