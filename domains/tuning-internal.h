/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/tuning.h"

/* The guest on its way to a tuning. */
typedef struct {
    const VvVm *vm;
    const VvTuningHost *host;
    GArray *device_nodes; /* guint: the devices' NUMA nodes, the first device's first */
    guint64 mmio64;       /* bytes above 4 GiB that the devices want */
    GArray *nodes;        /* guint: where the guest shall be; empty: anywhere */
} VvPlace;

void G_GNUC_PRINTF(2, 3) vv_tuning_note(VvTuning *tuning, const char *format, ...);

/* vm's word for a key, NULL for "auto". */
const char *vv_tuning_said(const char *value);

/* tuning-host.c: what the devices need, and the window for their memory. */
void vv_place_devices(VvPlace *place);
void vv_tuning_mmio(VvTuning *tuning, const VvPlace *place);

/* tuning-memory.c: on which nodes the guest is, as whose memory, and in which pages. */
void vv_tuning_nodes(VvTuning *tuning, VvPlace *place);
void vv_tuning_pages(VvTuning *tuning, const VvPlace *place);

/* tuning-place.c: which host CPUs, and the guest's CPU topology that goes with them. */
void vv_tuning_cpus(VvTuning *tuning, const VvPlace *place);

/* vCPU i to CPU i of these, for itself; `threads` of a core of the guest. */
void vv_tuning_pin(VvTuning *tuning, const VvPlace *place, const GArray *cpus, guint threads);
/* The CPUs of these nodes (of all, for none) without the cores that `pinned` (may be NULL) and other domains
 * have a part of; new string, NULL: none. */
char *vv_place_others(const VvPlace *place, const GArray *nodes, const GArray *pinned);

/* tuning-list.c: pinning = LIST. The first of the list are the guest's, the rest its emulator's. A list that
 * is in order, such as 4-7,12-15, says which CPUs; one that is not says also which virtual CPU is on which.
 */
void vv_tuning_pin_list(VvTuning *tuning, const VvPlace *place, const char *list);

/* tuning-cores.c: whole cores of these nodes for `count` vCPUs, `threads` on each; guint, siblings side by
 * side and cores with a common cache together. Not the core of CPU 0, no E-cores, none of `taken`. NULL when
 * there are not enough. */
GArray *vv_pick_cores(const VvTopology *topology, const GArray *nodes, const GArray *taken, guint count,
                      guint threads);
