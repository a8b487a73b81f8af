/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/journal.h"

#include "vfio/durable.h"
#include "vfio/error.h"
#include "vfio/lock.h"
#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY VV_DURABLE_TEMPORARY

/* A group's lock that is held. */
typedef struct {
    int group, fd;
} Lock;

struct VvJournal {
    char *folder;  /* ROOT/run/virt-vfio */
    char *devices; /* …/devices */
    GArray *locks; /* Lock */
};

VvJournal *vv_journal_new(const char *root)
{
    VvJournal *journal = g_new0(VvJournal, 1);

    journal->folder = g_build_filename(root && *root ? root : "/", "run", "virt-vfio", NULL);
    journal->devices = g_build_filename(journal->folder, "devices", NULL);
    journal->locks = g_array_new(FALSE, FALSE, sizeof(Lock));
    return journal;
}

void vv_journal_free(VvJournal *journal)
{
    if (!journal)
        return;
    vv_journal_unlock(journal);
    g_array_unref(journal->locks);
    g_free(journal->devices);
    g_free(journal->folder);
    g_free(journal);
}

const char *vv_journal_folder(const VvJournal *journal)
{
    return journal->folder;
}

static gboolean set_io_error(GError **error, const char *what, const char *path)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot %s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

/* Without the journal nobody can say what is taken, and only root may read it. */
static void set_read_error(GError **error, const GError *problem)
{
    gboolean closed = g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_ACCES);

    g_set_error(error, VV_ERROR, closed ? VV_ERROR_NOT_READY : VV_ERROR_FAILED,
                "cannot read the journal: %s%s", problem->message, closed ? "; root can" : "");
}

static char *entry_path(const VvJournal *journal, VvAddress address)
{
    char text[VV_ADDRESS_TEXT];

    return g_build_filename(journal->devices, vv_address_format(address, text), NULL);
}

VvEntry *vv_journal_read(const VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = entry_path(journal, address);
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &problem)) {
        if (!g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            set_read_error(error, problem);
        return NULL;
    }
    VvEntry *entry = vv_entry_from_text(address, text, length);
    if (!entry)
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s is not a journal entry; look at the device's driver, then remove the file", path);
    return entry;
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
    guint64 x = vv_address_key((*(VvEntry *const *)a)->address);
    guint64 y = vv_address_key((*(VvEntry *const *)b)->address);

    return x < y ? -1 : x > y;
}

/* Half a note is none, and the next one of that name is written over it. */
static gboolean has_notes(const VvJournal *journal, const char *kind)
{
    g_autofree char *path = g_build_filename(journal->folder, kind, NULL);
    g_autoptr(GDir) notes = g_dir_open(path, 0, NULL);

    for (const char *name; notes && (name = g_dir_read_name(notes));)
        if (!g_str_has_suffix(name, TEMPORARY))
            return TRUE;
    return FALSE;
}

gboolean vv_journal_is_empty(const VvJournal *journal)
{
    g_autoptr(GDir) entries = g_dir_open(journal->devices, 0, NULL);

    if (entries && g_dir_read_name(entries))
        return FALSE;
    return !has_notes(journal, "resets") && !has_notes(journal, "services") && !has_notes(journal, "sriov") &&
           !has_notes(journal, "vfs");
}

GPtrArray *vv_journal_list(const VvJournal *journal, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)vv_entry_free);
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) folder = g_dir_open(journal->devices, 0, &problem);

    if (!folder && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        set_read_error(error, problem);
        return NULL;
    }
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        VvAddress address;
        if (!vv_address_parse(name, &address, NULL))
            continue; /* a temporary file of a writer that died */
        g_clear_error(&problem);
        VvEntry *entry = vv_journal_read(journal, address, &problem);
        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        if (entry) /* it may be gone again since the folder was read */
            g_ptr_array_add(entries, entry);
    }
    g_ptr_array_sort(entries, compare_entries);
    return g_steal_pointer(&entries);
}

/* errno is that of the step. */
static gboolean may_go_on(void)
{
    errno = vv_seam_step();
    return errno == 0;
}

gboolean vv_journal_write(VvJournal *journal, const VvEntry *entry, GError **error)
{
    g_autofree char *path = entry_path(journal, entry->address);
    gsize length;
    g_autofree char *text = vv_entry_to_text(entry, &length);

    return vv_durable_write(path, text, length) || set_io_error(error, "write the journal entry", path);
}

gboolean vv_journal_remove(VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = entry_path(journal, address);

    return vv_durable_remove(path) || set_io_error(error, "remove the journal entry", path);
}

GArray *vv_journal_leftovers(const VvJournal *journal)
{
    GArray *addresses = g_array_new(FALSE, FALSE, sizeof(VvAddress));
    g_autoptr(GDir) folder = g_dir_open(journal->devices, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(journal->devices, name, NULL);
        VvAddress address;
        if (!g_str_has_suffix(path, TEMPORARY))
            continue;
        path[strlen(path) - strlen(TEMPORARY)] = '\0';
        g_autofree char *text = g_path_get_basename(path);
        if (access(path, F_OK) != 0 && vv_address_parse(text, &address, NULL))
            g_array_append_val(addresses, address);
    }
    return addresses;
}

void vv_journal_remove_leftover(VvJournal *journal, VvAddress address)
{
    g_autofree char *path = entry_path(journal, address);
    g_autofree char *temporary = g_strconcat(path, TEMPORARY, NULL);

    if (may_go_on())
        unlink(temporary);
}

gboolean vv_journal_lock(VvJournal *journal, int group, gint64 deadline, GError **error)
{
    g_autofree char *folder = g_build_filename(journal->folder, "locks", NULL);
    g_autofree char *path = g_strdup_printf("%s/group-%d", folder, group);

    if (!may_go_on())
        return set_io_error(error, "lock", path);
    Lock lock = {group, vv_lock_file(path, deadline)};
    if (lock.fd < 0 && errno == ENOENT) { /* the first of this boot */
        if (g_mkdir_with_parents(folder, 0755) != 0)
            return set_io_error(error, "create", folder);
        lock.fd = vv_lock_file(path, deadline);
    }
    if (lock.fd >= 0) {
        g_array_append_val(journal->locks, lock);
        return TRUE;
    }
    if (errno != EWOULDBLOCK)
        return set_io_error(error, "lock", path);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                "another virt-vfio, or a worker of one that hangs in the kernel, is working on IOMMU group "
                "%d; try again when it is done",
                group);
    return FALSE;
}

gboolean vv_journal_lock_groups(VvJournal *journal, const GArray *groups, guint wait_ms, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)wait_ms * 1000;

    for (guint i = 0; i < groups->len; i++) {
        if (vv_journal_lock(journal, g_array_index(groups, int, i), deadline, error))
            continue;
        vv_journal_unlock(journal);
        return FALSE;
    }
    return TRUE;
}

int vv_journal_lock_fd(const VvJournal *journal, int group)
{
    for (guint i = 0; i < journal->locks->len; i++) {
        const Lock *lock = &g_array_index(journal->locks, Lock, i);
        if (lock->group == group)
            return lock->fd;
    }
    return -1;
}

void vv_journal_unlock(VvJournal *journal)
{
    for (guint i = 0; i < journal->locks->len; i++)
        close(g_array_index(journal->locks, Lock, i).fd);
    g_array_set_size(journal->locks, 0);
}
