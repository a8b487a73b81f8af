/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* For each domain the XML that the last change replaced: FOLDER/UUID, mode 0600 because there may be
 * passwords in it. */
#define VV_UNDO_FOLDER "/var/lib/virt-vfio/undo"

/* Keeps `before`. `after` is what libvirt made of the change (NULL: not known yet), by which is found out
 * later whether something else has changed the domain since. On disk when it returns. */
gboolean vv_undo_keep(const char *folder, const char *uuid, const char *before, const char *after,
                      GError **error);

/* What was kept: new string. *ret_unchanged: the domain is still what the change left, going by `now`.
 * VV_ERROR_FAILED: nothing was kept, or it cannot be read. */
char *vv_undo_read(const char *folder, const char *uuid, const char *now, gboolean *ret_unchanged,
                   GError **error);
