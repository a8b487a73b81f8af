/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/ledger.h"

#include "vfio/error.h"

#include <stdio.h>
#include <string.h>

#define VERSION 1
#define SETUP "setup"
#define WANTS "wants"

static const char *const states[] = {"applying", "applied", "undoing", NULL};
static const char *const progresses[] = {"pending", "started", "done", "undone", NULL};
static const char *const edits[] = {"whole", "line",      "variable",  "options", "refind",
                                    "list",  "yaml-list", "json-list", NULL};

G_STATIC_ASSERT(G_N_ELEMENTS(edits) == VV_EDIT_JSON_LIST + 2);

/* Kernel arguments and names of files need not be UTF-8, values of a key file must. */
static void put_text(GKeyFile *file, const char *group, const char *key, const char *text)
{
    g_autofree char *escaped = text ? g_strescape(text, NULL) : NULL;

    if (escaped)
        g_key_file_set_value(file, group, key, escaped);
}

static void put_words(GKeyFile *file, const char *group, const char *key, char **words)
{
    g_autoptr(GPtrArray) escaped = g_ptr_array_new_with_free_func(g_free);

    for (char **word = words; word && *word; word++)
        g_ptr_array_add(escaped, g_strescape(*word, NULL));
    if (words)
        g_key_file_set_string_list(file, group, key, (const char *const *)escaped->pdata, escaped->len);
}

static void put_wants(GKeyFile *file, const VvSetupWants *wants)
{
    g_auto(GStrv) reserves = g_new0(char *, wants->reserve->len + 1);

    for (guint i = 0; i < wants->reserve->len; i++) {
        const VvReserve *reserve = wants->reserve->pdata[i];
        reserves[i] = g_strjoin(" ", reserve->address, reserve->ids, reserve->unique ? "unique" : "twin",
                                reserve->module, NULL);
    }
    g_key_file_set_boolean(file, WANTS, "iommu", wants->iommu);
    g_key_file_set_boolean(file, WANTS, "modules", wants->modules);
    g_key_file_set_uint64(file, WANTS, "hugepage-kib", wants->hugepage_kib);
    g_key_file_set_uint64(file, WANTS, "hugepages", wants->hugepages);
    put_words(file, WANTS, "reserve", reserves);
    put_text(file, WANTS, "isolate-cpus", wants->isolate_cpus);
}

static void put_step(GKeyFile *file, guint index, const VvLedgerStep *entry)
{
    g_autofree char *group = g_strdup_printf("step %u", index);
    g_autofree char *owner = g_strdup_printf("%o %u %u", entry->was.mode, entry->was.uid, entry->was.gid);
    const VvSetupStep *step = entry->step;

    g_key_file_set_string(file, group, "what", step->what == VV_SETUP_FILE ? "file" : "run");
    g_key_file_set_string(file, group, "progress", progresses[entry->progress]);
    g_key_file_set_uint64(file, group, "number", entry->number);
    put_text(file, group, "why", step->why);
    if (step->what == VV_SETUP_FILE) {
        put_text(file, group, "path", step->path);
        g_key_file_set_string(file, group, "edit", edits[step->edit]);
        put_text(file, group, "key", step->key);
        put_words(file, group, "added", step->added);
        put_words(file, group, "replaced", step->replaced);
        put_text(file, group, "before", entry->before_sum);
        put_text(file, group, "after", entry->after_sum);
        g_key_file_set_string(file, group, "was", owner);
        return;
    }
    put_words(file, group, "argv", step->argv);
    put_words(file, group, "undo", step->undo_argv);
    g_key_file_set_boolean(file, group, "rebuild", step->rebuild);
}

char *vv_ledger_format(const VvLedger *ledger)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_integer(file, SETUP, "version", VERSION);
    g_key_file_set_string(file, SETUP, "state", states[ledger->state]);
    g_key_file_set_int64(file, SETUP, "changed-at", ledger->changed_at);
    g_key_file_set_uint64(file, SETUP, "steps", ledger->steps->len);
    put_text(file, SETUP, "stack", ledger->stack);
    put_text(file, SETUP, "boot-id", ledger->boot_id);
    g_ptr_array_add(ledger->folders, NULL);
    put_words(file, SETUP, "folders", (char **)ledger->folders->pdata);
    g_ptr_array_remove_index(ledger->folders, ledger->folders->len - 1);
    put_wants(file, ledger->wants);
    for (guint i = 0; i < ledger->steps->len; i++)
        put_step(file, i + 1, ledger->steps->pdata[i]);
    return g_key_file_to_data(file, NULL, NULL);
}

static char *get_text(GKeyFile *file, const char *group, const char *key)
{
    g_autofree char *value = g_key_file_get_value(file, group, key, NULL);

    return value ? g_strcompress(value) : NULL;
}

static char **get_words(GKeyFile *file, const char *group, const char *key)
{
    char **words = g_key_file_get_string_list(file, group, key, NULL, NULL);

    for (char **word = words; word && *word; word++) {
        char *escaped = *word;
        *word = g_strcompress(escaped);
        g_free(escaped);
    }
    return words;
}

/* The index of a word in a list of names; an error when it is none of them. */
static gboolean get_name(GKeyFile *file, const char *group, const char *key, const char *const *names,
                         guint *ret, GError **error)
{
    g_autofree char *value = g_key_file_get_string(file, group, key, error);

    if (!value)
        return FALSE;
    for (*ret = 0; names[*ret]; (*ret)++)
        if (strcmp(names[*ret], value) == 0)
            return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "[%s] %s = %s is not known", group, key, value);
    return FALSE;
}

