/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/journal.h"

/* Units that were stopped for a domain's sake, for whoever has to start them again: one text file for each
 * owner, ROOT/run/virt-vfio/services/UUID, written before the first is stopped and removed when all run
 * again. A reboot starts units by itself, and empties /run. */
typedef struct {
    char *owner;      /* the domain's uuid */
    char *owner_name; /* NULL: not known */
    char **units;     /* in the order in which they are stopped; never NULL */
    gboolean failed;  /* one of them did not start again, and that was told */
    VvProcess by;     /* who stopped them */
} VvServicesNote;

VvServicesNote *vv_services_note_new(const char *owner, const char *owner_name);
void vv_services_note_free(VvServicesNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvServicesNote, vv_services_note_free)

gboolean vv_services_note_write(const VvJournal *journal, const VvServicesNote *note, GError **error);
gboolean vv_services_note_remove(const VvJournal *journal, const char *owner, GError **error);

/* NULL: there is none, or it was never whole, and then nothing was stopped yet. */
VvServicesNote *vv_services_note_read(const VvJournal *journal, const char *owner);

/* Is there what a writer left that was killed? Nothing was stopped yet then. */
gboolean vv_services_note_has_leftovers(const VvJournal *journal);
/* Removes it; call it with the lock of hooks/services.c, or a writer at work would lose its note. */
void vv_services_note_sweep(const VvJournal *journal);

/* All that are there (VvServicesNote *), owned by the caller. */
GPtrArray *vv_services_notes(const VvJournal *journal);
