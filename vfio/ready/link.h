/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/ready/ready.h"

/* Adds a row "link" about the PCI Express link of a function that is to go to a guest: is it as wide and fast
 * as the card can be, and if not, is it the card, the port above, or what they agreed upon
 * (Documentation/ABI/testing/sysfs-bus-pci: current_link_speed and its like)? Graphics cards lower their
 * speed while they idle, which is no fault. None for a function without a link, and for one that sleeps:
 * newer kernels wake a card that is asked. */
void vv_ready_check_link(const VvReadyHost *ready, const VvDevice *device, GPtrArray *rows);