static gboolean get_number(GKeyFile *file, const char *group, const char *key, guint *ret, GError **error)
{
    g_autofree char *value = g_key_file_get_string(file, group, key, error);
    guint64 number = 0;

    if (!value || !g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT, &number, error))
        return FALSE;
    *ret = (guint)number;
    return TRUE;
}

static gboolean get_reserve(VvSetupWants *wants, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 4);

    if (g_strv_length(words) < 3) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "[" WANTS "] reserve: '%s' is no device", text);
        return FALSE;
    }
    VvReserve *reserve = g_new0(VvReserve, 1);
    *reserve = (VvReserve){g_strdup(words[0]), g_strdup(words[1]), g_strdup(words[3]),
                           strcmp(words[2], "unique") == 0};
    g_ptr_array_add(wants->reserve, reserve);
    return TRUE;
}

static gboolean get_wants(GKeyFile *file, VvSetupWants *wants, GError **error)
{
    g_auto(GStrv) reserves = get_words(file, WANTS, "reserve");
    guint page_kib;

    if (!get_number(file, WANTS, "hugepage-kib", &page_kib, error) ||
        !get_number(file, WANTS, "hugepages", &wants->hugepages, error))
        return FALSE;
    wants->hugepage_kib = page_kib;
    wants->iommu = g_key_file_get_boolean(file, WANTS, "iommu", NULL);
    wants->modules = g_key_file_get_boolean(file, WANTS, "modules", NULL);
    wants->isolate_cpus = get_text(file, WANTS, "isolate-cpus");
    for (char **reserve = reserves; reserve && *reserve; reserve++)
        if (!get_reserve(wants, *reserve, error))
            return FALSE;
    return TRUE;
}

static gboolean is_sum(const char *text)
{
    return !text || (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64);
}

static gboolean get_file(GKeyFile *file, const char *group, VvLedgerStep *entry, GError **error)
{
    g_autofree char *was = g_key_file_get_string(file, group, "was", error);
    VvSetupStep *step = entry->step;
    guint edit = 0;
    int length = 0;

    if (!was || !get_name(file, group, "edit", edits, &edit, error))
        return FALSE;
    step->edit = (VvSetupEdit)edit;
    step->path = get_text(file, group, "path");
    step->key = get_text(file, group, "key");
    step->added = get_words(file, group, "added");
    step->replaced = get_words(file, group, "replaced");
    entry->before_sum = get_text(file, group, "before");
    entry->after_sum = get_text(file, group, "after");
    if (step->path && *step->path == '/' && is_sum(entry->before_sum) && is_sum(entry->after_sum) &&
        sscanf(was, "%o %u %u%n", &entry->was.mode, &entry->was.uid, &entry->was.gid, &length) == 3 &&
        !was[length])
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "[%s] is not whole", group);
    return FALSE;
}

static gboolean get_step(GKeyFile *file, guint index, VvLedgerStep *entry, GError **error)
{
    static const char *const whats[] = {"file", "run", NULL};
    g_autofree char *group = g_strdup_printf("step %u", index);
    guint what = 0, progress = 0;

    if (!get_name(file, group, "what", whats, &what, error) ||
        !get_name(file, group, "progress", progresses, &progress, error) ||
        !get_number(file, group, "number", &entry->number, error))
        return FALSE;
    entry->progress = (VvLedgerProgress)progress;
    entry->step->what = (VvSetupWhat)what;
    entry->step->why = get_text(file, group, "why");
    if (entry->step->what == VV_SETUP_FILE)
        return get_file(file, group, entry, error);
    entry->step->argv = get_words(file, group, "argv");
    entry->step->undo_argv = get_words(file, group, "undo");
    entry->step->rebuild = g_key_file_get_boolean(file, group, "rebuild", NULL);
    if (entry->step->argv && entry->step->argv[0])
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "[%s] has no command", group);
    return FALSE;
}

static gboolean get_all(GKeyFile *file, VvLedger *ledger, GError **error)
{
    g_auto(GStrv) folders = get_words(file, SETUP, "folders");
    guint version, state = 0, steps;

    if (!get_number(file, SETUP, "version", &version, error))
        return FALSE;
    if (version != VERSION) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "another version of virt-vfio wrote it (format %u)",
                    version);
        return FALSE;
    }
    if (!get_name(file, SETUP, "state", states, &state, error) ||
        !get_number(file, SETUP, "steps", &steps, error) || !get_wants(file, ledger->wants, error))
        return FALSE;
    ledger->state = (VvLedgerState)state;
    ledger->changed_at = g_key_file_get_int64(file, SETUP, "changed-at", NULL);
    ledger->stack = get_text(file, SETUP, "stack");
    ledger->boot_id = get_text(file, SETUP, "boot-id");
    for (char **path = folders; path && *path; path++)
        g_ptr_array_add(ledger->folders, g_strdup(*path));
    for (guint i = 1; i <= steps; i++) {
        VvLedgerStep *entry = g_new0(VvLedgerStep, 1);
        entry->step = g_new0(VvSetupStep, 1);
        g_ptr_array_add(ledger->steps, entry);
        if (!get_step(file, i, entry, error))
            return FALSE;
    }
    return TRUE;
}

gboolean vv_ledger_parse(VvLedger *ledger, const char *text, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    return g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, error) &&
           get_all(file, ledger, error);
}
