/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domxml-parts.h"
#include "domains/guest-layout.h"

/* The parts of <devices>, for the files that make them. */

/* VvVmDisk, VvVmFunction or VvVmNetwork -> its boot order, 1 and up, each once. New table. */
GHashTable *vv_domxml_boot_orders(const VvVm *vm);
/* <boot order=>; nothing where `who` is not for booting. */
void vv_domxml_add_boot(xmlNode *node, GHashTable *orders, gconstpointer who);

void vv_domxml_add_disks(xmlNode *devices, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_networks(xmlNode *devices, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_usbs(xmlNode *devices, const VvVm *vm);
/* Screen, pointer, sound, and what SPICE needs. */
void vv_domxml_add_display(xmlNode *devices, const VvVm *vm);
/* virtiofs, shared memory, TPM, IOMMU. */
void vv_domxml_add_extras(xmlNode *devices, const VvVm *vm);

/* "vnc", "spice" or "none"; and the video model, "none" without one. */
const char *vv_domxml_graphics(const VvVm *vm);
const char *vv_domxml_video(const VvVm *vm);

/* <address> with domain, bus, slot and function, of the host or of the guest. */
xmlNode *vv_domxml_add_address(xmlNode *parent, VvAddress address);

/* Does the guest get an emulated USB controller? */
gboolean vv_domxml_needs_usb(const VvVm *vm);

/* How many root ports libvirt will fill with emulated devices. */
guint vv_domxml_emulated_ports(const VvVm *vm);

/* The alias of a function; libvirt leaves those with "ua-" alone. New string. */
char *vv_domxml_alias(const VvVmDevice *card, guint index);
/* libvirt's alias of an emulated network card that stands in for a VF: new string. */
char *vv_domxml_network_alias(const VvVmNetwork *network);

char *vv_domxml_usb_alias(const VvVmUsb *usb);
