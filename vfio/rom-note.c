/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/durable.h"
#include "vfio/error.h"

#include <errno.h>
#include <string.h>

/* What a reading of a ROM has switched on, one small file for each card beside the hand-over's entries. It
 * is no entry of those: nobody owns the card by it, and nothing but three settings is to be put back. */

#define SECTION "rom"

static char *path_of(const VvJournal *journal, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_build_filename(vv_journal_folder(journal), "rom", vv_address_format(address, text), NULL);
}

VvRomNote *vv_rom_note_new(const VvSysfs *sysfs, const VvDevice *device)
{
    VvRomNote *note = g_new0(VvRomNote, 1);

    note->address = device->address;
    note->ids = vv_device_ids(device);
    note->enable = note->command = -1;
    note->by = vv_process_self(sysfs);
    return note;
}

void vv_rom_note_free(VvRomNote *note)
{
    if (!note)
        return;
    g_free(note->ids);
    g_free(note->power);
    g_free(note);
}

static char *text_of(const VvRomNote *note, gsize *ret_length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, SECTION, "ids", note->ids);
    if (note->power)
        g_key_file_set_string(file, SECTION, "power", note->power);
    g_key_file_set_int64(file, SECTION, "enable", note->enable);
    g_key_file_set_int64(file, SECTION, "command", note->command);
    g_key_file_set_integer(file, SECTION, "pid", note->by.pid);
    g_key_file_set_uint64(file, SECTION, "started", note->by.started);
    return g_key_file_to_data(file, ret_length, NULL);
}

gboolean vv_rom_note_write(const VvJournal *journal, const VvRomNote *note, GError **error)
{
    g_autofree char *path = path_of(journal, note->address);
    gsize length;
    g_autofree char *text = text_of(note, &length);

    if (vv_durable_write(path, text, length))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot write down %s before the card is touched: %s", path,
                g_strerror(errno));
    return FALSE;
}

static VvRomNote *note_of_text(VvAddress address, const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    g_autoptr(VvRomNote) note = g_new0(VvRomNote, 1);

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return NULL;
    note->address = address;
    note->ids = g_key_file_get_string(file, SECTION, "ids", NULL);
    note->power = g_key_file_get_string(file, SECTION, "power", NULL);
    note->enable = g_key_file_get_int64(file, SECTION, "enable", &problem);
    if (!problem)
        note->command = g_key_file_get_int64(file, SECTION, "command", &problem);
    if (!problem)
        note->by.pid = g_key_file_get_integer(file, SECTION, "pid", &problem);
    if (!problem)
        note->by.started = g_key_file_get_uint64(file, SECTION, "started", &problem);
    return note->ids && !problem ? g_steal_pointer(&note) : NULL;
}

VvRomNote *vv_rom_note_read(const VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = path_of(journal, address), *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &problem)) {
        if (!g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot read %s: %s", path, problem->message);
        return NULL;
    }
    VvRomNote *note = note_of_text(address, text, length);
    if (!note)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s is not what was written there; look at the card's power/control and enable, then "
                    "remove the file",
                    path);
    return note;
}

gboolean vv_rom_note_remove(const VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = path_of(journal, address);

    if (vv_durable_remove(path))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot remove %s: %s", path, g_strerror(errno));
    return FALSE;
}

/* Of a file that a writer did not finish as well: there was no note yet then. */
static gboolean parse_name(const char *name, VvAddress *ret)
{
    g_autofree char *text = g_strdup(name);

    if (g_str_has_suffix(text, VV_DURABLE_TEMPORARY))
        text[strlen(text) - strlen(VV_DURABLE_TEMPORARY)] = '\0';
    return vv_address_parse(text, ret, NULL);
}

static void remember(GArray *addresses, VvAddress address)
{
    for (guint i = 0; i < addresses->len; i++)
        if (vv_address_equal(g_array_index(addresses, VvAddress, i), address))
            return;
    g_array_append_val(addresses, address);
}

GArray *vv_rom_left_behind(const VvJournal *journal)
{
    GArray *addresses = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autofree char *folder = g_build_filename(vv_journal_folder(journal), "rom", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    VvAddress address;

    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (parse_name(name, &address))
            remember(addresses, address);
    return addresses;
}

/* Under the lock of the card's group nobody is writing. TRUE: there is nothing to do any more. */
static gboolean recover_one(const VvHost *host, VvJournal *journal, VvAddress address, GArray *ret_done,
                            GError **error)
{
    const VvDevice *device = vv_host_find(host, address);
    g_autofree char *ids = device ? vv_device_ids(device) : NULL;
    GError *problem = NULL;
    g_autoptr(VvRomNote) note = vv_rom_note_read(journal, address, &problem);

    if (note && device && strcmp(ids, note->ids) == 0) /* else it is gone, and its settings with it */
        vv_rom_put_back(vv_host_sysfs(host), device, note, &problem);
    if (g_error_matches(problem, VV_ERROR, VV_ERROR_NOT_READY)) {
        g_error_free(problem);
        return TRUE;
    }
    if (!problem && vv_rom_note_remove(journal, address, &problem) && note && ret_done)
        g_array_append_val(ret_done, address);
    if (!problem)
        return TRUE;
    g_propagate_error(error, problem);
    return FALSE;
}

gboolean vv_rom_recover(const VvHost *host, VvJournal *journal, GArray *ret_done, GError **error)
{
    g_autoptr(GArray) addresses = vv_rom_left_behind(journal);
    gboolean ok = TRUE;

    for (guint i = 0; i < addresses->len; i++) {
        VvAddress address = g_array_index(addresses, VvAddress, i);
        const VvDevice *device = vv_host_find(host, address);
        /* Held: a reader is at work, or a hand-over. */
        if (!vv_journal_lock(journal, device ? device->group : -1, 0, NULL))
            continue;
        ok = recover_one(host, journal, address, ret_done, ok ? error : NULL) && ok;
        vv_journal_unlock(journal);
    }
    return ok;
}
