/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/modules.h"

/* Takes every PCI function that no variant driver is better for. */
#define VV_VFIO_MODULE "vfio_pci"

/* The module whose VFIO driver fits a function best, by its modalias ("pci:v000015B3d…", NULL where the
 * kernel gives none): new string, "mlx5_vfio_pci" or VV_VFIO_MODULE. Variant drivers say what they are for
 * with "vfio_pci:" aliases (PCI_DRIVER_OVERRIDE_DEVICE_VFIO in include/linux/pci.h, do_pci_entry in
 * scripts/mod/file2alias.c), which depmod writes into modules.alias of the running kernel. As in libvirt, the
 * alias with the fewest wildcards wins, and the first one of several; one that names nothing of the function
 * never wins over VV_VFIO_MODULE, and neither does a module that modprobe.d(5) blacklists.
 *
 * Whether the module can be loaded, and its driver takes the function, is not known here. */
char *vv_variant_module(const VvSysfs *sysfs, const char *modalias);
