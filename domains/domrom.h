/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"

/* The XML of a domain in which the PCI hostdev of each function that is in `files` (VvAddress * to a path, or
 * to NULL for none) has that file for its ROM; all else stays as it is. NULL without an error: it is so
 * already. New string; the errors of vv_domain_read(). */
char *vv_domain_set_roms(const char *xml, gsize length, GHashTable *files, GError **error);

/* A table for that: keys are copied, paths taken over. */
GHashTable *vv_domain_roms_new(void);
void vv_domain_roms_add(GHashTable *files, VvAddress address, char *path);
