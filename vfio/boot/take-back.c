/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/apply-internal.h"

#include "vfio/error.h"

#include <string.h>

/* The first step of this path that is not undone: it has what was before all others. */
static VvLedgerStep *first_of(const VvLedger *ledger, const char *path)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        if (entry->step->what == VV_SETUP_FILE && entry->progress != VV_LEDGER_UNDONE &&
            strcmp(entry->step->path, path) == 0)
            return entry;
    }
    return NULL;
}

static void mark_path(VvLedger *ledger, const char *path)
{
    for (VvLedgerStep *entry; (entry = first_of(ledger, path));)
        entry->progress = VV_LEDGER_UNDONE;
}

static void mark_command(VvLedger *ledger, char **argv)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        if (vv_setup_same_argv(entry->step->undo_argv, argv))
            entry->progress = VV_LEDGER_UNDONE;
    }
}

static gboolean undo_file(const VvSetupEngine *engine, VvLedger *ledger, const VvSetupStep *step,
                          GError **error)
{
    /* None of a file that is kept beside another. */
    VvLedgerStep *first = first_of(ledger, step->path);
    g_auto(VvRootFile) now = {0};

    if (!vv_root_read(engine->sysfs, step->path, &now, error))
        return FALSE;
    if (g_strcmp0(now.text, step->before) != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s has changed since it was looked at", step->path);
        return FALSE;
    }
    if ((first && !vv_ledger_keep_target(engine->sysfs, first, step->after, error)) ||
        !vv_setup_do_file(engine, step, first ? &first->was : NULL, error))
        return FALSE;
    mark_path(ledger, step->path);
    return TRUE;
}

static gboolean undo_step(const VvSetupEngine *engine, VvLedger *ledger, const VvSetupStep *step,
                          GError **error)
{
    if (!vv_setup_may_go_on(engine, error))
        return FALSE;
    if (step->what == VV_SETUP_FILE)
        return undo_file(engine, ledger, step, error);
    if (!vv_setup_do_run(engine, step, (const char *const *)step->argv, error))
        return FALSE;
    mark_command(ledger, step->argv);
    return TRUE;
}

static gboolean remove_folders(const VvSysfs *sysfs, const VvLedger *ledger, GError **error)
{
    for (guint i = ledger->folders->len; i > 0; i--)
        if (!vv_root_remove_folder(sysfs, ledger->folders->pdata[i - 1], error))
            return FALSE;
    return TRUE;
}

static void tidy(const VvSysfs *sysfs, const VvLedger *ledger)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        const VvSetupStep *step = ((const VvLedgerStep *)ledger->steps->pdata[i])->step;
        if (step->what == VV_SETUP_FILE)
            vv_root_tidy(sysfs, step->path);
    }
}

static gboolean carry_out(const VvSetupEngine *engine, VvLedger *ledger, const VvSetupPlan *plan,
                          GError **error)
{
    ledger->state = VV_LEDGER_UNDOING;
    if (!vv_ledger_save(engine->sysfs, ledger, error))
        return FALSE;
    for (guint i = 0; i < plan->steps->len; i++)
        if (!undo_step(engine, ledger, plan->steps->pdata[i], error) ||
            !vv_ledger_save(engine->sysfs, ledger, error))
            return FALSE;
    tidy(engine->sysfs, ledger);
    return remove_folders(engine->sysfs, ledger, error) && vv_ledger_remove(engine->sysfs, error);
}

gboolean vv_setup_undo(const VvSetupEngine *engine, VvLedger *ledger, const VvSetupPlan *plan, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (!ledger->exists)
        return TRUE;
    if (carry_out(engine, ledger, plan, &problem))
        return TRUE;
    g_set_error(error, VV_ERROR, problem->code,
                "%s; what is left to undo is in " VV_LEDGER_FOLDER
                "/ledger: 'virt-vfio setup --undo' goes on "
                "from here",
                problem->message);
    return FALSE;
}
