/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/topology.h"

#include <stdlib.h>
#include <string.h>

#define CPU_FOLDER "sys/devices/system/cpu"
#define NODE_FOLDER "sys/devices/system/node"

static char *G_GNUC_PRINTF(2, 3) read_text(const VvSysfs *sysfs, const char *format, ...)
{
    g_autofree char *path = NULL;
    va_list arguments;

    va_start(arguments, format);
    path = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return vv_sysfs_read(sysfs, path);
}

static GArray *read_list(const VvSysfs *sysfs, const char *path)
{
    g_autofree char *text = vv_sysfs_read(sysfs, path);

    return text ? vv_cpulist_parse(g_strstrip(text)) : NULL;
}

static guint number_or_0(const char *text)
{
    guint64 number = 0;

    /* physical_package_id is -1 on machines that do not know. */
    return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL) ? (guint)number : 0;
}

/* The first of a list of siblings stands for all of them. */
static guint first_of(const char *text, guint otherwise)
{
    g_autoptr(GArray) ids = text ? vv_cpulist_parse(text) : NULL;

    return ids && ids->len ? g_array_index(ids, guint, 0) : otherwise;
}

static guint read_cache(const VvSysfs *sysfs, guint cpu)
{
    guint highest = 0, sharing = cpu;

    /* index0, index1, …: L1d, L1i, L2, L3 and on some machines L4. */
    for (guint index = 0; index < 16; index++) {
        g_autofree char *level = read_text(sysfs, CPU_FOLDER "/cpu%u/cache/index%u/level", cpu, index);
        g_autofree char *shared =
            level ? read_text(sysfs, CPU_FOLDER "/cpu%u/cache/index%u/shared_cpu_list", cpu, index) : NULL;

        if (!level)
            break;
        if (number_or_0(level) < highest)
            continue;
        highest = number_or_0(level);
        sharing = first_of(shared, cpu);
    }
    return sharing;
}

static void read_cpu(VvTopology *topology, const VvSysfs *sysfs, guint id)
{
    /* core_cpus_list is the newer name of thread_siblings_list (Linux 5.2), which is still there. */
    g_autofree char *siblings = read_text(sysfs, CPU_FOLDER "/cpu%u/topology/thread_siblings_list", id);
    g_autofree char *package = read_text(sysfs, CPU_FOLDER "/cpu%u/topology/physical_package_id", id);
    g_autofree char *die = read_text(sysfs, CPU_FOLDER "/cpu%u/topology/die_id", id);
    VvCpu cpu = {.id = id, .core = first_of(siblings, id), .cache = read_cache(sysfs, id)};

    cpu.package = number_or_0(package);
    cpu.die = number_or_0(die);
    g_array_append_val(topology->cpus, cpu);
}

static VvCpu *find_cpu(const VvTopology *topology, guint id)
{
    for (guint i = 0; i < topology->cpus->len; i++)
        if (g_array_index(topology->cpus, VvCpu, i).id == id)
            return &g_array_index(topology->cpus, VvCpu, i);
    return NULL;
}

static void read_cpus(VvTopology *topology, const VvSysfs *sysfs)
{
    g_autoptr(GArray) online = read_list(sysfs, CPU_FOLDER "/online");
    /* The performance counters of E-cores are a device of their own (arch/x86/events/intel/core.c). */
    g_autoptr(GArray) slower = read_list(sysfs, "sys/devices/cpu_atom/cpus");

    for (guint i = 0; online && i < online->len; i++)
        read_cpu(topology, sysfs, g_array_index(online, guint, i));
    for (guint i = 0; slower && i < slower->len; i++) {
        VvCpu *cpu = find_cpu(topology, g_array_index(slower, guint, i));

        if (cpu)
            cpu->slower = TRUE;
    }
}

static void node_free(gpointer data)
{
    VvNode *node = data;

    g_array_unref(node->cpus);
    g_array_unref(node->pools);
    g_array_unref(node->distances);
    g_free(node);
}

/* "Node 0 MemTotal:  32768 kB", or without the node in /proc/meminfo. */
static guint64 meminfo(const char *text, const char *key)
{
    const char *found = text ? strstr(text, key) : NULL;

    return found ? g_ascii_strtoull(found + strlen(key), NULL, 10) : 0;
}

static gint compare_pools(gconstpointer a, gconstpointer b)
{
    guint64 first = ((const VvPagePool *)a)->page_kib, second = ((const VvPagePool *)b)->page_kib;

    return (first < second) - (first > second);
}

static void read_pools(VvNode *node, const VvSysfs *sysfs, const char *folder)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *total = read_text(sysfs, "%s/%s/nr_hugepages", folder, name);
        g_autofree char *free_pages = read_text(sysfs, "%s/%s/free_hugepages", folder, name);
        VvPagePool pool = {0};

        if (!g_str_has_prefix(name, "hugepages-"))
            continue;
        pool.page_kib = g_ascii_strtoull(name + strlen("hugepages-"), NULL, 10);
        pool.total = number_or_0(total);
        pool.free = number_or_0(free_pages);
        if (pool.page_kib)
            g_array_append_val(node->pools, pool);
    }
    g_array_sort(node->pools, compare_pools);
}

