/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* The host's processors and memory, as Documentation/ABI/stable/sysfs-devices-system-cpu, -node and
 * Documentation/admin-guide/mm/hugetlbpage.rst (Linux) describe them. */

typedef enum { VV_CPU_OTHER, VV_CPU_INTEL, VV_CPU_AMD } VvCpuVendor;

/* One logical CPU that is online. */
typedef struct {
    guint id;
    guint core;      /* the lowest CPU of the same core: SMT siblings have it in common */
    guint cache;     /* the lowest CPU that shares the last-level cache: an AMD CCX has it in common */
    guint package;   /* physical_package_id */
    guint die;       /* die_id; 0 where the kernel does not say */
    guint node;      /* NUMA node */
    gboolean slower; /* an E-core of a hybrid Intel CPU */
} VvCpu;

/* The huge pages of one size on one node. */
typedef struct {
    guint64 page_kib;
    guint64 total, free; /* pages */
} VvPagePool;

/* One NUMA node that is online. A host without NUMA has one node, 0, with everything in it. */
typedef struct {
    guint id;
    GArray *cpus; /* guint, ascending; online ones only; empty: memory alone */
    guint64 memory_kib, free_kib;
    GArray *pools;     /* VvPagePool, larger pages first */
    GArray *distances; /* guint, in the order of VvTopology.nodes; empty where the kernel does not say */
} VvNode;

typedef struct {
    GArray *cpus;     /* VvCpu, by id */
    GPtrArray *nodes; /* VvNode *, by id */
    VvCpuVendor vendor;
    guint physical_bits; /* of an address; 0: unknown */
    gboolean apicv;      /* KVM uses the interrupt controller's virtualisation (APICv, AVIC) */
} VvTopology;

/* Never NULL; what cannot be read is as if it were not there, and a host that shows nothing has no CPUs. */
VvTopology *vv_topology_read(const VvSysfs *sysfs);
void vv_topology_free(VvTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvTopology, vv_topology_free)

/* NULL when there is none of that number. */
const VvCpu *vv_topology_cpu(const VvTopology *topology, guint id);
const VvNode *vv_topology_node(const VvTopology *topology, guint id);

/* The pool of that page size; NULL: none. */
const VvPagePool *vv_node_pool(const VvNode *node, guint64 page_kib);

/* "0-3,8" -> guint, ascending, each once, below 8192 (the kernel's largest NR_CPUS on x86). NULL on nonsense;
 * an empty list is an empty array. */
GArray *vv_cpulist_parse(const char *text);
/* The reverse; new string. `ids` ascending. */
char *vv_cpulist_format(const GArray *ids);
void vv_cpulist_sort(GArray *ids);
/* FALSE for `ids` NULL. */
gboolean vv_cpulist_contains(const GArray *ids, guint id);
