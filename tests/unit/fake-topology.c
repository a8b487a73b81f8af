/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-topology.h"

#include "vfio/topology.h"

#define CPU "sys/devices/system/cpu"
#define NODE "sys/devices/system/node"

const FakeTopology fake_desktop = {.nodes = 1,
                                   .caches = 1,
                                   .cores = 8,
                                   .threads = 2,
                                   .vendor = "GenuineIntel",
                                   .bits = 39,
                                   .memory_gib = 32};
const FakeTopology fake_ryzen = {.nodes = 1,
                                 .caches = 2,
                                 .cores = 8,
                                 .threads = 2,
                                 .vendor = "AuthenticAMD",
                                 .bits = 48,
                                 .memory_gib = 64};
const FakeTopology fake_hybrid = {.nodes = 1,
                                  .caches = 1,
                                  .cores = 6,
                                  .threads = 2,
                                  .slow = 8,
                                  .vendor = "GenuineIntel",
                                  .bits = 46,
                                  .memory_gib = 32};
const FakeTopology fake_server = {.nodes = 2,
                                  .caches = 1,
                                  .cores = 16,
                                  .threads = 2,
                                  .vendor = "GenuineIntel",
                                  .bits = 46,
                                  .memory_gib = 128,
                                  .large = 8192,
                                  .huge = 64};
const FakeTopology fake_four = {.nodes = 4,
                                .caches = 1,
                                .cores = 8,
                                .threads = 1,
                                .vendor = "AuthenticAMD",
                                .bits = 48,
                                .memory_gib = 32};

static void G_GNUC_PRINTF(3, 4) put(FakeHost *fake, const char *path, const char *format, ...)
{
    g_autofree char *text = NULL, *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    line = g_strconcat(text, "\n", NULL);
    fake_host_put(fake, path, line);
}

typedef struct {
    FakeHost *fake;
    const FakeTopology *shape;
    guint cores; /* of all nodes, without the slow ones */
    GArray *offline;
} Machine;

static gboolean is_offline(const Machine *machine, guint cpu)
{
    for (guint i = 0; machine->offline && i < machine->offline->len; i++)
        if (g_array_index(machine->offline, guint, i) == cpu)
            return TRUE;
    return FALSE;
}

static guint count_nodes(const FakeTopology *shape)
{
    return MAX(shape->nodes, 1);
}

/* Which core, of all. Slow ones come last. */
static guint core_of(const Machine *machine, guint cpu)
{
    guint fast = machine->cores * machine->shape->threads;

    return cpu < fast ? cpu % machine->cores : machine->cores + cpu - fast;
}

static guint cache_of(const Machine *machine, guint core)
{
    return MIN(core, machine->cores - 1) / machine->shape->cores;
}

static char *list(const Machine *machine, guint (*of)(const Machine *, guint), guint wanted)
{
    guint all = machine->cores * machine->shape->threads + machine->shape->slow;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint cpu = 0; cpu < all; cpu++)
        if (!is_offline(machine, cpu) && (!of || of(machine, cpu) == wanted))
            g_array_append_val(ids, cpu);
    return vv_cpulist_format(ids);
}

static guint cache_of_cpu(const Machine *machine, guint cpu)
{
    return cache_of(machine, core_of(machine, cpu));
}

static guint node_of_cpu(const Machine *machine, guint cpu)
{
    return cache_of_cpu(machine, cpu) / machine->shape->caches;
}