static VvNode *node_new(guint id)
{
    VvNode *node = g_new0(VvNode, 1);

    node->id = id;
    node->cpus = g_array_new(FALSE, FALSE, sizeof(guint));
    node->pools = g_array_new(FALSE, FALSE, sizeof(VvPagePool));
    node->distances = g_array_new(FALSE, FALSE, sizeof(guint));
    return node;
}

static void read_distances(VvNode *node, const VvSysfs *sysfs)
{
    g_autofree char *text = read_text(sysfs, NODE_FOLDER "/node%u/distance", node->id);
    g_auto(GStrv) words = g_strsplit(text ? text : "", " ", -1);

    for (char **word = words; *word; word++) {
        guint distance = number_or_0(*word);

        if (distance)
            g_array_append_val(node->distances, distance);
    }
}

static void read_node(VvTopology *topology, const VvSysfs *sysfs, guint id)
{
    g_autofree char *cpus = g_strdup_printf(NODE_FOLDER "/node%u/cpulist", id);
    g_autofree char *pools = g_strdup_printf(NODE_FOLDER "/node%u/hugepages", id);
    g_autofree char *memory = read_text(sysfs, NODE_FOLDER "/node%u/meminfo", id);
    g_autoptr(GArray) ids = read_list(sysfs, cpus);
    VvNode *node = node_new(id);

    g_ptr_array_add(topology->nodes, node);
    for (guint i = 0; ids && i < ids->len; i++) {
        VvCpu *cpu = find_cpu(topology, g_array_index(ids, guint, i));

        if (!cpu)
            continue;
        cpu->node = id;
        g_array_append_val(node->cpus, cpu->id);
    }
    node->memory_kib = meminfo(memory, "MemTotal:");
    node->free_kib = meminfo(memory, "MemFree:");
    read_pools(node, sysfs, pools);
    read_distances(node, sysfs);
}

/* A kernel without NUMA (CONFIG_NUMA=n) has no folder of nodes. */
static void make_node(VvTopology *topology, const VvSysfs *sysfs)
{
    g_autofree char *memory = vv_sysfs_read(sysfs, "proc/meminfo");
    VvNode *node = node_new(0);

    g_ptr_array_add(topology->nodes, node);
    for (guint i = 0; i < topology->cpus->len; i++)
        g_array_append_val(node->cpus, g_array_index(topology->cpus, VvCpu, i).id);
    node->memory_kib = meminfo(memory, "MemTotal:");
    node->free_kib = meminfo(memory, "MemFree:");
    read_pools(node, sysfs, "sys/kernel/mm/hugepages");
}

/* Of the first processor; the others are alike. */
static void read_cpuinfo(VvTopology *topology, const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/cpuinfo", 16384);
    const char *sizes = text ? strstr(text, "address sizes") : NULL;

    if (text && strstr(text, "GenuineIntel"))
        topology->vendor = VV_CPU_INTEL;
    else if (text && (strstr(text, "AuthenticAMD") || strstr(text, "HygonGenuine")))
        topology->vendor = VV_CPU_AMD;
    sizes = sizes ? strchr(sizes, ':') : NULL;
    topology->physical_bits = sizes ? (guint)g_ascii_strtoull(sizes + 1, NULL, 10) : 0;
}

static gboolean is_on(const VvSysfs *sysfs, const char *path)
{
    g_autofree char *text = vv_sysfs_read(sysfs, path);

    return text && (*text == 'Y' || *text == '1');
}

VvTopology *vv_topology_read(const VvSysfs *sysfs)
{
    VvTopology *topology = g_new0(VvTopology, 1);
    g_autoptr(GArray) nodes = read_list(sysfs, NODE_FOLDER "/online");

    topology->cpus = g_array_new(FALSE, FALSE, sizeof(VvCpu));
    topology->nodes = g_ptr_array_new_with_free_func(node_free);
    read_cpus(topology, sysfs);
    for (guint i = 0; nodes && i < nodes->len; i++)
        read_node(topology, sysfs, g_array_index(nodes, guint, i));
    if (!topology->nodes->len)
        make_node(topology, sysfs);
    read_cpuinfo(topology, sysfs);
    topology->apicv = is_on(sysfs, "sys/module/kvm_amd/parameters/avic") ||
                      is_on(sysfs, "sys/module/kvm_intel/parameters/enable_apicv");
    return topology;
}

void vv_topology_free(VvTopology *topology)
{
    if (!topology)
        return;
    g_array_unref(topology->cpus);
    g_ptr_array_unref(topology->nodes);
    g_free(topology);
}

const VvCpu *vv_topology_cpu(const VvTopology *topology, guint id)
{
    return find_cpu(topology, id);
}

const VvNode *vv_topology_node(const VvTopology *topology, guint id)
{
    for (guint i = 0; i < topology->nodes->len; i++) {
        const VvNode *node = topology->nodes->pdata[i];

        if (node->id == id)
            return node;
    }
    return NULL;
}

const VvPagePool *vv_node_pool(const VvNode *node, guint64 page_kib)
{
    for (guint i = 0; i < node->pools->len; i++)
        if (g_array_index(node->pools, VvPagePool, i).page_kib == page_kib)
            return &g_array_index(node->pools, VvPagePool, i);
    return NULL;
}
