/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/stack.h"
#include "vfio/host.h"

/* What the user wants of this host, apart from how its boot stack is told. Kept in the ledger, so that a
 * later `setup` adds to it. */
typedef struct {
    gboolean iommu;       /* on, and in pass-through mode for the host */
    gboolean modules;     /* vfio-pci and what it needs in the initramfs and at boot */
    guint64 hugepage_kib; /* 0: none wanted; 2048 or 1048576 */
    guint hugepages;      /* pages */
    GPtrArray *reserve;   /* VvReserve *: devices that no host driver must ever touch */
    char *isolate_cpus;   /* "2-7"; NULL: none */
} VvSetupWants;

/* A device that vfio-pci is to have from boot on. */
typedef struct {
    char *address;   /* "0000:01:00.0" */
    char *ids;       /* "10de:1b80" */
    char *module;    /* of the host driver that would take it, for softdep; NULL: none known */
    gboolean unique; /* no other function of this host has these ids: by id; else by address */
} VvReserve;

VvSetupWants *vv_setup_wants_new(void);
void vv_setup_wants_free(VvSetupWants *wants);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSetupWants, vv_setup_wants_free)

/* Adds `more` to `wants`; what both say, `more` decides. */
void vv_setup_wants_merge(VvSetupWants *wants, const VvSetupWants *more);

/* Resolves an address ("01:00" is every function but bridges) against the host: appends to wants->reserve.
 * VV_ERROR_REFUSED names what is not there, a bridge, a device that the host needs to boot (disk-mounted and
 * the like are the caller's plan). */
gboolean vv_setup_wants_reserve(VvSetupWants *wants, VvHost *host, const char *selector, GError **error);
