/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-note.h"

#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>

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

static char *note_path(const VvJournal *journal, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_build_filename(vv_journal_folder(journal), "sriov", vv_address_format(address, text), NULL);
}

gboolean vv_sriov_note_write(const VvJournal *journal, const VvSriovNote *note, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = note_path(journal, note->address);
    gsize length;

    g_key_file_set_string(file, SECTION, "ids", note->ids);
    g_key_file_set_integer(file, SECTION, "autoprobe", note->autoprobe);
    g_key_file_set_uint64(file, SECTION, "before", note->before);
    g_key_file_set_uint64(file, SECTION, "wanted", note->wanted);
    g_key_file_set_integer(file, SECTION, "pid", note->by.pid);
    g_key_file_set_uint64(file, SECTION, "started", note->by.started);
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    if (vv_durable_write(path, text, length))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s; nothing was changed", path,
                g_strerror(errno));
    return FALSE;
}

gboolean vv_sriov_note_remove(const VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = note_path(journal, address);

    if (vv_durable_remove(path))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

VvSriovNote *vv_sriov_note_read(const VvJournal *journal, VvAddress address)
{
    g_autofree char *path = note_path(journal, address);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(VvSriovNote) note = vv_sriov_note_new(address);

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return NULL;
    note->ids = g_key_file_get_string(file, SECTION, "ids", NULL);
    note->autoprobe = g_key_file_get_integer(file, SECTION, "autoprobe", NULL);
    note->before = (guint)g_key_file_get_uint64(file, SECTION, "before", NULL);
    note->wanted = (guint)g_key_file_get_uint64(file, SECTION, "wanted", NULL);
    note->by.pid = g_key_file_get_integer(file, SECTION, "pid", NULL);
    note->by.started = g_key_file_get_uint64(file, SECTION, "started", NULL);
    return note->ids ? g_steal_pointer(&note) : NULL;
}

GPtrArray *vv_sriov_notes(const VvJournal *journal)
{
    GPtrArray *notes = g_ptr_array_new_with_free_func((GDestroyNotify)vv_sriov_note_free);
    g_autofree char *path = g_build_filename(vv_journal_folder(journal), "sriov", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        VvAddress address;
        VvSriovNote *note =
            vv_address_parse(name, &address, NULL) ? vv_sriov_note_read(journal, address) : NULL;
        if (note)
            g_ptr_array_add(notes, note);
    }
    return notes;
}
