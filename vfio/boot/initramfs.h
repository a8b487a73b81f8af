/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/maker.h"

/* What initramfs.c and mkinitcpio.c share. */

#define VV_SETUP_MODPROBE "/etc/modprobe.d/virt-vfio.conf"
#define VV_SETUP_WHY_MODULES "vfio-pci is loaded before the drivers of devices"
#define VV_SETUP_WHY_ADDRESS "reserves devices by their address, before any driver is loaded"

extern const char *const vv_setup_dropins[2];

gboolean vv_setup_wants_modules(const VvSetupMaker *maker);
/* A shell function that reserves a device, and its calls, one for each that is reserved by its address. */
extern const char vv_setup_reserve_function[];
char *vv_setup_reserve_calls(const VvSetupWants *wants, const char *indent);
/* `addresses` "": they are not wanted. */
gboolean vv_maker_systemd_dropins(VvSetupMaker *maker, const char *addresses);
gboolean vv_maker_mkinitcpio(VvSetupMaker *maker, const char *addresses);
