/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* The module that a PCI driver comes from, as softdep and blacklist lines call it: new string ("xhci_hcd" ->
 * "xhci_pci"). From /sys/bus/pci/drivers/DRIVER/module (drivers/base/module.c, module_add_driver); a recorded
 * machine without that link gets the usual name. */
char *vv_module_of_driver(const VvSysfs *sysfs, const char *driver);

/* Is this PCI driver registered, or is there a module of that name to load? On a recorded machine only the
 * first can be known; one recorded without its drivers gets the benefit of the doubt. */
gboolean vv_module_available(const VvSysfs *sysfs, const char *driver);

/* Registers the driver by loading its module (libkmod, with softdeps: vfio_iommu_type1 comes along) unless it
 * is there. `modalias` (may be NULL) of the device helps where driver and module are not called alike
 * (xhci_hcd). VV_ERROR_NOT_READY says what the kernel said. */
gboolean vv_module_load_driver(const VvSysfs *sysfs, const char *driver, const char *modalias,
                               GError **error);

/* Are these names of one module or driver? "-" and "_" are the same: modules have underscores, whatever they
 * are asked for as (libkmod, modname_normalize); drivers have both. */
gboolean vv_module_same_name(const char *a, const char *b);

/* Loads what udev would for a device of this modalias, or waits until udev has: then no driver comes later
 * that takes the device. Says nothing of what cannot be loaded; nothing on a recorded machine. */
void vv_module_load_alias(const VvSysfs *sysfs, const char *modalias);

/* The name of the PCI driver that a loaded module has registered ("vfio_pci" -> "vfio-pci"): new string, NULL
 * when the module is not loaded or has none. From /sys/module/MODULE/drivers (drivers/base/module.c,
 * module_add_driver), which built-in drivers have as well. Of several the one that is called like the module,
 * else the first by name. */
char *vv_module_pci_driver(const VvSysfs *sysfs, const char *module);

/* Loads a module and says what its PCI driver is called: new string. Nothing is loaded when the driver is
 * there already, or on a recorded machine. NULL with VV_ERROR_NOT_READY says what the kernel said. */
char *vv_module_load_pci(const VvSysfs *sysfs, const char *module, GError **error);

/* Does modprobe.d(5) below the root (or modprobe.blacklist= on the running kernel's command line) keep the
 * module from being loaded by an alias? */
gboolean vv_module_is_blacklisted(const VvSysfs *sysfs, const char *module);
