/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

/* Appends the other functions (VvDevice *, owned by the host) that go through a reset of `device`, one of the
 * host's, by ascending address. From the kernel's rules:
 *
 * - Where `reset_method` has anything, the function can be reset alone: all methods but `bus` and `cxl_bus`
 *   reach one function by nature, and these two are offered only to a function that is alone on its bus
 *   (drivers/pci/pci.c, pci_parent_bus_reset and pci_dev_reset_slot_function).
 * - Else only VFIO's hot reset is left. It reaches all functions on the bus, and on all buses below
 *   (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_for_each_slot_or_bus). Where the slot can be reset, it is
 *   asked about that slot alone; behind a PCI Express port that is everything on the link all the same, so
 *   here it is always the bus.
 * - A root bus cannot be reset (pci_probe_reset_bus): nothing.
 * - With a physical function its virtual functions are reset, whatever the method: they end with its VF
 *   Enable (PCI Express Base Specification, 9.2.2 Reset Mechanisms of SR-IOV).
 *
 * Which bus that is comes from the place in the device tree. On a machine recorded without it, the number of
 * the bus has to do. */
void vv_reset_siblings(const VvHost *host, const VvDevice *device, GPtrArray *ret_devices);
