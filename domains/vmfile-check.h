/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/ini.h"
#include "domains/vmfile.h"

/* What the keys of a section have to be to one another, one function each, called when all keys of the
 * section were read; `object` is the section's structure. What libvirt or QEMU would refuse later is refused
 * here, where the line is known. Errors as vv_ini_set_error(). */
typedef gboolean VvVmCheck(const VvVm *vm, gconstpointer object, const VvIni *ini,
                           const VvIniSection *section, GError **error);
VvVmCheck vv_vmfile_check_vm, vv_vmfile_check_device, vv_vmfile_check_usb, vv_vmfile_check_disk,
    vv_vmfile_check_network, vv_vmfile_check_display, vv_vmfile_check_sound, vv_vmfile_check_share;

/* What sections have to be to one another, when all were read. */
gboolean vv_vmfile_check_whole(const VvVm *vm, const VvIni *ini, GError **error);
gboolean vv_vmfile_check_teams(const VvVm *vm, const VvIni *ini, GError **error);
gboolean vv_vmfile_check_cards(const VvVm *vm, const VvIni *ini, GError **error);

/* As `complete` in vmfile-keys.h: the firmware by the system, a disk's format and bus by its path, a share's
 * tag by its name. */
typedef void VvVmComplete(gpointer object, gconstpointer model, const VvIniSection *given);
VvVmComplete vv_vmfile_complete_vm, vv_vmfile_complete_disk, vv_vmfile_complete_share;

/* Bus N is behind root port N, and each takes a function of pcie.0, of which there are about 230; libvirt
 * adds ports for other things. */
#define VV_ROOT_PORTS_MAX 128

/* Sets the error, returns FALSE. */
#define VV_BAD(key, ...) (vv_ini_set_error(error, ini, section, key, __VA_ARGS__), FALSE)
