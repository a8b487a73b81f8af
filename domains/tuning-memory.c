/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"

#define GIB_KIB (G_GUINT64_CONSTANT(1) << 20)
/* Below this the time to fill the memory does not matter, and pages of 2 MiB save little. */
#define LARGE_KIB (4 * GIB_KIB)

static const guint64 page_sizes[] = {GIB_KIB, 2048};

/* A sixteenth of each node and a core are the host's. */
static gboolean enough(const VvPlace *place, const GArray *nodes)
{
    guint64 memory = 0;
    guint cpus = 0;

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = vv_topology_node(place->host->topology, g_array_index(nodes, guint, i));

        memory += node ? node->memory_kib / 16 * 15 : 0;
        cpus += node ? node->cpus->len : 0;
    }
    return memory >= place->vm->memory_kib && cpus > place->vm->cpus;
}

/* The next node to add: one with a device, else the nearest to the first one. -1: there is none left. */
static int next_node(const VvPlace *place)
{
    const VvTopology *topology = place->host->topology;
    const VvNode *home = vv_topology_node(topology, g_array_index(place->nodes, guint, 0));
    guint best = G_MAXUINT;
    int found = -1;

    for (guint i = 0; i < topology->nodes->len; i++) {
        const VvNode *node = topology->nodes->pdata[i];
        guint distance =
            home->distances->len == topology->nodes->len ? g_array_index(home->distances, guint, i) : 255;

        if (vv_cpulist_contains(place->device_nodes, node->id))
            distance = 0;
        if (vv_cpulist_contains(place->nodes, node->id) || !node->cpus->len || distance >= best)
            continue;
        best = distance;
        found = (int)node->id;
    }
    return found;
}

static void find_nodes(VvTuning *tuning, VvPlace *place)
{
    const VvTopology *topology = place->host->topology;
    guint home = place->device_nodes->len ? g_array_index(place->device_nodes, guint, 0) : 0;

    if (!topology || topology->nodes->len < 2 || !place->device_nodes->len ||
        !vv_topology_node(topology, home))
        return;
    g_array_append_val(place->nodes, home);
    while (!enough(place, place->nodes)) {
        int more = next_node(place);
        guint id = (guint)more;

        if (more < 0) {
            vv_tuning_note(tuning,
                           "%s is larger than all of this host's nodes together; it is placed nowhere",
                           place->vm->name);
            g_array_set_size(place->nodes, 0);
            return;
        }
        g_array_append_val(place->nodes, id);
    }
    for (guint i = 1; i < place->device_nodes->len; i++)
        if (!vv_cpulist_contains(place->nodes, g_array_index(place->device_nodes, guint, i)))
            vv_tuning_note(
                tuning,
                "the devices are on several NUMA nodes; %s fits into node %u, where the first one is, "
                "and is placed there (numa = decides otherwise)",
                place->vm->name, home);
}

static void said_nodes(VvTuning *tuning, VvPlace *place, const char *list)
{
    g_autoptr(GArray) nodes = vv_cpulist_parse(list);
    const VvTopology *topology = place->host->topology;

    for (guint i = 0; nodes && i < nodes->len; i++) {
        guint id = g_array_index(nodes, guint, i);

        g_array_append_val(place->nodes, id);
        if (topology && !vv_topology_node(topology, id))
            vv_tuning_note(tuning, "numa = %s: this host has no node %u", list, id);
    }
    if (topology && nodes && nodes->len && !enough(place, nodes))
        vv_tuning_note(tuning, "numa = %s: too small for %s's CPUs or memory", list, place->vm->name);
}

/* The guest is told of the nodes it spans, or its memory would be far away by chance. */
static void make_cells(VvTuning *tuning, const VvPlace *place)
{
    guint count = place->nodes->len, cpus = place->vm->cpus;
    guint64 memory = place->vm->memory_kib;
    guint64 unit = memory >= count * GIB_KIB ? GIB_KIB : 2048;
    guint first = 0;

    if (count < 2 || cpus < count || memory < count * unit)
        return;
    for (guint i = 0; i < count; i++) {
        guint left = count - i;
        VvTuningCell cell = {.node = g_array_index(place->nodes, guint, i), .first_cpu = first};

        /* Both threads of a core stay together. */
        cell.count = cpus % (2 * count) == 0 || cpus % count == 0 ? cpus / count : (cpus - first) / left;
        cell.memory_kib = left > 1 ? place->vm->memory_kib / count / unit * unit : memory;
        memory -= cell.memory_kib;
        first += cell.count;
        g_array_append_val(tuning->cells, cell);
    }
}

