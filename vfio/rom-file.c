/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* One file on its way: it exists under a temporary name until it is complete and on disk. */
typedef struct {
    const char *path; /* for messages */
    char *name;       /* its last component */
    char *temporary;  /* beside it; NULL: not there (any more) */
    int folder;
} Target;

static void target_clear(Target *target)
{
    if (target->temporary)
        unlinkat(target->folder, target->temporary, 0);
    g_free(target->temporary);
    g_free(target->name);
    vv_rom_close(&target->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

static gboolean fail(GError **error, const Target *target, const char *doing, int errnum)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s: cannot %s: %s", target->path, doing,
                g_strerror(errnum));
    return FALSE;
}

static gboolean refuse(GError **error, const Target *target, const char *why)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s %s; nothing was written", target->path, why);
    return FALSE;
}

static gboolean open_folder(Target *target, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(target->path);

    if (!*target->path || g_str_has_suffix(target->path, "/") || g_str_equal(target->name, ".") ||
        g_str_equal(target->name, ".."))
        return refuse(error, target, "is not the name of a file: name the file to write");
    target->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return target->folder >= 0 || fail(error, target, "open its folder", errno);
}

/* Never through a link: what it points to was not named (a rename would replace the link itself, which the
 * user did not ask for either). */
static gboolean check_destination(const Target *target, gboolean replace, GError **error)
{
    struct stat status;

    if (fstatat(target->folder, target->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || fail(error, target, "look at it", errno);
    if (S_ISLNK(status.st_mode))
        return refuse(error, target, "is a symbolic link: name the file itself");
    if (!S_ISREG(status.st_mode))
        return refuse(error, target, "is not a regular file: choose another name");
    return replace || refuse(error, target, "exists: choose another name, or ask for it to be replaced");
}

static int create_temporary(Target *target)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        /* Cut, so that a long name does not become too long for the file system. */
        g_autofree char *name = g_strdup_printf(".%.200s.%08x", target->name, g_random_int());
        int fd = openat(target->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) {
            target->temporary = g_steal_pointer(&name);
            return fd;
        }
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

static gboolean fill(Target *target, GBytes *bytes, GError **error)
{
    gsize size, done = 0;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    VV_ROM_AUTO_FD fd = create_temporary(target);

    if (fd < 0)
        return fail(error, target, "create a file beside it", errno);
    while (done < size) {
        gssize written = write(fd, data + done, size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail(error, target, "write it", errno);
        done += (gsize)written;
    }
    /* A umask can only take away from the 0600 of open(2); and it may have. */
    if (fchmod(fd, 0600) < 0 || fsync(fd) < 0)
        return fail(error, target, "bring it to disk", errno);
    return TRUE;
}

/* link(2) does not replace either, for file systems without RENAME_NOREPLACE (EINVAL, see rename(2)). */
static int rename_without_replacing(const Target *target)
{
    if (renameat2(target->folder, target->temporary, target->folder, target->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (linkat(target->folder, target->temporary, target->folder, target->name, 0) < 0)
        return errno;
    unlinkat(target->folder, target->temporary, 0);
    return 0;
}

static int rename_replacing(const Target *target)
{
    return renameat(target->folder, target->temporary, target->folder, target->name) == 0 ? 0 : errno;
}

gboolean vv_rom_write_file(const char *path, GBytes *bytes, gboolean replace, GError **error)
{
    g_auto(Target) target = {.path = path, .name = g_path_get_basename(path), .folder = -1};

    if (!open_folder(&target, error) || !check_destination(&target, replace, error) ||
        !fill(&target, bytes, error))
        return FALSE;
    int errnum = replace ? rename_replacing(&target) : rename_without_replacing(&target);
    if (errnum == EEXIST)
        return refuse(error, &target, "exists: choose another name, or ask for it to be replaced");
    if (errnum)
        return fail(error, &target, "give it its name", errnum);
    g_clear_pointer(&target.temporary, g_free);
    /* The name is in the folder, not in the file. EINVAL: a file system whose folders cannot be synced. */
    if (fsync(target.folder) < 0 && errno != EINVAL)
        return fail(error, &target, "bring its folder to disk (the file itself is complete)", errno);
    return TRUE;
}
