/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/durable.h"

#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
    int fd = open(path, flags, 0644);

    if (fd < 0 && errno == ENOENT) {
        g_autofree char *folder = g_path_get_dirname(path);
        fd = g_mkdir_with_parents(folder, 0755) == 0 ? open(path, flags, 0644) : -1;
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

/* errno is that of the step. */
static gboolean may_go_on(void)
{
    errno = vv_seam_step();
    return errno == 0;
}

gboolean vv_durable_write(const char *path, const char *text, gsize length)
{
    g_autofree char *temporary = g_strconcat(path, VV_DURABLE_TEMPORARY, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    if (may_go_on() && write_synced(temporary, text, length) && may_go_on() && rename(temporary, path) == 0 &&
        sync_folder(folder))
        return TRUE;
    int error = errno;
    unlink(temporary);
    errno = error;
    return FALSE;
}

gboolean vv_durable_remove(const char *path)
{
    g_autofree char *temporary = g_strconcat(path, VV_DURABLE_TEMPORARY, NULL);

    if (!may_go_on() || (unlink(path) != 0 && errno != ENOENT))
        return FALSE;
    unlink(temporary);
    return TRUE;
}
