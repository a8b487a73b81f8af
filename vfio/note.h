/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/journal.h"

/* Files beside the journal's entries, for whoever has to put something in order after a kill: one for each
 * function and kind ("resets", "sriov", "vfs"), ROOT/run/virt-vfio/KIND/ADDRESS, of keys and values. They are
 * replaced and removed atomically (vfio/durable.h), so that one that is there is whole. */

/* VV_ERROR_FAILED: it is not there, and so nothing may be changed. */
gboolean vv_note_write(const VvJournal *journal, const char *kind, VvAddress address, GKeyFile *file,
                       GError **error);
/* What is not there is a success. */
gboolean vv_note_remove(const VvJournal *journal, const char *kind, VvAddress address, GError **error);

/* NULL: there is none, or it has no keys and values. */
GKeyFile *vv_note_read(const VvJournal *journal, const char *kind, VvAddress address);

/* All of a kind, each as `read` makes it of its address (NULL: left out), owned by the caller. */
GPtrArray *vv_note_all(const VvJournal *journal, const char *kind,
                       gpointer (*read)(const VvJournal *journal, VvAddress address), GDestroyNotify free);

/* Who wrote it, as the keys `pid` and `started` of a section. */
void vv_note_set_process(GKeyFile *file, const char *section, VvProcess process);
VvProcess vv_note_get_process(GKeyFile *file, const char *section);
