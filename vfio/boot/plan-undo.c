/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/apply-internal.h"

#include "vfio/boot/steps.h"
#include "vfio/error.h"

#include <stdarg.h>
#include <string.h>

/* What becomes of one file. */
typedef struct {
    const VvSysfs *sysfs;
    const VvLedger *ledger;
    VvSetupPlan *plan;
    const char *path;
    char *text; /* as it is by now; NULL: not there */
} Undo;

static void note(VvSetupPlan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(VvSetupPlan *plan, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(plan->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void become(Undo *undo, char *text)
{
    g_free(undo->text);
    undo->text = text;
}

/* A name beside the file that is free, or has just this in it: then an undo that was interrupted put it
 * there (*ret_there). */
static char *saved_name(const Undo *undo, gboolean *ret_there, GError **error)
{
    for (guint i = 0;; i++) {
        g_autofree char *name = i ? g_strdup_printf("%s.virt-vfio-saved.%u", undo->path, i)
                                  : g_strdup_printf("%s.virt-vfio-saved", undo->path);
        g_auto(VvRootFile) file = {0};
        if (!vv_root_read(undo->sysfs, name, &file, error))
            return NULL;
        *ret_there = g_strcmp0(file.text, undo->text) == 0;
        if (!file.text || *ret_there)
            return g_steal_pointer(&name);
    }
}

static gboolean keep_beside(Undo *undo, const VvSetupStep *step, GError **error)
{
    gboolean is_there = FALSE;
    g_autofree char *name = saved_name(undo, &is_there, error);

    if (!name)
        return FALSE;
    note(undo->plan, "%s was edited since setup wrote it: what it said is kept as %s", undo->path, name);
    if (!is_there)
        vv_setup_plan_file(undo->plan, name, NULL, undo->text, VV_EDIT_WHOLE, "what somebody wrote is kept");
    become(undo, g_strdup(step->before));
    return TRUE;
}

static gboolean has_none_of(const char *text, char **words)
{
    for (char **word = words; word && *word; word++)
        if (strstr(text, *word))
            return FALSE;
    return TRUE;
}

/* Nothing is where it was put. */
static void leave(Undo *undo, const VvSetupStep *step)
{
    g_autofree char *words = step->added ? g_strjoinv(" ", step->added) : g_strdup("");

    if (has_none_of(undo->text, step->added))
        note(undo->plan,
             "%s was edited since setup changed it, and what setup added is not in it any more; it "
             "stays as it is",
             undo->path);
    else
        note(undo->plan,
             "%s was edited since setup changed it, and '%s' is not where it was put: it stays as it "
             "is, look at it yourself",
             undo->path, words);
}

static gboolean take_out(Undo *undo, const VvSetupStep *step, GError **error)
{
    char *text = vv_setup_take_out(step, undo->text);

    if (!text && !has_none_of(undo->text, step->added)) {
        g_autofree char *words = g_strjoinv(" ", step->added);
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s was edited since setup changed it, and '%s' is not where it was put; nothing was "
                    "changed. Take it out by hand, then again",
                    undo->path, words);
        return FALSE;
    }
    if (!text || strcmp(text, undo->text) == 0) {
        leave(undo, step);
        g_free(text);
        return TRUE;
    }
    note(undo->plan, "%s was edited since setup changed it: only what setup added is taken out", undo->path);
    become(undo, text);
    return TRUE;
}

/* Takes one step back. */
static gboolean step_back(Undo *undo, const VvSetupStep *step, GError **error)
{
    if (g_strcmp0(undo->text, step->before) == 0)
        return TRUE;
    if (g_strcmp0(undo->text, step->after) == 0)
        become(undo, g_strdup(step->before));
    else if (!undo->text)
        note(undo->plan, "%s was removed since setup changed it; it stays so", undo->path);
    else if (step->edit == VV_EDIT_WHOLE)
        return keep_beside(undo, step, error);
    else
        return take_out(undo, step, error);
    return TRUE;
}

static gboolean is_step_of(const VvLedgerStep *entry, const char *path)
{
    return entry->step->what == VV_SETUP_FILE && entry->progress != VV_LEDGER_UNDONE &&
           strcmp(entry->step->path, path) == 0;
}

static gboolean go_back(Undo *undo, GError **error)
{
    for (guint i = undo->ledger->steps->len; i > 0; i--) {
        const VvLedgerStep *entry = undo->ledger->steps->pdata[i - 1];
        if (is_step_of(entry, undo->path) && !step_back(undo, entry->step, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean plan_file(const VvSysfs *sysfs, const VvLedger *ledger, const VvLedgerStep *first,
                          VvSetupPlan *plan, GError **error)
{
    g_auto(VvRootFile) now = {0};

    if (!vv_root_read(sysfs, first->step->path, &now, error))
        return FALSE;
    g_autofree char *target = ledger->state == VV_LEDGER_UNDOING ? vv_ledger_target(sysfs, first) : NULL;
    if (!vv_setup_is_written(first, now.text) || (target && g_strcmp0(target, now.text) == 0))
        return TRUE;

    Undo undo = {sysfs, ledger, plan, first->step->path, g_strdup(now.text)};
    gboolean ok = go_back(&undo, error);
    if (ok) {
        VvSetupStep *step = vv_setup_plan_file(plan, undo.path, now.text, undo.text, VV_EDIT_WHOLE,
                                               undo.text ? "as it was before setup" : "setup made it");
        if (step)
            step->mode = first->was.mode;
    }
    g_free(undo.text);
    return ok;
}

/* Each path once, the one that was changed last comes first. */
static gboolean plan_files(const VvSysfs *sysfs, const VvLedger *ledger, VvSetupPlan *plan, GError **error)
{
    g_autoptr(GHashTable) firsts = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = ledger->steps->len; i > 0; i--) {
        const VvLedgerStep *entry = ledger->steps->pdata[i - 1];
        if (entry->step->what == VV_SETUP_FILE && entry->progress != VV_LEDGER_UNDONE)
            g_hash_table_replace(firsts, entry->step->path, (gpointer)entry);
    }
    for (guint i = ledger->steps->len; i > 0; i--) {
        const VvLedgerStep *entry = ledger->steps->pdata[i - 1];
        const VvLedgerStep *first =
            entry->step->what == VV_SETUP_FILE ? g_hash_table_lookup(firsts, entry->step->path) : NULL;
        if (!first)
            continue;
        g_hash_table_remove(firsts, entry->step->path);
        if (!plan_file(sysfs, ledger, first, plan, error))
            return FALSE;
    }
    return TRUE;
}

static void plan_run(VvSetupPlan *plan, const VvSetupStep *step)
{
    for (guint i = 0; i < plan->steps->len; i++)
        if (vv_setup_same_argv(((const VvSetupStep *)plan->steps->pdata[i])->argv, step->undo_argv))
            return;
    vv_setup_plan_run(plan, (const char *const *)step->undo_argv, NULL, step->rebuild,
                      step->rebuild ? "what boots is made again from what is configured now"
                                    : "what was given to this tool is taken back");
}

/* Did anything happen from which a rebuild makes something else? */
static gboolean is_anything_done(const VvLedger *ledger, const VvSetupPlan *plan)
{
    for (guint i = 0; i < ledger->steps->len; i++)
        if (((const VvLedgerStep *)ledger->steps->pdata[i])->progress != VV_LEDGER_PENDING)
            return TRUE;
    return plan->steps->len > 0;
}

static void plan_commands(const VvLedger *ledger, VvSetupPlan *plan)
{
    gboolean rebuild = is_anything_done(ledger, plan);

    for (guint i = ledger->steps->len; i > 0; i--) {
        const VvLedgerStep *entry = ledger->steps->pdata[i - 1];
        if (entry->step->undo_argv && !entry->step->rebuild &&
            (entry->progress == VV_LEDGER_STARTED || entry->progress == VV_LEDGER_DONE))
            plan_run(plan, entry->step);
    }
    for (guint i = 0; rebuild && i < ledger->steps->len; i++) {
        const VvLedgerStep *entry = ledger->steps->pdata[i];
        if (entry->step->undo_argv && entry->step->rebuild && entry->progress != VV_LEDGER_UNDONE)
            plan_run(plan, entry->step);
    }
}

VvSetupPlan *vv_setup_plan_undo(const VvSysfs *sysfs, VvLedger *ledger, GError **error)
{
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_new();

    if (!vv_ledger_load_texts(sysfs, ledger, error) || !plan_files(sysfs, ledger, plan, error))
        return NULL;
    plan_commands(ledger, plan);
    return g_steal_pointer(&plan);
}
