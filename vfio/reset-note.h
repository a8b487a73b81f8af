/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/journal.h"

/* A reset that changes more than the device, for whoever has to bring that in order after a kill: one text
 * file for each, ROOT/run/virt-vfio/resets/ADDRESS, written before the first change and removed after the
 * last. Beside the journal and not in it, because a device that nobody has taken can be reset too, and
 * because the functions are away from the kernel for a moment. */
typedef struct {
    VvAddress address;
    char *methods;    /* reset_method before; NULL: it was not changed */
    char *slot;       /* folder of the slot whose power was on; NULL: not switched */
    char *rescan;     /* folder whose `rescan` brings back what was removed; NULL: nothing was */
    char **functions; /* addresses of all that go away with it; never NULL */
    VvProcess by;
} VvResetNote;

VvResetNote *vv_reset_note_new(VvAddress address);
void vv_reset_note_free(VvResetNote *note);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvResetNote, vv_reset_note_free)

gboolean vv_reset_note_write(const VvJournal *journal, const VvResetNote *note, GError **error);
gboolean vv_reset_note_remove(const VvJournal *journal, VvAddress address, GError **error);

/* All that are there (VvResetNote *), owned by the caller. One that cannot be read is left out: it was never
 * whole, so nothing was changed yet. */
GPtrArray *vv_reset_notes(const VvJournal *journal);

/* Is this function away, or may it be, because of a reset that has not ended? */
gboolean vv_reset_note_covers(const VvJournal *journal, VvAddress address);
