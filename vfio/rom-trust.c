/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-store.h"

#include "vfio/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s %s", path, why);
    return FALSE;
}

/* In a sticky folder such as /tmp others can put files beside ours, but not replace ours. */
static gboolean is_ours(const char *path, GError **error)
{
    struct stat facts;

    if (lstat(path, &facts) != 0)
        return errno == ENOENT || refuse(error, path, g_strerror(errno));
    if (S_ISLNK(facts.st_mode))
        return refuse(error, path, "is a symbolic link");
    if (facts.st_uid != 0 && facts.st_uid != geteuid())
        return refuse(error, path, "does not belong to root");
    if (facts.st_mode & (S_IWGRP | S_IWOTH) && !(S_ISDIR(facts.st_mode) && facts.st_mode & S_ISVTX))
        return refuse(error, path, "can be written to by others than root");
    return TRUE;
}

gboolean vv_rom_trusted(const char *path, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);

    for (char *slash = whole + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        gboolean ours = is_ours(whole, error);
        *slash = '/';
        if (!ours)
            return FALSE;
    }
    return is_ours("/", error) && is_ours(whole, error);
}
