/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/xml.h"

/* Does libvirt add an element or attribute of that name to `parent` by itself? */
gboolean vv_compare_is_libvirts(const xmlNode *parent, const char *name, gboolean attribute);
/* The same for an element that is there, and that nothing asked for. */
gboolean vv_compare_is_noise(const xmlNode *parent, const xmlNode *node);

/* The child of `parent` that `wanted` has become: of several that it may be, the one most like it, the first
 * of equals; none that is a key of `counterparts`. NULL: none. */
xmlNode *vv_compare_match(const xmlNode *parent, const xmlNode *wanted, GHashTable *counterparts);
