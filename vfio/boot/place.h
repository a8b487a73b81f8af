/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* Where a file below the root really is, once the links on the way are followed. */
typedef struct {
    int folder; /* open for reading; -1: one of the folders above is not there */
    char *name; /* in that folder; no symbolic link, and perhaps not there */
} VvPlace;

void vv_place_clear(VvPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvPlace, vv_place_clear)

/* `path` is absolute as the system below the root sees it. VV_ERROR_REFUSED where a link leads out of the
 * root. */
gboolean vv_place_find(const VvSysfs *sysfs, const char *path, VvPlace *ret, GError **error);

/* VV_ERROR_NOT_READY where only root may do it, VV_ERROR_REFUSED where a link leads out, else
 * VV_ERROR_FAILED: "cannot WHAT PATH: …". Always FALSE. */
gboolean vv_place_fail(const VvSysfs *sysfs, const char *what, const char *path, int number, GError **error);
