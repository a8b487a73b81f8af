/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/capabilities.h"
#include "domains/vmfile.h"
#include "vfio/topology.h"

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
    char **vcpu_cpus;         /* for each vCPU the host CPU it is pinned to; empty: not pinned */
    char *emulator_cpus;      /* NULL: not pinned */
    guint iothreads;          /* 0: none */
    char *iothread_cpus;      /* NULL: not pinned */
    guint queues;             /* of virtio networks that do not say; 0: one */
    guint64 pcihole64_kib;    /* of the PCIe root; 0: QEMU's choice */
    guint64 ovmf_mmio64_mib;  /* opt/ovmf/X-PciMmio64Mb; 0: OVMF's choice */
    GPtrArray *notes;         /* char *: sentences for the user, such as why nothing is pinned */
} VvTuning;

/* `capabilities` NULL: nothing is known of libvirt and QEMU, so only what every version since libvirt 9.0 and
 * QEMU 7.2 knows. `topology` NULL: nothing of the host, so nothing is placed. Never NULL. */
VvTuning *vv_tuning_new(const VvVm *vm, gboolean kvm, const VvCapabilities *capabilities,
                        const VvTopology *topology);
void vv_tuning_free(VvTuning *tuning);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvTuning, vv_tuning_free)
