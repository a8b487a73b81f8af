/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/journal.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTION "device"

struct VvJournal {
    char *folder;  /* ROOT/run/virt-vfio */
    char *devices; /* …/devices */
    GArray *locks; /* int: descriptors that hold a flock */
};

static const char *const state_names[] = {"taking", "taken", "returning", "stuck", "quarantined"};

const char *vv_state_name(VvState state)
{
    return state_names[state];
}

VvJournal *vv_journal_new(const char *root)
{
    VvJournal *journal = g_new0(VvJournal, 1);

    journal->folder = g_build_filename(root && *root ? root : "/", "run", "virt-vfio", NULL);
    journal->devices = g_build_filename(journal->folder, "devices", NULL);
    journal->locks = g_array_new(FALSE, FALSE, sizeof(int));
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

VvEntry *vv_entry_new(VvAddress address, const char *owner, const char *owner_name)
{
    VvEntry *entry = g_new0(VvEntry, 1);

    entry->address = address;
    entry->owner = g_strdup(owner);
    entry->owner_name = g_strdup(owner_name);
    entry->since = g_get_real_time() / G_USEC_PER_SEC;
    return entry;
}

void vv_entry_free(VvEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->owner);
    g_free(entry->owner_name);
    g_free(entry->driver);
    g_free(entry->override);
    g_free(entry->note);
    g_free(entry);
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

static char *entry_to_text(const VvEntry *entry, gsize *ret_length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, SECTION, "state", vv_state_name(entry->state));
    g_key_file_set_string(file, SECTION, "owner", entry->owner);
    g_key_file_set_int64(file, SECTION, "since", entry->since);
    if (entry->owner_name)
        g_key_file_set_string(file, SECTION, "owner-name", entry->owner_name);
    if (entry->driver)
        g_key_file_set_string(file, SECTION, "driver", entry->driver);
    if (entry->override)
        g_key_file_set_string(file, SECTION, "override", entry->override);
    if (entry->note)
        g_key_file_set_string(file, SECTION, "note", entry->note);
    return g_key_file_to_data(file, ret_length, NULL);
}

/* The key may be missing, but if it is there it must be readable: half a record of what was before would
 * leave the device with nobody. */
static gboolean read_strictly(GKeyFile *file, const char *key, char **ret)
{
    g_autoptr(GError) problem = NULL;

    *ret = g_key_file_get_string(file, SECTION, key, &problem);
    return !problem || g_error_matches(problem, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND);
}

static VvEntry *entry_from_text(VvAddress address, const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return NULL;
    g_autofree char *state = g_key_file_get_string(file, SECTION, "state", NULL);
    g_autofree char *owner = g_key_file_get_string(file, SECTION, "owner", NULL);
    if (!state || !owner)
        return NULL;

    g_autoptr(VvEntry) entry = vv_entry_new(address, owner, NULL);
    g_autoptr(GError) problem = NULL;
    guint number = 0;
    while (number < G_N_ELEMENTS(state_names) && strcmp(state_names[number], state) != 0)
        number++;
    if (number == G_N_ELEMENTS(state_names))
        return NULL;
    entry->state = (VvState)number;
    entry->since = g_key_file_get_int64(file, SECTION, "since", &problem);
    if (problem || !read_strictly(file, "driver", &entry->driver) ||
        !read_strictly(file, "override", &entry->override))
        return NULL;
    entry->owner_name = g_key_file_get_string(file, SECTION, "owner-name", NULL);
    entry->note = g_key_file_get_string(file, SECTION, "note", NULL);
    return g_steal_pointer(&entry);
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
    VvEntry *entry = entry_from_text(address, text, length);
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

static gboolean sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Creates the file, and the folder when it is the first in there. */
static int create_file(const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, 0600);

    if (fd < 0 && errno == ENOENT) {
        g_autofree char *folder = g_path_get_dirname(path);
        fd = g_mkdir_with_parents(folder, 0700) == 0 ? open(path, flags, 0600) : -1;
    }
    return fd;
}

static gboolean write_synced(const char *path, const char *text, gsize length)
{
    int fd = create_file(path);
    if (fd < 0)
        return FALSE;
    gboolean ok = write(fd, text, length) == (gssize)length && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

gboolean vv_journal_write(VvJournal *journal, const VvEntry *entry, GError **error)
{
    g_autofree char *path = entry_path(journal, entry->address);
    g_autofree char *temporary = g_strdup_printf("%s.new", path);
    gsize length;
    g_autofree char *text = entry_to_text(entry, &length);

    if (!write_synced(temporary, text, length) || rename(temporary, path) != 0 ||
        !sync_folder(journal->devices)) {
        set_io_error(error, "write the journal entry", path);
        unlink(temporary);
        return FALSE;
    }
    return TRUE;
}

gboolean vv_journal_remove(VvJournal *journal, VvAddress address, GError **error)
{
    g_autofree char *path = entry_path(journal, address);

    if (unlink(path) != 0 && errno != ENOENT)
        return set_io_error(error, "remove the journal entry", path);
    return TRUE;
}

/* Polls, because flock(2) has no time-out and SIGALRM belongs to the program. */
static int lock_file(const char *path, guint wait_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)wait_ms * 1000;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno == EWOULDBLOCK && g_get_monotonic_time() < deadline) || errno == EINTR) {
            g_usleep(10000);
            continue;
        }
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

gboolean vv_journal_lock_groups(VvJournal *journal, const GArray *groups, guint wait_ms, GError **error)
{
    g_autofree char *folder = g_build_filename(journal->folder, "locks", NULL);

    if (g_mkdir_with_parents(folder, 0700) != 0)
        return set_io_error(error, "create", folder);
    for (guint i = 0; i < groups->len; i++) {
        int group = g_array_index(groups, int, i);
        g_autofree char *path = g_strdup_printf("%s/group-%d", folder, group);
        int fd = lock_file(path, wait_ms);
        if (fd < 0) {
            if (errno == EWOULDBLOCK)
                g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                            "another virt-vfio is working on IOMMU group %d; try again when it is done",
                            group);
            else
                set_io_error(error, "lock", path);
            vv_journal_unlock(journal);
            return FALSE;
        }
        g_array_append_val(journal->locks, fd);
    }
    return TRUE;
}

void vv_journal_unlock(VvJournal *journal)
{
    for (guint i = 0; i < journal->locks->len; i++)
        close(g_array_index(journal->locks, int, i));
    g_array_set_size(journal->locks, 0);
}
