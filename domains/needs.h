/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/ready/ready.h"

/* What a domain asks of its host besides devices, from its XML (formatdomain.html of libvirt). */

/* Memory that comes from some of the host's nodes. */
typedef struct {
    GArray *nodes; /* guint, strictly these; NULL: any */
    guint64 kib;
} VvGuestPlace;

typedef struct {
    gboolean kvm;
    guint64 memory_kib;
    gboolean huge;        /* from huge pages… */
    guint64 hugepage_kib; /* …of this size; 0: the host's default */
    GPtrArray *places;    /* VvGuestPlace *: all of the memory, or one for each node of the guest */
    guint vcpus;
    GArray *pins;        /* guint: host CPUs that virtual CPUs are pinned to, ascending; NULL: not pinned */
    gboolean efi;        /* libvirt chooses the firmware */
    char *loader, *vars; /* the firmware's files, with the template of its variables; NULL: not named */
} VvGuestNeeds;

/* VV_ERROR_FAILED says what is wrong with the XML. */
VvGuestNeeds *vv_guest_needs_read(const char *xml, gsize length, GError **error);
void vv_guest_needs_free(VvGuestNeeds *needs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvGuestNeeds, vv_guest_needs_free)

/* Adds rows: memory, huge, cpus, numa, link, firmware. `devices` (VvDevice *) go to the guest; `running`: it
 * has its memory already. */
void vv_guest_needs_check(const VvGuestNeeds *needs, const VvReadyHost *ready, const GPtrArray *devices,
                          gboolean running, GPtrArray *rows);

/* Is there a firmware for UEFI guests on this host (QEMU's docs/interop/firmware.json; libvirt reads the same
 * folders)? The folder it was found in: static; NULL: none. */
const char *vv_guest_firmware_folder(const VvSysfs *sysfs);
