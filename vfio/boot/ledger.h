/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/change.h"
#include "vfio/boot/rootfile.h"

/* What `setup` changed on this system, so that it can be taken back: one text file with its backups beside
 * it, below the root. It is on disk before anything is changed, and says after each step how far it got. */
#define VV_LEDGER_FOLDER "/var/lib/virt-vfio/setup"

typedef enum {
    VV_LEDGER_PENDING, /* of a file: whether it is written is seen in the file */
    VV_LEDGER_STARTED, /* a command that was run and may have ended or not */
    VV_LEDGER_DONE,
    VV_LEDGER_UNDONE,
} VvLedgerProgress;

typedef enum { VV_LEDGER_APPLYING, VV_LEDGER_APPLIED, VV_LEDGER_UNDOING } VvLedgerState;

/* One step that was agreed. Texts of files are in the backups, their SHA-256 in the ledger, which anybody may
 * read. */
typedef struct {
    guint number;                 /* of its backups */
    VvSetupStep *step;            /* before and after are NULL until vv_ledger_load_texts() */
    char *before_sum, *after_sum; /* NULL: there is no file */
    VvRootFile was;               /* mode and owner before; its text is always NULL */
    VvLedgerProgress progress;
} VvLedgerStep;

typedef struct {
    VvLedgerState state;
    gboolean exists;   /* there is a file of it */
    char *stack;       /* name of the boot stack it was made for; may be NULL */
    gint64 changed_at; /* seconds since 1970: the last apply that came to its end, else when it began */
    char *boot_id;     /* of the kernel that ran then (proc_sys_kernel(5), random/boot_id); may be NULL */
    VvSetupWants *wants;
    GPtrArray *steps;   /* VvLedgerStep, in the order in which they were done */
    GPtrArray *folders; /* char *: made by us, top first */
} VvLedger;

/* That of the system below the root; an empty one where nothing was set up. A ledger that cannot be
 * understood is an error that names it. Needs no root. */
VvLedger *vv_ledger_load(const VvSysfs *sysfs, GError **error);
void vv_ledger_free(VvLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvLedger, vv_ledger_free)

/* Reads before and after of every step that is not undone from the backups, and checks them. */
gboolean vv_ledger_load_texts(const VvSysfs *sysfs, VvLedger *ledger, GError **error);

/* Copies a step of a plan, and writes its backups; the ledger has to be saved before it is carried out. */
VvLedgerStep *vv_ledger_add(const VvSysfs *sysfs, VvLedger *ledger, const VvSetupStep *step,
                            const VvRootFile *was, GError **error);

gboolean vv_ledger_save(const VvSysfs *sysfs, VvLedger *ledger, GError **error);

/* What undo is about to make of a file that was edited since: kept, so that an undo that was interrupted
 * knows it again. NULL with no error: none was kept. */
gboolean vv_ledger_keep_target(const VvSysfs *sysfs, const VvLedgerStep *step, const char *text,
                               GError **error);
char *vv_ledger_target(const VvSysfs *sysfs, const VvLedgerStep *step);

/* Removes the ledger and the backups; vv_ledger_unlock() then their folders. */
gboolean vv_ledger_remove(const VvSysfs *sysfs, GError **error);

/* Keeps every other setup of this system out, and makes the ledger's folder. Returns the descriptor; -1:
 * VV_ERROR_REFUSED when another one is at it, or a command that one started and that still runs: commands
 * inherit the lock. */
int vv_ledger_lock(const VvSysfs *sysfs, GError **error);
/* Takes the folder away again where there is no ledger in it. */
void vv_ledger_unlock(const VvSysfs *sysfs, int lock);

/* The text of a ledger, and back: for the two above, and for tests. */
char *vv_ledger_format(const VvLedger *ledger);
gboolean vv_ledger_parse(VvLedger *ledger, const char *text, GError **error);

/* SHA-256 in hexadecimal; NULL for NULL. */
char *vv_ledger_sum(const char *text);
