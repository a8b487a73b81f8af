/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/apply-internal.h"

#include "vfio/error.h"
#include "vfio/seam.h"

#include <string.h>
#include <unistd.h>

#define LAST_LINES 5

gboolean vv_setup_may_go_on(const VvSetupEngine *engine, GError **error)
{
    if (!engine->stop || !engine->stop(engine->data))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "stopped between two steps");
    return FALSE;
}

static void report(const VvSetupEngine *engine, const VvSetupStep *step, gint64 start, gboolean ok,
                   const char *output)
{
    if (engine->progress)
        engine->progress(step, g_get_monotonic_time() - start, !ok, output, engine->data);
}

gboolean vv_setup_do_file(const VvSetupEngine *engine, const VvSetupStep *step, const VvRootFile *was,
                          GError **error)
{
    const VvRootFile fresh = {NULL, step->mode ? step->mode : 0644, geteuid(), getegid()};
    gint64 start = g_get_monotonic_time();
    gboolean ok = step->after ? vv_root_write(engine->sysfs, step->path, step->after,
                                              was && was->mode ? was : &fresh, error)
                              : vv_root_remove(engine->sysfs, step->path, error);

    report(engine, step, start, ok, NULL);
    return ok;
}

/* "; it said: …" of its last lines, on one. */
static char *last_words(const char *output)
{
    g_autofree char *valid = g_utf8_make_valid(output, -1);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(valid), "\n", -1);
    guint count = g_strv_length(lines);
    g_autofree char *words = g_strjoinv(" | ", lines + (count > LAST_LINES ? count - LAST_LINES : 0));

    return *words ? g_strdup_printf("; it said: %s", words) : g_strdup("");
}

gboolean vv_setup_do_run(const VvSetupEngine *engine, const VvSetupStep *step, const char *const *argv,
                         GError **error)
{
    VvSetupRun run = engine->run ? engine->run : vv_setup_run_tool;
    g_autoptr(GString) output = g_string_new(NULL);
    g_autoptr(GError) problem = NULL;
    gint64 start = g_get_monotonic_time();
    int number = vv_seam_step();

    if (number)
        g_set_error(&problem, VV_ERROR, VV_ERROR_FAILED, "it cannot be started: %s", g_strerror(number));
    gboolean ok = !number && run(engine->sysfs, argv, output, engine->data, &problem);
    report(engine, step, start, ok, output->str);
    if (ok)
        return TRUE;
    g_autofree char *words = last_words(output->str), *line = vv_setup_command_text(argv);
    g_set_error(error, VV_ERROR, problem->code, "%s failed: %s%s", line, problem->message, words);
    return FALSE;
}

gboolean vv_setup_same_argv(char **a, char **b)
{
    return a && b && g_strv_equal((const char *const *)a, (const char *const *)b);
}

gboolean vv_setup_is_written(const VvLedgerStep *entry, const char *now)
{
    g_autofree char *sum = vv_ledger_sum(now);

    return g_strcmp0(sum, entry->before_sum) != 0;
}

static gboolean is_to_run(const VvLedgerStep *entry)
{
    return entry->step->what == VV_SETUP_RUN &&
           (entry->progress == VV_LEDGER_PENDING || entry->progress == VV_LEDGER_STARTED);
}

gboolean vv_setup_is_pending(const VvLedger *ledger)
{
    for (guint i = 0; i < ledger->steps->len; i++)
        if (is_to_run(ledger->steps->pdata[i]))
            return TRUE;
    return FALSE;
}

/* What an apply that was interrupted had not written is in the new plan, if it is still wanted. */
static gboolean settle_files(const VvSysfs *sysfs, VvLedger *ledger, GError **error)
{
    for (guint i = ledger->steps->len; i > 0; i--) {
        VvLedgerStep *entry = ledger->steps->pdata[i - 1];
        g_auto(VvRootFile) now = {0};
        if (entry->step->what != VV_SETUP_FILE || entry->progress != VV_LEDGER_PENDING)
            continue;
        vv_root_tidy(sysfs, entry->step->path);
        if (!vv_root_read(sysfs, entry->step->path, &now, error))
            return FALSE;
        if (vv_setup_is_written(entry, now.text))
            entry->progress = VV_LEDGER_DONE;
        else
            g_ptr_array_remove_index(ledger->steps, i - 1);
    }
    return TRUE;
}

static gboolean add_file(const VvSysfs *sysfs, VvLedger *ledger, const VvSetupStep *step, GError **error)
{
    g_auto(VvRootFile) now = {0};

    if (!vv_root_read(sysfs, step->path, &now, error))
        return FALSE;
    if (g_strcmp0(now.text, step->before) != 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s has changed since it was looked at; nothing was changed, look again", step->path);
        return FALSE;
    }
    return vv_root_missing_folders(sysfs, step->path, ledger->folders, error) &&
           vv_ledger_add(sysfs, ledger, step, &now, error);
}

/* A command that was run before is run again, and still taken back once. */
static gboolean add_run(const VvSysfs *sysfs, VvLedger *ledger, const VvSetupStep *step, GError **error)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        if (entry->step->what != VV_SETUP_RUN || !vv_setup_same_argv(entry->step->argv, step->argv))
            continue;
        if (entry->progress == VV_LEDGER_DONE)
            entry->progress = VV_LEDGER_STARTED;
        return TRUE;
    }
    return vv_ledger_add(sysfs, ledger, step, NULL, error) != NULL;
}

