/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/ledger.h"

/* Carries out what vfio/boot/steps.h planned, and takes it back. */

/* Runs a program of the system below the root to its end; what it printed is appended to `output`. FALSE:
 * VV_ERROR_NOT_READY when it was not run at all (it is not there), VV_ERROR_FAILED when it failed. */
typedef gboolean (*VvSetupRun)(const VvSysfs *sysfs, const char *const *argv, GString *output, gpointer data,
                               GError **error);

/* That of everyday: no shell, no input, PATH, HOME and the system's LANG alone in its environment, in a
 * session of its own, so that Ctrl-C does not tear it down half-way, and neither does the end of this
 * program. In another root than the running system's it runs in chroot(2), which only root may. Exit code 77
 * is a success where the command says --unchanged-exit-77 (rpm-ostree). */
gboolean vv_setup_run_tool(const VvSysfs *sysfs, const char *const *argv, GString *output, gpointer data,
                           GError **error);

typedef struct {
    const VvSysfs *sysfs;
    VvSetupRun run; /* NULL: vv_setup_run_tool */
    /* After each step. `output` of a command, NULL: none; `us` is how long it took. */
    void (*progress)(const VvSetupStep *step, gint64 us, gboolean failed, const char *output, gpointer data);
    /* Asked between two steps: TRUE stops here. NULL: never. */
    gboolean (*stop)(gpointer data);
    gpointer data;
} VvSetupEngine;

/* With the lock held. `wants` is what the plan was made from. Writes the ledger, then the files, then runs
 * what takes arguments and what rebuilds, each command once; and whatever an earlier apply left pending. Does
 * nothing at all where nothing is to be done (*ret_changed FALSE). After an error or a stop the ledger knows
 * how far it got, and the error says so. */
gboolean vv_setup_apply(const VvSetupEngine *engine, VvLedger *ledger, const VvBootStack *stack,
                        const VvSetupWants *wants, const VvSetupPlan *plan, gboolean *ret_changed,
                        GError **error);

/* What undo would do, from the ledger and the files as they are now; its notes say what was kept because
 * somebody had edited it. Reads the backups: root. */
VvSetupPlan *vv_setup_plan_undo(const VvSysfs *sysfs, VvLedger *ledger, GError **error);

/* With the lock held: carries that plan out, and removes the ledger at the end. */
gboolean vv_setup_undo(const VvSetupEngine *engine, VvLedger *ledger, const VvSetupPlan *plan,
                       GError **error);

/* TRUE when an earlier apply has commands left to run. */
gboolean vv_setup_is_pending(const VvLedger *ledger);
