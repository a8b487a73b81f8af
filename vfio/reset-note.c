/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-note.h"

#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>

#define SECTION "reset"

VvResetNote *vv_reset_note_new(VvAddress address)
{
    VvResetNote *note = g_new0(VvResetNote, 1);

    note->address = address;
    note->functions = g_new0(char *, 1);
    return note;
}

void vv_reset_note_free(VvResetNote *note)
{
    if (!note)
        return;
    g_free(note->methods);
    g_free(note->slot);
    g_free(note->rescan);
    g_strfreev(note->functions);
    g_free(note);
}

static char *note_path(const VvJournal *journal, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_build_filename(vv_journal_folder(journal), "resets", vv_address_format(address, text), NULL);
}

static void set_text(GKeyFile *file, const char *key, const char *text)
{
    if (text)
        g_key_file_set_string(file, SECTION, key, text);
}

gboolean vv_reset_note_write(const VvJournal *journal, const VvResetNote *note, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = note_path(journal, note->address);
    gsize length;

    set_text(file, "methods", note->methods);
    set_text(file, "slot", note->slot);
    set_text(file, "rescan", note->rescan);
    g_key_file_set_string_list(file, SECTION, "functions", (const char *const *)note->functions,
                               g_strv_length(note->functions));
    g_key_file_set_integer(file, SECTION, "pid", note->by.pid);
    g_key_file_set_uint64(file, SECTION, "started", note->by.started);
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    if (vv_durable_write(path, text, length))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s; nothing was changed", path,
                g_strerror(errno));
    return FALSE;
}

gboolean vv_reset_note_remove(const VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = note_path(journal, address);

    if (vv_durable_remove(path))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

static VvResetNote *read_note(const VvJournal *journal, VvAddress address)
{
    g_autofree char *path = note_path(journal, address);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(VvResetNote) note = vv_reset_note_new(address);

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return NULL;
    g_strfreev(note->functions);
    note->functions = g_key_file_get_string_list(file, SECTION, "functions", NULL, NULL);
    if (!note->functions)
        note->functions = g_new0(char *, 1);
    note->methods = g_key_file_get_string(file, SECTION, "methods", NULL);
    note->slot = g_key_file_get_string(file, SECTION, "slot", NULL);
    note->rescan = g_key_file_get_string(file, SECTION, "rescan", NULL);
    note->by.pid = g_key_file_get_integer(file, SECTION, "pid", NULL);
    note->by.started = g_key_file_get_uint64(file, SECTION, "started", NULL);
    return g_steal_pointer(&note);
}

GPtrArray *vv_reset_notes(const VvJournal *journal)
{
    GPtrArray *notes = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reset_note_free);
    g_autofree char *path = g_build_filename(vv_journal_folder(journal), "resets", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        VvAddress address;
        VvResetNote *note = vv_address_parse(name, &address, NULL) ? read_note(journal, address) : NULL;
        if (note)
            g_ptr_array_add(notes, note);
    }
    return notes;
}

gboolean vv_reset_note_covers(const VvJournal *journal, VvAddress address)
{
    g_autoptr(GPtrArray) notes = vv_reset_notes(journal);
    g_autofree char *text = vv_address_dup(address);

    for (guint i = 0; i < notes->len; i++) {
        const VvResetNote *note = notes->pdata[i];
        if (g_strv_contains((const char *const *)note->functions, text))
            return TRUE;
    }
    return FALSE;
}
