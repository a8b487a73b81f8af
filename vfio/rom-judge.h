/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"
#include "vfio/reason.h"
#include "vfio/rom.h"

/* What a guest would make of a ROM that it is given with a card, as reasons for a plan:
 *
 * rom-unreadable  block  the file is not there, is none, or cannot be read
 *                 warn   it is closed to QEMU, which is not root
 * rom-bad         block  damaged, for another card, or not seen by the guest's firmware as it is; can be
 *                        allowed, for a card that is known to work with it
 *                 warn   somebody else than root could change it; it has a fault that does no harm; SeaBIOS
 *                        has no use for it
 * rom-no-efi      warn   a screen stays dark until the guest's own driver has it: no image for UEFI, or one
 *                        that is no graphics driver (GOP) */

/* `what` names the ROM in sentences: a path, "the backup of 2026-11-21". Adds to `reasons` (VvReason *). */
void vv_rom_judge(const VvDevice *device, const char *what, GBytes *bytes, gboolean uefi, GPtrArray *reasons);

/* The same for a file, which is looked at first: `path` is what QEMU is given, `local` (NULL: the same) where
 * it lies as seen from here. */
void vv_rom_judge_file(const VvDevice *device, const char *path, const char *local, gboolean uefi,
                       GPtrArray *reasons);
