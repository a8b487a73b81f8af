/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/capabilities.h"
#include "domains/vmfile.h"
#include "vfio/topology.h"

/* One NUMA node of a guest that spans nodes of the host. */
typedef struct {
    guint node;             /* of the host, from which its memory comes */
    guint first_cpu, count; /* virtual CPUs */
    guint64 memory_kib;
} VvTuningCell;

/* What an expert would have added to a VM file for this host: the settings of each guest system that this
 * libvirt and QEMU support, CPUs and memory near the devices, huge pages where there are some, a window large
 * enough for the devices' memory. Everything the file says stands. */
typedef struct {
    gboolean kvm;
    char *machine; /* "pc-q35-7.2", so that a new QEMU does not change the guest; "q35" where unknown */
    char **hyperv; /* names of enlightenments, as in libvirt's XML; empty: no <hyperv> */
    gboolean hyperv_timer_direct;
    gboolean hint_dedicated; /* the vCPUs have their CPUs for themselves */
    gboolean pmu_off;
    gboolean cache_passthrough, topoext, host_physical_bits;
    guint sockets, dies, cores, threads;
    guint64 hugepage_kib;     /* 0: none */
    guint allocation_threads; /* 0: no preallocation */
    gboolean shared_memory;   /* virtiofs needs it */
    char *nodeset;            /* memory comes from these nodes of the host, strictly; NULL: from any */
    GArray *cells;            /* VvTuningCell; empty: the guest sees no NUMA */
    char **vcpu_cpus;         /* for each vCPU the host CPUs it runs on, a list; empty: on any */
    char *emulator_cpus;      /* NULL: not pinned */
    guint iothreads;          /* 0: none */
    char *iothread_cpus;      /* NULL: not pinned */
    guint queues;             /* of virtio networks that do not say; 0: one. User-mode networks have one */
    guint64 pcihole64_kib;    /* of the PCIe root; 0: QEMU's choice */
    guint64 ovmf_mmio64_mib;  /* opt/ovmf/X-PciMmio64Mb; 0: OVMF's choice */
    GPtrArray *notes;         /* char *: sentences for the user, such as why nothing is pinned */
} VvTuning;

/* What the domains of this libvirt have of the host already. */
typedef struct {
    GArray *cpus;     /* guint: host CPUs to which other domains pin virtual CPUs one to one; NULL: none */
    GArray *own_cpus; /* guint: those of this domain as it is defined now, by virtual CPU; NULL: none */
    guint64 held_kib; /* huge pages that running domains hold now, this one among them */
    guint64 promised_kib; /* huge pages with which other domains are defined */
} VvClaims;

/* What is known of the place where the guest will run; each may be NULL. */
typedef struct {
    const VvCapabilities *capabilities; /* NULL: only what every version since libvirt 9.0, QEMU 7.2 knows */
    const VvTopology *topology;         /* NULL: nothing is placed */
    const VvHost *host;                 /* NULL: where the devices are is not known */
    const VvClaims *claims;
} VvTuningHost;

/* For a resolved VM. Never NULL. The same file on the same host with the same other domains gives the same
 * tuning, whether or not guests are running. docs/virt-vfio-vm.5 has the rules under pinning, numa, hugepages
 * and mmio. */
VvTuning *vv_tuning_new(const VvVm *vm, gboolean kvm, const VvTuningHost *host);
void vv_tuning_free(VvTuning *tuning);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvTuning, vv_tuning_free)

/* Adds what a domain's XML (the stored one) claims. Nothing of XML that cannot be read. */
void vv_claims_add(VvClaims *claims, const char *xml, gsize length, gboolean running, gboolean own);
void vv_claims_clear(VvClaims *claims);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvClaims, vv_claims_clear)
