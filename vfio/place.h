/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/tree.h"

/* Where a function is plugged in, and how it is connected there. */
typedef struct {
    char *slot;   /* "4": the name of the physical slot that it, or a bridge above it, sits in; NULL: none */
    char *label;  /* "Onboard LAN 1", by the firmware; NULL: none */
    gint64 index; /* the firmware's number for it; 0: none */
    char *speed;  /* of its link now: "8.0 GT/s"; NULL: it has none, or is asleep */
    char *max_speed;        /* that it can do; NULL: not known */
    guint width, max_width; /* lanes; 0: not known */
} VvPlace;

/* What sits in which physical slot: "0000:01:00" (or "0000:01", all of a bus) -> name, from
 * /sys/bus/pci/slots (drivers/pci/slot.c, address_read_file). New table. */
GHashTable *vv_slots_read(const VvSysfs *sysfs);

/* Label and number are those of ACPI's _DSM, or else of SMBIOS type 41 (drivers/pci/pci-label.c). The link is
 * not asked of a function that would have to be woken for it. Never NULL. */
VvPlace *vv_place_read(const VvSysfs *sysfs, GHashTable *slots, const VvTreeNode *node);
void vv_place_free(VvPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvPlace, vv_place_free)
