/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"
#include "domains/xml.h"

/* The parts of a domain's XML, each added below the node given. */

/* Everything in <devices> but the cards: controllers, disks, networks, serial console, display. */
void vv_domxml_add_emulated(xmlNode *devices, const VvVm *vm);

/* A root port for each card (guest bus 1, 2, …), before other controllers get those numbers. */
void vv_domxml_add_root_ports(xmlNode *devices, const VvVm *vm);
void vv_domxml_add_hostdevs(xmlNode *devices, const VvVm *vm);

/* The boot order of the first storage function (after the disks), and how many of them there are. */
guint vv_domxml_first_boot_card(const VvVm *vm);
guint vv_domxml_boot_cards(const VvVm *vm);

/* x-vga, which libvirt has no attribute for. Nothing where no card asks for it. */
void vv_domxml_add_overrides(xmlNode *domain, const VvVm *vm);

/* Our policy and the identities of the devices. */
void vv_domxml_add_metadata(xmlNode *domain, const VvVm *vm);

/* Does a card with screens of its own (VGA or other display controller) go to the guest? */
gboolean vv_domxml_has_display(const VvVm *vm);
/* Does a whole USB controller? */
gboolean vv_domxml_has_usb(const VvVm *vm);
