/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/journal.h"

/* A change of the number of VFs, for whoever has to bring that in order after a kill: one text file for each
 * PF, ROOT/run/virt-vfio/sriov/ADDRESS, written before the first change and removed after the last. Beside
 * the journal and not in it, because nobody has taken the PF. */
typedef struct {
    VvAddress address;
    char *ids;     /* of the function, so that another one at its place is let alone */
    int autoprobe; /* sriov_drivers_autoprobe before; -1: there is none */
    guint before;  /* sriov_numvfs before */
    guint wanted;
    VvProcess by; /* a worker that hangs, or the program */
} VvSriovNote;

VvSriovNote *vv_sriov_note_new(VvAddress address);
void vv_sriov_note_free(VvSriovNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSriovNote, vv_sriov_note_free)

gboolean vv_sriov_note_write(const VvJournal *journal, const VvSriovNote *note, GError **error);
gboolean vv_sriov_note_remove(const VvJournal *journal, VvAddress address, GError **error);

/* NULL: there is none, or it cannot be read. */
VvSriovNote *vv_sriov_note_read(const VvJournal *journal, VvAddress address);

/* All that are there (VvSriovNote *), owned by the caller. One that cannot be read is left out: it was never
 * whole, so nothing was changed yet. */
GPtrArray *vv_sriov_notes(const VvJournal *journal);
