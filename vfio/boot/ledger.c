/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/ledger-internal.h"

#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

static void free_entry(gpointer data)
{
    VvLedgerStep *entry = data;

    vv_setup_step_free(entry->step);
    g_free(entry->before_sum);
    g_free(entry->after_sum);
    g_free(entry);
}

static VvLedger *ledger_new(void)
{
    VvLedger *ledger = g_new0(VvLedger, 1);

    ledger->wants = vv_setup_wants_new();
    ledger->steps = g_ptr_array_new_with_free_func(free_entry);
    ledger->folders = g_ptr_array_new_with_free_func(g_free);
    return ledger;
}

void vv_ledger_free(VvLedger *ledger)
{
    if (!ledger)
        return;
    g_free(ledger->stack);
    g_free(ledger->boot_id);
    vv_setup_wants_free(ledger->wants);
    g_ptr_array_unref(ledger->steps);
    g_ptr_array_unref(ledger->folders);
    g_free(ledger);
}

char *vv_ledger_sum(const char *text)
{
    return text ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1) : NULL;
}

char *vv_ledger_real_path(const VvSysfs *sysfs, const char *path)
{
    return g_build_filename(vv_sysfs_root(sysfs), path, NULL);
}

VvLedger *vv_ledger_load(const VvSysfs *sysfs, GError **error)
{
    g_autoptr(VvLedger) ledger = ledger_new();
    g_autoptr(GError) problem = NULL;
    g_auto(VvRootFile) file = {0};

    if (!vv_root_read(sysfs, LEDGER, &file, error))
        return NULL;
    if (!file.text)
        return g_steal_pointer(&ledger);
    ledger->exists = TRUE;
    if (vv_ledger_parse(ledger, file.text, &problem))
        return g_steal_pointer(&ledger);
    g_set_error(
        error, VV_ERROR, VV_ERROR_FAILED,
        "%s cannot be understood: %s; nothing was changed. It says what setup did to this system, and "
        "the backups are beside it; where it is lost, put those files back by hand and move the folder "
        "away",
        LEDGER, problem->message);
    return NULL;
}

static char *backup_name(const VvLedgerStep *entry, const char *what)
{
    return g_strdup_printf(BACKUPS "/%u.%s", entry->number, what);
}

static gboolean write_durably(const VvSysfs *sysfs, const char *path, const char *text, GError **error)
{
    g_autofree char *real = vv_ledger_real_path(sysfs, path);

    if (vv_durable_write(real, text, strlen(text)))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s", path, g_strerror(errno));
    return FALSE;
}

static gboolean write_backup(const VvSysfs *sysfs, const VvLedgerStep *entry, const char *what,
                             const char *text, GError **error)
{
    g_autofree char *path = backup_name(entry, what);

    return !text || write_durably(sysfs, path, text, error);
}

static gboolean read_backup(const VvSysfs *sysfs, const VvLedgerStep *entry, const char *what,
                            const char *sum, char **ret, GError **error)
{
    g_autofree char *path = backup_name(entry, what);
    g_auto(VvRootFile) file = {0};

    if (!sum)
        return TRUE;
    if (!vv_root_read(sysfs, path, &file, error))
        return FALSE;
    g_autofree char *is = vv_ledger_sum(file.text);
    if (g_strcmp0(is, sum) == 0) {
        *ret = g_steal_pointer(&file.text);
        return TRUE;
    }
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "%s %s, so %s cannot be taken back by setup; nothing was changed", path,
                is ? "is not what was kept there (its SHA-256 is another one)" : "is not there",
                entry->step->path);
    return FALSE;
}

gboolean vv_ledger_load_texts(const VvSysfs *sysfs, VvLedger *ledger, GError **error)
{
    for (guint i = 0; i < ledger->steps->len; i++) {
        VvLedgerStep *entry = ledger->steps->pdata[i];
        VvSetupStep *step = entry->step;
        if (step->what != VV_SETUP_FILE || entry->progress == VV_LEDGER_UNDONE)
            continue;
        g_clear_pointer(&step->before, g_free);
        g_clear_pointer(&step->after, g_free);
        if (!read_backup(sysfs, entry, "before", entry->before_sum, &step->before, error) ||
            !read_backup(sysfs, entry, "after", entry->after_sum, &step->after, error))
            return FALSE;
    }
    return TRUE;
}

static VvSetupStep *copy_step(const VvSetupStep *step)
{
    VvSetupStep *copy = g_new0(VvSetupStep, 1);

    *copy = (VvSetupStep){
        .what = step->what,
        .why = g_strdup(step->why),
        .path = g_strdup(step->path),
        .before = g_strdup(step->before),
        .after = g_strdup(step->after),
        .mode = step->mode,
        .edit = step->edit,
        .key = g_strdup(step->key),
        .added = g_strdupv(step->added),
        .replaced = g_strdupv(step->replaced),
        .argv = g_strdupv(step->argv),
        .undo_argv = g_strdupv(step->undo_argv),
        .rebuild = step->rebuild,
    };
    return copy;
}

VvLedgerStep *vv_ledger_add(const VvSysfs *sysfs, VvLedger *ledger, const VvSetupStep *step,
                            const VvRootFile *was, GError **error)
{
    VvLedgerStep *entry = g_new0(VvLedgerStep, 1);

    for (guint i = 0; i < ledger->steps->len; i++)
        entry->number = MAX(entry->number, ((const VvLedgerStep *)ledger->steps->pdata[i])->number);
    entry->number++;
    entry->step = copy_step(step);
    g_ptr_array_add(ledger->steps, entry);
    if (step->what != VV_SETUP_FILE)
        return entry;
    entry->was = (VvRootFile){NULL, was->mode, was->uid, was->gid};
    entry->before_sum = vv_ledger_sum(step->before);
    entry->after_sum = vv_ledger_sum(step->after);
    return write_backup(sysfs, entry, "before", step->before, error) &&
                   write_backup(sysfs, entry, "after", step->after, error)
               ? entry
               : NULL;
}

gboolean vv_ledger_save(const VvSysfs *sysfs, VvLedger *ledger, GError **error)
{
    g_autofree char *text = vv_ledger_format(ledger);

    gboolean ok = write_durably(sysfs, LEDGER, text, error);

    ledger->exists |= ok;
    return ok;
}

gboolean vv_ledger_keep_target(const VvSysfs *sysfs, const VvLedgerStep *step, const char *text,
                               GError **error)
{
    return write_backup(sysfs, step, "undone", text, error);
}

char *vv_ledger_target(const VvSysfs *sysfs, const VvLedgerStep *step)
{
    g_autofree char *path = backup_name(step, "undone");
    g_auto(VvRootFile) file = {0};

    vv_root_read(sysfs, path, &file, NULL);
    return g_steal_pointer(&file.text);
}

static gboolean remove_durably(const VvSysfs *sysfs, const char *path, GError **error)
{
    g_autofree char *real = vv_ledger_real_path(sysfs, path);

    if (vv_durable_remove(real))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

static gboolean remove_backups(const VvSysfs *sysfs, GError **error)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, BACKUPS + 1);
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename(BACKUPS, names->pdata[i], NULL);
        if (!remove_durably(sysfs, path, error))
            return FALSE;
    }
    return TRUE;
}

/* The ledger first: backups that nothing refers to are only in the way. */
gboolean vv_ledger_remove(const VvSysfs *sysfs, GError **error)
{
    return remove_durably(sysfs, LEDGER, error) && remove_backups(sysfs, error);
}
