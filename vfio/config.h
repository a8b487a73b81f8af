/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/sysfs.h"

/* What a function's configuration space says of it before a host driver may have it again. */
typedef enum {
    VV_CONFIG_QUIET,     /* it answers, and does no DMA */
    VV_CONFIG_UNKNOWN,   /* it cannot be read: nothing is known against it */
    VV_CONFIG_DEAD,      /* it does not answer: all ones, or the impossible header type 0x7f */
    VV_CONFIG_BUS_MASTER /* it may still write to memory, and that cannot be switched off */
} VvConfigState;

/* Switches bus mastering off where it is on (PCI Local Bus Specification 3.0, 6.2.2: command register, bit 2)
 * and reads it back. Where the kernel is locked down it refuses that write (Documentation/security, lockdown:
 * LOCKDOWN_PCI_ACCESS); VFIO clears the bit itself when a guest ends (vfio_pci_core_disable). *ret_error gets
 * the errno of a refused write, else 0. */
VvConfigState vv_config_make_quiet(const VvSysfs *sysfs, VvAddress address, int *ret_error);

/* TRUE when its configuration space can be read and is all ones. Changes nothing. */
gboolean vv_config_is_dead(const VvSysfs *sysfs, VvAddress address);

/* TRUE when the function has left, or leaves within `ms`: one that was torn out does not answer any more, but
 * the kernel still takes it down (drivers/pci/hotplug/pciehp_pci.c). One that answers has not, at once. */
gboolean vv_config_has_left(const VvSysfs *sysfs, VvAddress address, guint ms);

/* "it does not answer …": what follows an address in a sentence. Static; NULL for the first two. */
const char *vv_config_state_text(VvConfigState state);
