/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"

static const GArray *taken_cpus(const VvPlace *place)
{
    return place->host->claims ? place->host->claims->cpus : NULL;
}

char *vv_place_others(const VvPlace *place, const GArray *nodes, const GArray *pinned)
{
    const VvTopology *topology = place->host->topology;
    const GArray *taken = taken_cpus(place);
    g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) rest = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < topology->cpus->len; i++) {
        const VvCpu *cpu = &g_array_index(topology->cpus, VvCpu, i);

        if (vv_cpulist_contains(pinned, cpu->id) || vv_cpulist_contains(taken, cpu->id))
            g_array_append_val(cores, cpu->core);
    }
    for (guint i = 0; i < topology->cpus->len; i++) {
        const VvCpu *cpu = &g_array_index(topology->cpus, VvCpu, i);

        if ((!nodes->len || vv_cpulist_contains(nodes, cpu->node)) && !vv_cpulist_contains(cores, cpu->core))
            g_array_append_val(rest, cpu->id);
    }
    return rest->len ? vv_cpulist_format(rest) : NULL;
}

static guint count_cpus(const VvPlace *place)
{
    const VvTopology *topology = place->host->topology;
    guint count = 0;

    for (guint i = 0; i < topology->cpus->len; i++)
        count += !place->nodes->len ||
                 vv_cpulist_contains(place->nodes, g_array_index(topology->cpus, VvCpu, i).node);
    return count;
}

/* Threads that each core of the guest shall have, as far as the file or the host's cores say. */
static guint wanted_threads(const VvTuning *tuning, const VvPlace *place)
{
    const VvVm *vm = place->vm;
    const VvTopology *topology = place->host->topology;
    guint siblings = 1;

    if (vm->sockets || vm->dies || vm->cores || vm->threads)
        return MAX(vm->threads, 1);
    for (guint i = 1; i < topology->cpus->len; i++)
        if (g_array_index(topology->cpus, VvCpu, i).core == g_array_index(topology->cpus, VvCpu, 0).core)
            siblings++;
    /* Both threads of a core, or the guest's scheduler would be told of cores that are none. */
    for (guint i = 0; i < tuning->cells->len; i++)
        if (g_array_index(tuning->cells, VvTuningCell, i).count % siblings)
            return 1;
    return siblings <= 8 && vm->cpus % siblings == 0 ? siblings : 1;
}

static GArray *pick(const VvTuning *tuning, const VvPlace *place, guint threads)
{
    const VvTopology *topology = place->host->topology;
    g_autoptr(GArray) picked = g_array_new(FALSE, FALSE, sizeof(guint));

    if (!tuning->cells->len)
        return vv_pick_cores(topology, place->nodes, taken_cpus(place), place->vm->cpus, threads);
    for (guint i = 0; i < tuning->cells->len; i++) {
        const VvTuningCell *cell = &g_array_index(tuning->cells, VvTuningCell, i);
        g_autoptr(GArray) node = g_array_new(FALSE, FALSE, sizeof(guint)), part = NULL;

        g_array_append_val(node, cell->node);
        part = vv_pick_cores(topology, node, taken_cpus(place), cell->count, threads);
        if (!part)
            return NULL;
        g_array_append_vals(picked, part->data, part->len);
    }
    return g_steal_pointer(&picked);
}

/* The CPUs this domain has already, if they still are what would be picked: otherwise a guest would move to
 * others whenever one came beside it or went. */
static GArray *keep(const VvTuning *tuning, const VvPlace *place, guint threads)
{
    const VvTopology *topology = place->host->topology;
    const GArray *own = place->host->claims ? place->host->claims->own_cpus : NULL;

    if (!own || own->len != place->vm->cpus || own->len % threads || tuning->cells->len)
        return NULL;
    for (guint i = 0; i < own->len; i++) {
        const VvCpu *cpu = vv_topology_cpu(topology, g_array_index(own, guint, i));
        const VvCpu *first = vv_topology_cpu(topology, g_array_index(own, guint, i / threads * threads));

        if (!cpu || !first || cpu->core != first->core || cpu->slower ||
            vv_cpulist_contains(taken_cpus(place), cpu->id) ||
            (place->nodes->len && !vv_cpulist_contains(place->nodes, cpu->node)))
            return NULL;
    }
    return g_array_copy((GArray *)own);
}

