/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"
#include "domains/values.h"

/* Siblings side by side, and those with a common cache together; what is not there is last. */
static gint compare_cpus(gconstpointer a, gconstpointer b, gpointer topology)
{
    static const VvCpu nowhere = {.node = G_MAXUINT};
    const VvCpu *first = vv_topology_cpu(topology, *(const guint *)a);
    const VvCpu *second = vv_topology_cpu(topology, *(const guint *)b);
    const VvCpu *left = first ? first : &nowhere, *right = second ? second : &nowhere;

    if (left->node != right->node)
        return left->node < right->node ? -1 : 1;
    if (left->cache != right->cache)
        return left->cache < right->cache ? -1 : 1;
    if (left->core != right->core)
        return left->core < right->core ? -1 : 1;
    return *(const guint *)a < *(const guint *)b ? -1 : 1;
}

static guint threads_of(const VvPlace *place, const GArray *cpus)
{
    const VvVm *vm = place->vm;

    if (vm->sockets || vm->dies || vm->cores || vm->threads || !place->host->topology || vm->cpus % 2)
        return MAX(vm->threads, 1);
    for (guint i = 0; i < vm->cpus; i += 2) {
        const VvCpu *a = vv_topology_cpu(place->host->topology, g_array_index(cpus, guint, i));
        const VvCpu *b = vv_topology_cpu(place->host->topology, g_array_index(cpus, guint, i + 1));

        if (!a || !b || a->core != b->core)
            return 1;
    }
    return 2;
}

static gboolean ascends(const GArray *cpus)
{
    for (guint i = 1; i < cpus->len; i++)
        if (g_array_index(cpus, guint, i) < g_array_index(cpus, guint, i - 1))
            return FALSE;
    return TRUE;
}

void vv_tuning_pin_list(VvTuning *tuning, const VvPlace *place, const char *list)
{
    const VvTopology *topology = place->host->topology;
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) rest = NULL;

    if (!vv_cpu_list_parse(list, VV_CPU_MAX, cpus, NULL) || cpus->len < place->vm->cpus)
        return; /* the reader refuses it */
    for (guint i = 0; topology && i < cpus->len; i++)
        if (!vv_topology_cpu(topology, g_array_index(cpus, guint, i)))
            vv_tuning_note(tuning, "pinning = %s: CPU %u is not online on this host", list,
                           g_array_index(cpus, guint, i));
    if (topology && ascends(cpus))
        g_array_sort_with_data(cpus, compare_cpus, (gpointer)topology);
    vv_tuning_pin(tuning, place, cpus, threads_of(place, cpus));
    rest = g_array_copy(cpus);
    g_array_remove_range(rest, 0, place->vm->cpus);
    vv_cpulist_sort(rest);
    if (rest->len)
        tuning->emulator_cpus = vv_cpulist_format(rest);
    else if (topology)
        tuning->emulator_cpus = vv_place_others(place, place->nodes, cpus);
}
