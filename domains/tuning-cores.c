/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/tuning-internal.h"

#define MAX_THREADS 8

/* A core that a guest may have for itself. */
typedef struct {
    guint core, cache;
    guint count; /* online siblings */
    guint cpus[MAX_THREADS];
} Core;

static Core *find_core(GArray *cores, guint id)
{
    for (guint i = 0; i < cores->len; i++)
        if (g_array_index(cores, Core, i).core == id)
            return &g_array_index(cores, Core, i);
    return NULL;
}

static GArray *collect(const VvTopology *topology, const GArray *nodes)
{
    GArray *cores = g_array_new(FALSE, TRUE, sizeof(Core));

    for (guint i = 0; i < topology->cpus->len; i++) {
        const VvCpu *cpu = &g_array_index(topology->cpus, VvCpu, i);
        Core *core = find_core(cores, cpu->core);

        if (cpu->slower || (nodes->len && !vv_cpulist_contains(nodes, cpu->node)))
            continue;
        if (!core) {
            Core new_core = {.core = cpu->core, .cache = cpu->cache};

            g_array_append_val(cores, new_core);
            core = &g_array_index(cores, Core, cores->len - 1);
        }
        if (core->count < MAX_THREADS)
            core->cpus[core->count++] = cpu->id;
    }
    return cores;
}

/* The host keeps the core of its first CPU, where interrupts and housekeeping go by default; and a core of
 * which another guest has a part is that guest's. */
static void drop_used(const VvTopology *topology, GArray *cores, const GArray *taken, guint threads)
{
    const VvCpu *first = topology->cpus->len ? &g_array_index(topology->cpus, VvCpu, 0) : NULL;

    for (guint i = cores->len; i-- > 0;) {
        const Core *core = &g_array_index(cores, Core, i);
        gboolean used = core->core == first->core || core->count < threads;

        for (guint c = 0; c < core->count; c++)
            used |= vv_cpulist_contains(taken, core->cpus[c]);
        if (used)
            g_array_remove_index(cores, i);
    }
}

static guint count_cache(const GArray *cores, guint cache)
{
    guint count = 0;

    for (guint i = 0; i < cores->len; i++)
        count += g_array_index(cores, Core, i).cache == cache;
    return count;
}

/* The cache to fill next: the smallest that holds all that is wanted, else the largest. The later one of
 * equals, for the host's own work begins at CPU 0. */
static guint best_cache(const GArray *cores, guint wanted)
{
    guint best = g_array_index(cores, Core, 0).cache, best_count = count_cache(cores, best);

    for (guint i = 1; i < cores->len; i++) {
        guint cache = g_array_index(cores, Core, i).cache, count = count_cache(cores, cache);
        gboolean better = best_count >= wanted ? count >= wanted && count <= best_count : count >= best_count;

        if (better) {
            best = cache;
            best_count = count;
        }
    }
    return best;
}

GArray *vv_pick_cores(const VvTopology *topology, const GArray *nodes, const GArray *taken, guint count,
                      guint threads)
{
    g_autoptr(GArray) cores = collect(topology, nodes);
    g_autoptr(GArray) picked = g_array_new(FALSE, FALSE, sizeof(guint));
    guint wanted = (count + threads - 1) / threads;

    drop_used(topology, cores, taken, threads);
    if (cores->len < wanted)
        return NULL;
    while (picked->len < count) {
        guint cache = best_cache(cores, wanted);

        for (guint i = 0; i < cores->len && picked->len < count;) {
            const Core *core = &g_array_index(cores, Core, i);

            if (core->cache != cache) {
                i++;
                continue;
            }
            g_array_append_vals(picked, core->cpus, MIN(threads, count - picked->len));
            g_array_remove_index(cores, i);
            wanted--;
        }
    }
    return g_steal_pointer(&picked);
}