static gboolean add_steps(const VvSysfs *sysfs, VvLedger *ledger, const VvSetupPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const VvSetupStep *step = plan->steps->pdata[i];
        gboolean ok = step->what == VV_SETUP_FILE ? add_file(sysfs, ledger, step, error)
                                                  : add_run(sysfs, ledger, step, error);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

static void stamp(const VvSysfs *sysfs, VvLedger *ledger, VvLedgerState state)
{
    ledger->state = state;
    ledger->changed_at = g_get_real_time() / G_USEC_PER_SEC;
    g_free(ledger->boot_id);
    ledger->boot_id = vv_sysfs_read(sysfs, "proc/sys/kernel/random/boot_id");
}

static gboolean note_progress(const VvSetupEngine *engine, VvLedger *ledger, VvLedgerStep *entry,
                              VvLedgerProgress progress, GError **error)
{
    entry->progress = progress;
    return vv_ledger_save(engine->sysfs, ledger, error);
}

static gboolean write_files(const VvSetupEngine *engine, VvLedger *ledger, GError **error)
{
    for (guint i = 0; i < ledger->folders->len; i++)
        if (!vv_root_make_folder(engine->sysfs, ledger->folders->pdata[i], error))
            return FALSE;
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        if (entry->step->what != VV_SETUP_FILE || entry->progress != VV_LEDGER_PENDING)
            continue;
        if (!vv_setup_may_go_on(engine, error) ||
            !vv_setup_do_file(engine, entry->step, &entry->was, error) ||
            !note_progress(engine, ledger, entry, VV_LEDGER_DONE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean run_one(const VvSetupEngine *engine, VvLedger *ledger, VvLedgerStep *entry, GError **error)
{
    g_autoptr(GError) problem = NULL;
    VvLedgerProgress before = entry->progress;

    if (!vv_setup_may_go_on(engine, error) || !note_progress(engine, ledger, entry, VV_LEDGER_STARTED, error))
        return FALSE;
    if (vv_setup_do_run(engine, entry->step, (const char *const *)entry->step->argv, &problem))
        return note_progress(engine, ledger, entry, VV_LEDGER_DONE, error);
    /* What was never run needs no undo, and a tool that is not there must not be in the way of one. */
    if (problem->code == VV_ERROR_NOT_READY)
        note_progress(engine, ledger, entry, before, NULL);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static gboolean run_all(const VvSetupEngine *engine, VvLedger *ledger, gboolean rebuilds, GError **error)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        if (is_to_run(entry) && entry->step->rebuild == rebuilds && !run_one(engine, ledger, entry, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean carry_out(const VvSetupEngine *engine, VvLedger *ledger, GError **error)
{
    if (!write_files(engine, ledger, error) || !run_all(engine, ledger, FALSE, error) ||
        !run_all(engine, ledger, TRUE, error))
        return FALSE;
    stamp(engine->sysfs, ledger, VV_LEDGER_APPLIED);
    return vv_ledger_save(engine->sysfs, ledger, error);
}

static void say_how_far(const VvLedger *ledger, GError **error)
{
    guint done = 0;

    for (guint i = 0; i < ledger->steps->len; i++)
        done += ((const VvLedgerStep *)ledger->steps->pdata[i])->progress == VV_LEDGER_DONE;
    if (!error || !*error)
        return;
    g_autofree char *tail =
        g_strdup_printf("; %u of %u steps are done. 'virt-vfio setup --apply' goes on from here, 'virt-vfio "
                        "setup --undo' takes back what was done",
                        done, ledger->steps->len);
    g_autofree char *message = (*error)->message;
    (*error)->message = g_strconcat(message, tail, NULL);
}

static gboolean knows_wants(VvLedger *ledger, const VvSetupWants *wants)
{
    g_autofree char *before = vv_ledger_format(ledger);

    vv_setup_wants_merge(ledger->wants, wants);
    g_autofree char *after = vv_ledger_format(ledger);
    return strcmp(before, after) == 0;
}

gboolean vv_setup_apply(const VvSetupEngine *engine, VvLedger *ledger, const VvBootStack *stack,
                        const VvSetupWants *wants, const VvSetupPlan *plan, gboolean *ret_changed,
                        GError **error)
{
    *ret_changed = FALSE;
    if (ledger->state == VV_LEDGER_UNDOING && ledger->exists) {
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "an undo was interrupted; let 'virt-vfio setup --undo' end it first");
        return FALSE;
    }
    gboolean is_done = ledger->state == VV_LEDGER_APPLIED || !ledger->exists;
    gboolean is_known = knows_wants(ledger, wants);
    if (is_done && !plan->steps->len && (!ledger->exists || is_known))
        return TRUE;

    *ret_changed = TRUE;
    if (!settle_files(engine->sysfs, ledger, error) || !add_steps(engine->sysfs, ledger, plan, error))
        return FALSE;
    g_free(ledger->stack);
    ledger->stack = g_strdup(stack ? stack->name : NULL);
    stamp(engine->sysfs, ledger, VV_LEDGER_APPLYING);
    if (!vv_ledger_save(engine->sysfs, ledger, error))
        return FALSE;
    gboolean ok = carry_out(engine, ledger, error);
    if (!ok)
        say_how_far(ledger, error);
    return ok;
}
