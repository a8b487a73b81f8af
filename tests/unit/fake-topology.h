/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fake-host.h"

/* The processors and the memory of a fake host, as the kernel shows them. Threads are numbered as on most
 * machines: the first of each core, then the second of each. */
typedef struct {
    guint nodes;  /* 0: a kernel without NUMA, with everything in one place */
    guint caches; /* last-level caches of a node */
    guint cores;  /* of a cache */
    guint threads;
    guint slow;          /* E-cores of the last node, in its last cache, without a second thread */
    const char *offline; /* CPUs that are not there; NULL: none */
    const char *vendor;  /* "GenuineIntel" */
    guint bits;          /* of a physical address */
    guint memory_gib;    /* of a node */
    guint large, huge;   /* pages of 2 MiB and 1 GiB of a node, all free */
    guint held;          /* of the huge ones, in use */
    guint empty;         /* nodes behind the others with memory only */
} FakeTopology;

void fake_topology_put(FakeHost *fake, const FakeTopology *shape);

/* A desktop with 8 cores and one cache, 32 GiB. */
extern const FakeTopology fake_desktop;
/* A Ryzen with two CCX of 8 cores. */
extern const FakeTopology fake_ryzen;
/* A hybrid Intel with 6 P-cores and 8 E-cores. */
extern const FakeTopology fake_hybrid;
/* Two sockets of 16 cores, 128 GiB each, with huge pages. */
extern const FakeTopology fake_server;
/* Four nodes of 8 cores, 32 GiB each. */
extern const FakeTopology fake_four;
