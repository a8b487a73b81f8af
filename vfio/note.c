/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/note.h"

#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

static char *path_of(const VvJournal *journal, const char *kind, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_build_filename(vv_journal_folder(journal), kind, vv_address_format(address, text), NULL);
}

gboolean vv_note_write(const VvJournal *journal, const char *kind, VvAddress address, GKeyFile *file,
                       GError **error)
{
    g_autofree char *path = path_of(journal, kind, address);
    gsize length;
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);

    if (vv_durable_write(path, text, length))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write %s: %s; nothing was changed", path,
                g_strerror(errno));
    return FALSE;
}

gboolean vv_note_remove(const VvJournal *journal, const char *kind, VvAddress address, GError **error)
{
    g_autofree char *path = path_of(journal, kind, address);

    if (vv_durable_remove(path))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

GKeyFile *vv_note_read(const VvJournal *journal, const char *kind, VvAddress address)
{
    g_autofree char *path = path_of(journal, kind, address);
    g_autoptr(GKeyFile) file = g_key_file_new();

    return g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL) ? g_steal_pointer(&file) : NULL;
}

/* Only as it was written: "01:00.0" would be another file's function. */
static gboolean is_address(const char *name, VvAddress *ret)
{
    char text[VV_ADDRESS_TEXT];

    return vv_address_parse(name, ret, NULL) && strcmp(vv_address_format(*ret, text), name) == 0;
}

GPtrArray *vv_note_all(const VvJournal *journal, const char *kind,
                       gpointer (*read)(const VvJournal *journal, VvAddress address), GDestroyNotify free)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(free);
    g_autofree char *path = g_build_filename(vv_journal_folder(journal), kind, NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        VvAddress address;
        gpointer note = is_address(name, &address) ? read(journal, address) : NULL;
        if (note)
            g_ptr_array_add(all, note);
    }
    return all;
}

void vv_note_set_process(GKeyFile *file, const char *section, VvProcess process)
{
    g_key_file_set_integer(file, section, "pid", process.pid);
    g_key_file_set_uint64(file, section, "started", process.started);
}

VvProcess vv_note_get_process(GKeyFile *file, const char *section)
{
    return (VvProcess){.pid = g_key_file_get_integer(file, section, "pid", NULL),
                       .started = g_key_file_get_uint64(file, section, "started", NULL)};
}
