/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"
#include "vfio/sysfs.h"

/* libvirt knows a USB device by the number it got when it was plugged in; a VM file and our metadata know the
 * port. */

/* Looks up what is in the ports that the VM's [usb] sections name. */
void vv_vm_resolve_usbs(VvVm *vm, const VvSysfs *sysfs);

/* The same for a domain that is about to start: its (inactive) XML with the numbers of now, new string; NULL
 * where nothing changes. VV_ERROR_NOT_READY when a port is empty and its device not optional. */
char *vv_domain_update_usbs(const char *xml, gsize length, const VvSysfs *sysfs, GError **error);