void vv_tuning_pin(VvTuning *tuning, const VvPlace *place, const GArray *cpus, guint threads)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint i = 0; i < place->vm->cpus; i++) {
        g_autofree char *text = g_strdup_printf("%u", g_array_index(cpus, guint, i));

        g_strv_builder_add(builder, text);
    }
    tuning->vcpu_cpus = g_strv_builder_end(builder);
    tuning->hint_dedicated = tuning->kvm;
    tuning->threads = threads;
}

/* Near the devices, but where on the node the kernel decides. */
static void stay_on_nodes(VvTuning *tuning, const VvPlace *place)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint cpu = 0; cpu < place->vm->cpus; cpu++) {
        g_autoptr(GArray) node = g_array_new(FALSE, FALSE, sizeof(guint));
        g_autofree char *text = NULL;

        for (guint i = 0; i < tuning->cells->len; i++) {
            const VvTuningCell *cell = &g_array_index(tuning->cells, VvTuningCell, i);

            if (cpu >= cell->first_cpu && cpu < cell->first_cpu + cell->count)
                g_array_append_val(node, cell->node);
        }
        text = vv_place_others(place, node->len ? node : place->nodes, NULL);
        if (!text)
            return;
        g_strv_builder_add(builder, text);
    }
    g_strfreev(tuning->vcpu_cpus);
    tuning->vcpu_cpus = g_strv_builder_end(builder);
    tuning->emulator_cpus = vv_place_others(place, place->nodes, NULL);
}

/* One to one only where it does not starve the host, or another guest that came first: on a host with one
 * node for at most half of its CPUs, on a larger one for all of the node but a core. */
static void pin_auto(VvTuning *tuning, const VvPlace *place)
{
    const VvTopology *topology = place->host->topology;
    guint all, limit, threads;
    g_autoptr(GArray) picked = NULL;

    if (!topology || !topology->cpus->len || !tuning->kvm || !place->vm->devices->len)
        return;
    all = count_cpus(place);
    threads = wanted_threads(tuning, place);
    limit = topology->nodes->len > 1 ? all : all / 2;
    if (place->vm->cpus <= limit)
        picked = keep(tuning, place, threads);
    if (!picked && place->vm->cpus <= limit)
        picked = pick(tuning, place, threads);
    if (picked)
        tuning->emulator_cpus = vv_place_others(place, place->nodes, picked);
    if (tuning->emulator_cpus) {
        vv_tuning_pin(tuning, place, picked, threads);
        return;
    }
    vv_tuning_note(
        tuning,
        "the virtual CPUs are not pinned one to one: %u of them would leave too little of the %u CPUs "
        "%s for the host and the guests that are pinned already (pinning = LIST does it all the same)",
        place->vm->cpus, all, place->nodes->len ? "near the devices" : "of this host");
    if (place->nodes->len)
        stay_on_nodes(tuning, place);
}

/* What the file leaves open of the guest's topology. Desktop Windows uses two sockets at most. */
static void shape(VvTuning *tuning, const VvPlace *place)
{
    const VvVm *vm = place->vm;
    guint cells = tuning->cells->len, rest;

    tuning->sockets = MAX(vm->sockets, 1);
    tuning->dies = MAX(vm->dies, 1);
    tuning->threads = MAX(MAX(vm->threads, tuning->threads), 1);
    if (!vm->sockets && cells > 1 && vm->cpus % (cells * tuning->threads * tuning->dies) == 0 &&
        (vm->os != VV_OS_WINDOWS || cells <= 2))
        tuning->sockets = cells;
    rest = tuning->sockets * tuning->dies * tuning->threads;
    if (vm->cpus % rest) {
        /* Not of the file, which is checked: of the host, and a core has to be whole. */
        tuning->sockets = tuning->dies = tuning->threads = rest = 1;
    }
    tuning->cores = vm->cores ? vm->cores : vm->cpus / rest;
}

void vv_tuning_cpus(VvTuning *tuning, const VvPlace *place)
{
    const char *said = vv_tuning_said(place->vm->pinning);

    if (!said)
        pin_auto(tuning, place);
    else if (!g_str_equal(said, "none"))
        vv_tuning_pin_list(tuning, place, said);
    if (!tuning->vcpu_cpus)
        tuning->vcpu_cpus = g_new0(char *, 1);
    shape(tuning, place);
}
