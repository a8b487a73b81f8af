/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

/* Where it is in the kernel's device tree: "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0". New
 * string; NULL where the machine was recorded without links. */
char *vv_device_place(const VvHost *host, const VvDevice *device);

/* Appends the other functions (VvDevice *, owned by the host) that go through a reset of `device`, one of the
 * host's, by ascending address. From the kernel's rules:
 *
 * - Every method but `bus` and `cxl_bus` resets one function by itself (drivers/pci/pci.c,
 *   pci_reset_fn_methods). These two do so only for a function that is alone on its bus, and fail with ENOTTY
 *   for others (pci_parent_bus_reset, pci_dev_reset_slot_function): `reset_method` names them all the same
 * for the first function of a card, because it was alone when the list was made (pci_init_reset_methods).
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

/* Is there no reset of the function alone, but at most one of its whole bus? Needs vv_device_read_details().
 */
gboolean vv_reset_needs_bus(const VvDevice *device);

/* Appends the other functions (VvDevice *, owned by the host) on the bus of `device` and below it: what a
 * secondary bus reset of the bridge above reaches. None on a root bus, and on a machine recorded without the
 * device tree. */
void vv_bus_siblings(const VvHost *host, const VvDevice *device, GPtrArray *ret_devices);

/* The bridge above `device`. FALSE, *ret untouched, on a root bus and where there is no device tree. */
gboolean vv_bus_bridge(const VvHost *host, const VvDevice *device, VvAddress *ret);