static void put_cpu(const Machine *machine, guint cpu)
{
    g_autofree char *siblings = list(machine, core_of, core_of(machine, cpu));
    g_autofree char *shared = list(machine, cache_of_cpu, cache_of_cpu(machine, cpu));
    g_autofree char *base = g_strdup_printf(CPU "/cpu%u", cpu);
    const struct {
        const char *name, *text;
    } files[] = {
        {"topology/thread_siblings_list", siblings},
        {"topology/die_id", "0"},
        {"cache/index0/level", "1"},
        {"cache/index0/shared_cpu_list", siblings},
        {"cache/index1/level", "1"},
        {"cache/index1/shared_cpu_list", siblings},
        {"cache/index2/level", "2"},
        {"cache/index2/shared_cpu_list", siblings},
        {"cache/index3/level", "3"},
        {"cache/index3/shared_cpu_list", shared},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(base, files[i].name, NULL);

        put(machine->fake, path, "%s", files[i].text);
    }
    {
        g_autofree char *path = g_build_filename(base, "topology/physical_package_id", NULL);

        put(machine->fake, path, "%u", node_of_cpu(machine, cpu));
    }
}

static void put_pool(const Machine *machine, const char *folder, guint page_kib, guint total, guint held)
{
    g_autofree char *base = g_strdup_printf("%s/hugepages-%ukB/", folder, page_kib);
    g_autofree char *all = g_strconcat(base, "nr_hugepages", NULL);
    g_autofree char *unused = g_strconcat(base, "free_hugepages", NULL);

    put(machine->fake, all, "%u", total);
    put(machine->fake, unused, "%u", total - held);
}

static void put_node(const Machine *machine, guint node)
{
    const FakeTopology *shape = machine->shape;
    gboolean empty = node >= shape->nodes;
    g_autofree char *cpus = empty ? g_strdup("") : list(machine, node_of_cpu, node);
    g_autofree char *base = g_strdup_printf(NODE "/node%u", node);
    g_autofree char *cpulist = g_strconcat(base, "/cpulist", NULL);
    g_autofree char *meminfo = g_strconcat(base, "/meminfo", NULL);
    g_autofree char *distance = g_strconcat(base, "/distance", NULL);
    g_autofree char *pools = g_strconcat(base, "/hugepages", NULL);
    g_autoptr(GString) distances = g_string_new(NULL);

    for (guint i = 0; i < shape->nodes + shape->empty; i++)
        /* The next node is nearer than the others. */
        g_string_append_printf(distances, "%s%u", i ? " " : "", i == node ? 10 : (i ^ node) == 1 ? 16 : 32);
    put(machine->fake, cpulist, "%s", cpus);
    put(machine->fake, distance, "%s", distances->str);
    put(machine->fake, meminfo, "Node %u MemTotal:  %u kB\nNode %u MemFree:  %u kB", node,
        shape->memory_gib << 20, node, shape->memory_gib << 19);
    put_pool(machine, pools, 2048, shape->large, 0);
    put_pool(machine, pools, 1048576, shape->huge, shape->held);
}

void fake_topology_put(FakeHost *fake, const FakeTopology *shape)
{
    Machine machine = {fake, shape, count_nodes(shape) * shape->caches * shape->cores, NULL};
    guint all = machine.cores * shape->threads + shape->slow;
    g_autofree char *online = NULL, *nodes = NULL;

    machine.offline = shape->offline ? vv_cpulist_parse(shape->offline) : NULL;
    online = list(&machine, NULL, 0);
    put(fake, CPU "/online", "%s", online);
    for (guint cpu = 0; cpu < all; cpu++)
        if (!is_offline(&machine, cpu))
            put_cpu(&machine, cpu);
    if (shape->slow)
        put(fake, "sys/devices/cpu_atom/cpus", "%u-%u", all - shape->slow, all - 1);
    put(fake, "proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: %s\naddress sizes\t: %u bits physical, 48 bits virtual", shape->vendor,
        shape->bits);
    put(fake, "proc/meminfo", "MemTotal:  %u kB\nMemFree:  %u kB", shape->memory_gib << 20,
        shape->memory_gib << 19);
    put_pool(&machine, "sys/kernel/mm/hugepages", 2048, shape->large, 0);
    if (shape->nodes)
        put(fake, NODE "/online", "0-%u", shape->nodes + shape->empty - 1);
    for (guint node = 0; shape->nodes && node < shape->nodes + shape->empty; node++)
        put_node(&machine, node);
    if (machine.offline)
        g_array_unref(machine.offline);
}
