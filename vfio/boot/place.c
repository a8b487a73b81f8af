/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/place.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As many as the kernel follows (path_resolution(7)). */
#define LINKS_MAX 40

void vv_place_clear(VvPlace *place)
{
    if (place->folder >= 0)
        close(place->folder);
    place->folder = -1;
    g_clear_pointer(&place->name, g_free);
}

gboolean vv_place_fail(const VvSysfs *sysfs, const char *what, const char *path, int number, GError **error)
{
    if (number == EXDEV)
        g_set_error(
            error, VV_ERROR, VV_ERROR_REFUSED,
            "cannot %s %s: a symbolic link on the way leads out of %s; replace it by a relative link, "
            "or by the file",
            what, path, vv_sysfs_root(sysfs));
    else
        g_set_error(error, VV_ERROR,
                    (number == EACCES || number == EPERM) && geteuid() != 0 ? VV_ERROR_NOT_READY
                                                                            : VV_ERROR_FAILED,
                    "cannot %s %s: %s", what, path, g_strerror(number));
    return FALSE;
}

/* glibc has no wrapper. The running system's links may be absolute; another root's would lead here. */
static int open_folder(const VvSysfs *sysfs, const char *path)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_NO_MAGICLINKS | (vv_sysfs_is_live(sysfs) ? 0 : RESOLVE_BENEATH),
    };

    while (*path == '/')
        path++;
    return (int)syscall(SYS_openat2, vv_sysfs_fd(sysfs), *path ? path : ".", &how, sizeof how);
}

gboolean vv_place_find(const VvSysfs *sysfs, const char *path, VvPlace *ret, GError **error)
{
    g_autofree char *at = g_strdup(path);
    char target[PATH_MAX];

    *ret = (VvPlace){.folder = -1};
    for (int links = 0; links < LINKS_MAX; links++) {
        g_autofree char *above = g_path_get_dirname(at);
        vv_place_clear(ret);
        ret->name = g_path_get_basename(at);
        ret->folder = open_folder(sysfs, above);
        if (ret->folder < 0 && errno == ENOENT)
            return TRUE;
        if (ret->folder < 0)
            return vv_place_fail(sysfs, "open", path, errno, error);
        gssize length = readlinkat(ret->folder, ret->name, target, sizeof target - 1);
        if (length < 0)
            return TRUE;
        target[length] = '\0';
        if (*target == '/' && !vv_sysfs_is_live(sysfs))
            return vv_place_fail(sysfs, "open", path, EXDEV, error);
        g_free(at);
        at = *target == '/' ? g_strdup(target) : g_build_filename(above, target, NULL);
    }
    return vv_place_fail(sysfs, "open", path, ELOOP, error);
}
