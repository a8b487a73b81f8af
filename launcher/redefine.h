/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "launcher/command.h"

/* A domain whose XML is edited: as libvirt has it stored. */
typedef struct {
    char *xml; /* with passwords */
    VvDomain *domain;
    char *live; /* of the running guest; NULL: it does not run */
} VvStored;

/* VV_ERROR_REFUSED for a domain that libvirt will have forgotten when it stops. */
VvStored *vv_stored_read(VvContext *context, const char *name, GError **error);
void vv_stored_free(VvStored *stored);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvStored, vv_stored_free)

/* Prints what would change. FALSE: nothing would. */
gboolean vv_show_change(const VvStored *stored, const char *after);

/* Keeps the XML for undo and defines the domain anew. */
gboolean vv_redefine(VvContext *context, const VvStored *stored, const char *after, GError **error);
