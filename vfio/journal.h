/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"

/* What was taken from this host, so that it can be given back by anyone: one small text file for each
 * function, ROOT/run/virt-vfio/devices/ADDRESS, replaced atomically *before* each change. Undo needs only
 * this file and what sysfs shows. /run is emptied by a reboot, and so are driver bindings. */
typedef struct VvJournal VvJournal;

typedef enum {
    VV_STATE_TAKING,
    VV_STATE_TAKEN,
    VV_STATE_RETURNING,
    VV_STATE_STUCK,       /* a worker did not come back; see `note` */
    VV_STATE_QUARANTINED, /* kept on vfio-pci on purpose */
} VvState;

#define VV_OWNER_MANUAL "manual"

typedef struct {
    VvAddress address;
    VvState state;
    char *owner;      /* a domain's uuid, or VV_OWNER_MANUAL */
    char *owner_name; /* the domain's name for people; NULL for manual */
    char *driver;     /* bound before; NULL: none was */
    char *override;   /* driver_override before; NULL: none was */
    char *note;       /* why it is stuck or quarantined; NULL */
    gint64 since;     /* seconds since the epoch, when it was taken */
} VvEntry;

/* Opens (and on the first write creates, 0700) the journal below `root` (NULL: "/"). Never fails. */
VvJournal *vv_journal_new(const char *root);
void vv_journal_free(VvJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvJournal, vv_journal_free)

VvEntry *vv_entry_new(VvAddress address, const char *owner, const char *owner_name);
void vv_entry_free(VvEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvEntry, vv_entry_free)

/* NULL without an error: there is no entry. NULL with an error: there is one that cannot be read. */
VvEntry *vv_journal_read(const VvJournal *journal, VvAddress address, GError **error);

/* All entries (VvEntry *) by ascending address, owned by the caller: an empty array where there is none. A
 * file that cannot be read is an error, not an omission. */
GPtrArray *vv_journal_list(const VvJournal *journal, GError **error);

/* Replaces the entry atomically and has it on disk when it returns (fsync of file and folder). */
gboolean vv_journal_write(VvJournal *journal, const VvEntry *entry, GError **error);

/* Removing what is not there is a success. */
gboolean vv_journal_remove(VvJournal *journal, VvAddress address, GError **error);

/* Exclusive locks for these IOMMU groups (ascending, unique ints), taken in that order, so that two programs
 * never wait for each other. Waits up to `wait_ms`; VV_ERROR_FAILED names the group that is busy. The locks
 * go with the process, or with vv_journal_unlock(). */
gboolean vv_journal_lock_groups(VvJournal *journal, const GArray *groups, guint wait_ms, GError **error);
void vv_journal_unlock(VvJournal *journal);

const char *vv_state_name(VvState state);
