/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/rom.h"

#include <json-c/json.h>

/* What the verbs about ROMs share. */

/* A table of the images, what firmware makes of them, and what is wrong, on standard output. */
void vv_print_rom(const VvRom *rom, const char *what);
/* The JSON shape of `rom check`. A new reference. */
json_object *vv_json_rom(const VvRom *rom);

/* A file that may hold a ROM. VV_ERROR_FAILED names the path; more than 16 MiB, the largest expansion ROM
 * BAR, is refused before it is read. `ret_status` (may be NULL) is of the file that was read. */
struct stat;
GBytes *vv_rom_load(const char *path, struct stat *ret_status, GError **error);
