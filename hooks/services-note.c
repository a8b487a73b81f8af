/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/services-note.h"

#include "domains/units.h"
#include "vfio/durable.h"
#include "vfio/error.h"
#include "vfio/seam.h"

#include <errno.h>
#include <unistd.h>

#define SECTION "services"

VvServicesNote *vv_services_note_new(const char *owner, const char *owner_name)
{
    VvServicesNote *note = g_new0(VvServicesNote, 1);

    note->owner = g_strdup(owner);
    note->owner_name = g_strdup(owner_name);
    note->units = g_new0(char *, 1);
    return note;
}

void vv_services_note_free(VvServicesNote *note)
{
    if (!note)
        return;
    g_free(note->owner);
    g_free(note->owner_name);
    g_strfreev(note->units);
    g_free(note);
}

static char *note_path(const VvJournal *journal, const char *owner)
{
    return g_build_filename(vv_journal_folder(journal), "services", owner, NULL);
}

gboolean vv_services_note_write(const VvJournal *journal, const VvServicesNote *note, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = note_path(journal, note->owner);
    gsize length;

    g_key_file_set_string_list(file, SECTION, "units", (const char *const *)note->units,
                               g_strv_length(note->units));
    if (note->owner_name)
        g_key_file_set_string(file, SECTION, "owner-name", note->owner_name);
    g_key_file_set_boolean(file, SECTION, "failed", note->failed);
    g_key_file_set_integer(file, SECTION, "pid", note->by.pid);
    g_key_file_set_uint64(file, SECTION, "started", note->by.started);
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    if (vv_durable_write(path, text, length))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s", path, g_strerror(errno));
    return FALSE;
}

gboolean vv_services_note_remove(const VvJournal *journal, const char *owner, GError **error)
{
    g_autofree char *path = note_path(journal, owner);

    if (vv_durable_remove(path))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

/* Only root writes there; but what goes to systemd is looked at all the same. */
static gboolean are_services(char **units)
{
    for (; *units; units++)
        if (!vv_unit_is_service(*units))
            return FALSE;
    return TRUE;
}

VvServicesNote *vv_services_note_read(const VvJournal *journal, const char *owner)
{
    g_autofree char *path = note_path(journal, owner);
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (!g_uuid_string_is_valid(owner) || !g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return NULL;
    char **units = g_key_file_get_string_list(file, SECTION, "units", NULL, NULL);
    if (!units || !are_services(units)) {
        g_strfreev(units);
        return NULL;
    }
    VvServicesNote *note = g_new0(VvServicesNote, 1);
    note->owner = g_strdup(owner);
    note->owner_name = g_key_file_get_string(file, SECTION, "owner-name", NULL);
    note->units = units;
    note->failed = g_key_file_get_boolean(file, SECTION, "failed", NULL);
    note->by.pid = g_key_file_get_integer(file, SECTION, "pid", NULL);
    note->by.started = g_key_file_get_uint64(file, SECTION, "started", NULL);
    return note;
}

/* The names that end so; their files are removed if `sweep`. */
static guint find_leftovers(const VvJournal *journal, gboolean sweep)
{
    g_autofree char *path = g_build_filename(vv_journal_folder(journal), "services", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    guint count = 0;

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (!g_str_has_suffix(name, VV_DURABLE_TEMPORARY))
            continue;
        count++;
        if (sweep && vv_seam_step() == 0)
            unlink(file);
    }
    return count;
}

gboolean vv_services_note_has_leftovers(const VvJournal *journal)
{
    return find_leftovers(journal, FALSE) > 0;
}

void vv_services_note_sweep(const VvJournal *journal)
{
    find_leftovers(journal, TRUE);
}

GPtrArray *vv_services_notes(const VvJournal *journal)
{
    GPtrArray *notes = g_ptr_array_new_with_free_func((GDestroyNotify)vv_services_note_free);
    g_autofree char *path = g_build_filename(vv_journal_folder(journal), "services", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        VvServicesNote *note = vv_services_note_read(journal, name);
        if (note)
            g_ptr_array_add(notes, note);
    }
    return notes;
}
