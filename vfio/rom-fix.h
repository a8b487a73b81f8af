/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/rom.h"

typedef enum {
    VV_ROM_FIX_CHECKSUM = 1 << 0, /* make legacy images sum to 0: changes one byte of each */
    VV_ROM_FIX_LAST = 1 << 1,     /* mark the final image as the last, where none is */
} VvRomFixes;

/* Mends a ROM for a guest: cuts off what stands before the first image, and all behind the last one that
 * firmware sees. No other byte is changed unless `fixes` (VvRomFixes) says so. The result begins with an
 * image and has no "prefix", "trailing" or "padding"; with the fixes also no "checksum" and "no-last".
 * Mending it again changes nothing. An image that NVIDIA's extension says has no checksum is left alone.
 *
 * `ret_changes` (may be NULL) gets a sentence for each change, none when the ROM needed none. Both are owned
 * by the caller. VV_ERROR_FAILED where it cannot be mended: it is bad, or there is no byte to spare for the
 * checksum. */
GBytes *vv_rom_fix(GBytes *rom, unsigned fixes, GPtrArray **ret_changes, GError **error);

/* One image, whole, as it is in the chain. `index` counts from 0; G_MAXUINT: the first EFI image.
 * VV_ERROR_FAILED where there is none, or a part of it is missing. */
GBytes *vv_rom_extract(GBytes *rom, guint index, GError **error);