void vv_tuning_nodes(VvTuning *tuning, VvPlace *place)
{
    const char *said = vv_tuning_said(place->vm->numa);

    if (said && g_str_equal(said, "none"))
        return;
    if (said)
        said_nodes(tuning, place, said);
    else
        find_nodes(tuning, place);
    vv_cpulist_sort(place->nodes);
    if (place->nodes->len)
        tuning->nodeset = vv_cpulist_format(place->nodes);
    make_cells(tuning, place);
}

/* Huge pages of that size, in KiB, that a guest may count on: what the other domains are defined with is
 * theirs, and what something else holds is not to be had. */
static guint64 available(const VvPlace *place, const GArray *nodes, guint64 page_kib)
{
    const VvTopology *topology = place->host->topology;
    const VvClaims *claims = place->host->claims;
    guint64 total = 0, unused = 0, promised = claims ? claims->promised_kib : 0;

    for (guint i = 0; i < topology->nodes->len; i++) {
        const VvNode *node = topology->nodes->pdata[i];
        const VvPagePool *pool =
            !nodes->len || vv_cpulist_contains(nodes, node->id) ? vv_node_pool(node, page_kib) : NULL;

        total += pool ? pool->total * page_kib : 0;
        unused += pool ? pool->free * page_kib : 0;
    }
    unused += claims ? claims->held_kib : 0;
    return MIN(total > promised ? total - promised : 0, unused);
}

/* Is there room in pages of that size, on each node its share? */
static gboolean has_room(const VvTuning *tuning, const VvPlace *place, guint64 page_kib)
{
    gboolean room = available(place, place->nodes, page_kib) >= place->vm->memory_kib;

    for (guint i = 0; i < tuning->cells->len; i++) {
        const VvTuningCell *cell = &g_array_index(tuning->cells, VvTuningCell, i);
        g_autoptr(GArray) node = g_array_new(FALSE, FALSE, sizeof(guint));

        g_array_append_val(node, cell->node);
        room &= available(place, node, page_kib) >= cell->memory_kib;
    }
    return room;
}

static gboolean divides(const VvTuning *tuning, const VvPlace *place, guint64 page_kib)
{
    gboolean good = place->vm->memory_kib % page_kib == 0;

    for (guint i = 0; i < tuning->cells->len; i++)
        good &= g_array_index(tuning->cells, VvTuningCell, i).memory_kib % page_kib == 0;
    return good;
}

static void said_pages(VvTuning *tuning, const VvPlace *place, const char *said)
{
    guint64 page_kib = 0;

    if (!vv_size_parse(said, &page_kib))
        return;
    tuning->hugepage_kib = page_kib;
    if (!divides(tuning, place, page_kib))
        vv_tuning_note(tuning, "hugepages = %s: the guest's memory is no multiple of it", said);
    else if (place->host->topology && !has_room(tuning, place, page_kib))
        vv_tuning_note(
            tuning,
            "hugepages = %s: this host has not enough of them now where the guest would be; it will "
            "not start before there are",
            said);
}

static void find_pages(VvTuning *tuning, const VvPlace *place)
{
    if (!place->host->topology || place->vm->memory_kib < LARGE_KIB)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(page_sizes) && !tuning->hugepage_kib; i++)
        if (divides(tuning, place, page_sizes[i]) && has_room(tuning, place, page_sizes[i]))
            tuning->hugepage_kib = page_sizes[i];
}

/* VFIO pins all of the memory at the start, which means to fill it with zeros; QEMU does that with one thread
 * unless told otherwise. */
static guint fillers(const VvPlace *place)
{
    const VvTopology *topology = place->host->topology;
    guint most = topology && topology->cpus->len ? topology->cpus->len : place->vm->cpus;
    guint wanted = (guint)MIN(place->vm->memory_kib / LARGE_KIB, 16);

    return place->vm->devices->len ? MIN(wanted, most) : 0;
}

void vv_tuning_pages(VvTuning *tuning, const VvPlace *place)
{
    const char *said = vv_tuning_said(place->vm->hugepages);

    if (said && !g_str_equal(said, "none"))
        said_pages(tuning, place, said);
    else if (!said)
        find_pages(tuning, place);
    tuning->allocation_threads = fillers(place);
    tuning->shared_memory = place->vm->shares->len > 0;
}
