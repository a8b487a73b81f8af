/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/reset-note.h"

#include "vfio/note.h"

#define KIND "resets"
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

static void set_text(GKeyFile *file, const char *key, const char *text)
{
    if (text)
        g_key_file_set_string(file, SECTION, key, text);
}

gboolean vv_reset_note_write(const VvJournal *journal, const VvResetNote *note, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    set_text(file, "methods", note->methods);
    set_text(file, "slot", note->slot);
    set_text(file, "rescan", note->rescan);
    g_key_file_set_string_list(file, SECTION, "functions", (const char *const *)note->functions,
                               g_strv_length(note->functions));
    vv_note_set_process(file, SECTION, note->by);
    return vv_note_write(journal, KIND, note->address, file, error);
}

gboolean vv_reset_note_remove(const VvJournal *journal, VvAddress address, GError **error)
{
    return vv_note_remove(journal, KIND, address, error);
}

static gpointer read_note(const VvJournal *journal, VvAddress address)
{
    g_autoptr(GKeyFile) file = vv_note_read(journal, KIND, address);
    VvResetNote *note = file ? vv_reset_note_new(address) : NULL;

    if (!note)
        return NULL;
    g_strfreev(note->functions);
    note->functions = g_key_file_get_string_list(file, SECTION, "functions", NULL, NULL);
    if (!note->functions)
        note->functions = g_new0(char *, 1);
    note->methods = g_key_file_get_string(file, SECTION, "methods", NULL);
    note->slot = g_key_file_get_string(file, SECTION, "slot", NULL);
    note->rescan = g_key_file_get_string(file, SECTION, "rescan", NULL);
    note->by = vv_note_get_process(file, SECTION);
    return note;
}

GPtrArray *vv_reset_notes(const VvJournal *journal)
{
    return vv_note_all(journal, KIND, read_note, (GDestroyNotify)vv_reset_note_free);
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
