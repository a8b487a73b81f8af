/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-note.h"

#include "vfio/note.h"

#define KIND "sriov"
#define SECTION "sriov"

VvSriovNote *vv_sriov_note_new(VvAddress address)
{
    VvSriovNote *note = g_new0(VvSriovNote, 1);

    note->address = address;
    note->autoprobe = -1;
    return note;
}

void vv_sriov_note_free(VvSriovNote *note)
{
    if (!note)
        return;
    g_free(note->ids);
    g_free(note);
}

gboolean vv_sriov_note_write(const VvJournal *journal, const VvSriovNote *note, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, SECTION, "ids", note->ids);
    g_key_file_set_integer(file, SECTION, "autoprobe", note->autoprobe);
    g_key_file_set_uint64(file, SECTION, "before", note->before);
    g_key_file_set_uint64(file, SECTION, "wanted", note->wanted);
    vv_note_set_process(file, SECTION, note->by);
    return vv_note_write(journal, KIND, note->address, file, error);
}

gboolean vv_sriov_note_remove(const VvJournal *journal, VvAddress address, GError **error)
{
    return vv_note_remove(journal, KIND, address, error);
}

VvSriovNote *vv_sriov_note_read(const VvJournal *journal, VvAddress address)
{
    g_autoptr(GKeyFile) file = vv_note_read(journal, KIND, address);
    g_autoptr(VvSriovNote) note = vv_sriov_note_new(address);

    if (!file)
        return NULL;
    note->ids = g_key_file_get_string(file, SECTION, "ids", NULL);
    note->autoprobe = g_key_file_get_integer(file, SECTION, "autoprobe", NULL);
    note->before = (guint)g_key_file_get_uint64(file, SECTION, "before", NULL);
    note->wanted = (guint)g_key_file_get_uint64(file, SECTION, "wanted", NULL);
    note->by = vv_note_get_process(file, SECTION);
    return note->ids ? g_steal_pointer(&note) : NULL;
}

static gpointer read_any(const VvJournal *journal, VvAddress address)
{
    return vv_sriov_note_read(journal, address);
}

GPtrArray *vv_sriov_notes(const VvJournal *journal)
{
    return vv_note_all(journal, KIND, read_any, (GDestroyNotify)vv_sriov_note_free);
}
