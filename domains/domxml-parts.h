/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/tuning.h"
#include "domains/vmfile.h"
#include "domains/xml.h"

/* The parts of a domain's XML, each added below the node given. */

/* How much memory of which kind, how many CPUs, and where of the host they are. */
void vv_domxml_add_memory(xmlNode *domain, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_placement(xmlNode *domain, const VvVm *vm, const VvTuning *tuning);

void vv_domxml_add_features(xmlNode *domain, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_cpu(xmlNode *domain, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_clock(xmlNode *domain, const VvVm *vm, const VvTuning *tuning);

/* Everything in <devices> but the cards: controllers, disks, networks, USB, serial console, display. */
void vv_domxml_add_emulated(xmlNode *devices, const VvVm *vm, const VvTuning *tuning);

/* Root ports, before other controllers get their numbers: guest buses 1, 2, … for the cards, then one for
 * each emulated device, then some that stay empty for what is attached later. */
void vv_domxml_add_root_ports(xmlNode *devices, const VvVm *vm, const VvTuning *tuning);
void vv_domxml_add_hostdevs(xmlNode *devices, const VvVm *vm);

/* What libvirt has no attribute for: x-vga, x-igd-opregion, other ids, and which USB device an
 * optional one is. Nothing where nobody asks for it. */
void vv_domxml_add_overrides(xmlNode *domain, const VvVm *vm);

/* Our policy and the identities of the devices. */
void vv_domxml_add_metadata(xmlNode *domain, const VvVm *vm);

/* Does a card with screens of its own (VGA or other display controller) go to the guest? */
gboolean vv_domxml_has_display(const VvVm *vm);
/* Does a whole USB controller? */
gboolean vv_domxml_has_usb(const VvVm *vm);
