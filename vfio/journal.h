/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/entry.h"

/* What was taken from this host, so that it can be given back by anyone: one small text file for each
 * function, ROOT/run/virt-vfio/devices/ADDRESS, replaced atomically *before* each change. Undo needs only
 * this file and what sysfs shows. /run is emptied by a reboot, and so are driver bindings. */
typedef struct VvJournal VvJournal;

/* Opens (and on the first write creates) the journal below `root` (NULL: "/"). Never fails. */
VvJournal *vv_journal_new(const char *root);
void vv_journal_free(VvJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvJournal, vv_journal_free)

/* ROOT/run/virt-vfio, for what else must not survive a reboot. Owned by the journal. */
const char *vv_journal_folder(const VvJournal *journal);

/* NULL without an error: there is no entry. NULL with an error: there is one that cannot be read. */
VvEntry *vv_journal_read(const VvJournal *journal, VvAddress address, GError **error);

/* TRUE when nothing at all is in it: no entry, no reset or change of VFs that was interrupted
 * (vfio/reset-note.h, vfio/sriov-note.h), no settings of a VF (vfio/vf-lease.h), no unit that was stopped for
 * a guest (hooks/services-note.h), not even the leavings of a writer that died. */
gboolean vv_journal_is_empty(const VvJournal *journal);

/* All entries (VvEntry *) by ascending address, owned by the caller: an empty array where there is none. A
 * file that cannot be read is an error, not an omission. */
GPtrArray *vv_journal_list(const VvJournal *journal, GError **error);

/* Replaces the entry atomically and has it on disk when it returns (fsync of file and folder). */
gboolean vv_journal_write(VvJournal *journal, const VvEntry *entry, GError **error);

/* Removing what is not there is a success. */
gboolean vv_journal_remove(VvJournal *journal, VvAddress address, GError **error);

/* Addresses (VvAddress) for which a writer that died left a temporary file behind but no entry. */
GArray *vv_journal_leftovers(const VvJournal *journal);

/* Removes such a file; call it with the lock of the device's group. An entry that was written meanwhile
 * stays. */
void vv_journal_remove_leftover(VvJournal *journal, VvAddress address);

/* An exclusive lock for one IOMMU group. Whoever takes several takes them in ascending order, so that two
 * programs never wait for each other. Waits until `deadline` (monotonic microseconds; 0: not at all);
 * VV_ERROR_FAILED says that the group is busy. It goes with vv_journal_unlock(), or with the last process
 * that has its descriptor. */
gboolean vv_journal_lock(VvJournal *journal, int group, gint64 deadline, GError **error);

/* The same for several groups (ascending, unique ints), all or none of them, within `wait_ms` altogether. */
gboolean vv_journal_lock_groups(VvJournal *journal, const GArray *groups, guint wait_ms, GError **error);

/* The descriptor of the group's lock, for a worker that must outlive this program with it; -1: not locked. */
int vv_journal_lock_fd(const VvJournal *journal, int group);

/* Gives all locks up. */
void vv_journal_unlock(VvJournal *journal);
