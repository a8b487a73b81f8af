/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/rootfile.h"

#include "vfio/boot/place.h"
#include "vfio/error.h"
#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Far more than any configuration file; a grub.cfg has some 10 KiB for each kernel. */
#define FILE_MAX (16 * 1024 * 1024)

void vv_root_file_clear(VvRootFile *file)
{
    g_free(file->text);
    *file = (VvRootFile){0};
}

/* A hidden name: what reads a whole folder of scripts or drop-ins leaves it alone. */
static char *temporary_name(const VvPlace *place)
{
    return g_strdup_printf(".%s.virt-vfio-new", place->name);
}

static gboolean refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s is %s; setup does not touch it", path, what);
    return FALSE;
}

/* errno is set where there is no answer. */
static char *read_text(int fd, gsize size, gsize *ret_length)
{
    g_autofree char *text = g_malloc(size + 1);
    gsize done = 0;

    while (done < size) {
        gssize count = read(fd, text + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return NULL;
        if (count == 0)
            break;
        done += (gsize)count;
    }
    text[done] = '\0';
    *ret_length = done;
    return g_steal_pointer(&text);
}

static gboolean read_open(const VvSysfs *sysfs, int fd, const char *path, VvRootFile *ret, GError **error)
{
    struct stat facts;
    gsize length = 0;

    if (fstat(fd, &facts) != 0)
        return vv_place_fail(sysfs, "read", path, errno, error);
    if (!S_ISREG(facts.st_mode))
        return refuse(path, "no regular file", error);
    if (facts.st_size > FILE_MAX)
        return refuse(path, "larger than 16 MiB", error);
    g_autofree char *text = read_text(fd, (gsize)facts.st_size, &length);
    if (!text)
        return vv_place_fail(sysfs, "read", path, errno, error);
    if (strlen(text) != length)
        return refuse(path, "no text file", error);
    *ret = (VvRootFile){g_steal_pointer(&text), facts.st_mode & 07777, facts.st_uid, facts.st_gid};
    return TRUE;
}

gboolean vv_root_read(const VvSysfs *sysfs, const char *path, VvRootFile *ret, GError **error)
{
    g_auto(VvPlace) place = {.folder = -1};

    *ret = (VvRootFile){0};
    if (!vv_place_find(sysfs, path, &place, error))
        return FALSE;
    if (place.folder < 0)
        return TRUE;
    int fd = openat(place.folder, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || vv_place_fail(sysfs, "read", path, errno, error);
    gboolean ok = read_open(sysfs, fd, path, ret, error);
    close(fd);
    return ok;
}

/* Security label and ACL. What the file system does not know it does not have. */
static void copy_attributes(int from, int to)
{
    char names[4096], value[4096];
    gssize length = flistxattr(from, names, sizeof names);

    for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
        gssize size = fgetxattr(from, name, value, sizeof value);
        if (size >= 0)
            fsetxattr(to, name, value, (gsize)size, 0);
    }
}

/* Only what differs is changed: FAT has one owner and mode for all, and refuses others with EPERM. */
static gboolean make_alike(int fd, mode_t mode, uid_t uid, gid_t gid)
{
    struct stat now;

    if (fstat(fd, &now) != 0)
        return FALSE;
    if ((now.st_uid != uid || now.st_gid != gid) && fchown(fd, uid, gid) != 0)
        return FALSE;
    return (now.st_mode & 07777) == mode || fchmod(fd, mode) == 0;
}

static gboolean dress(int fd, const VvPlace *place, const VvRootFile *like)
{
    int old = openat(place->folder, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat facts;
    gboolean ok;

    if (old >= 0 && fstat(old, &facts) == 0) {
        copy_attributes(old, fd);
        ok = make_alike(fd, facts.st_mode & 07777, facts.st_uid, facts.st_gid);
    } else {
        ok = make_alike(fd, like->mode, like->uid, like->gid) || errno == EPERM;
    }
    if (old >= 0)
        close(old);
    return ok;
}

static gboolean write_all(int fd, const char *text)
{
    for (gsize left = strlen(text); left;) {
        gssize count = write(fd, text, left);
        if (count < 0 && errno != EINTR)
            return FALSE;
        if (count > 0)
            text += count, left -= (gsize)count;
    }
    return TRUE;
}

/* The errno that a step of the test seam has, in errno. */
static gboolean may_go_on(void)
{
    errno = vv_seam_step();
    return errno == 0;
}

static gboolean write_temporary(const VvPlace *place, const char *name, const char *text,
                                const VvRootFile *like)
{
    unlinkat(place->folder, name, 0);
    int fd = openat(place->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    gboolean ok = write_all(fd, text) && dress(fd, place, like) && fsync(fd) == 0;
    int number = errno;
    close(fd);
    errno = number;
    return ok;
}

gboolean vv_root_write(const VvSysfs *sysfs, const char *path, const char *text, const VvRootFile *like,
                       GError **error)
{
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, error))
        return FALSE;
    if (place.folder < 0)
        return vv_place_fail(sysfs, "write", path, ENOENT, error);
    g_autofree char *name = temporary_name(&place);
    if (may_go_on() && write_temporary(&place, name, text, like) && may_go_on() &&
        renameat(place.folder, name, place.folder, place.name) == 0 && fsync(place.folder) == 0)
        return TRUE;
    int number = errno;
    unlinkat(place.folder, name, 0);
    return vv_place_fail(sysfs, "write", path, number, error);
}

gboolean vv_root_remove(const VvSysfs *sysfs, const char *path, GError **error)
{
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, error))
        return FALSE;
    if (place.folder < 0)
        return TRUE;
    if (may_go_on() && (unlinkat(place.folder, place.name, 0) == 0 || errno == ENOENT) &&
        fsync(place.folder) == 0)
        return TRUE;
    return vv_place_fail(sysfs, "remove", path, errno, error);
}

void vv_root_tidy(const VvSysfs *sysfs, const char *path)
{
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, NULL) || place.folder < 0)
        return;
    g_autofree char *name = temporary_name(&place);
    unlinkat(place.folder, name, 0);
}

gboolean vv_root_missing_folders(const VvSysfs *sysfs, const char *path, GPtrArray *folders, GError **error)
{
    g_autofree char *above = g_path_get_dirname(path);
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, error))
        return FALSE;
    if (place.folder >= 0)
        return TRUE;
    if (strcmp(above, "/") == 0)
        return vv_place_fail(sysfs, "open", path, ENOENT, error);
    if (!vv_root_missing_folders(sysfs, above, folders, error))
        return FALSE;
    if (!g_ptr_array_find_with_equal_func(folders, above, g_str_equal, NULL))
        g_ptr_array_add(folders, g_steal_pointer(&above));
    return TRUE;
}

gboolean vv_root_make_folder(const VvSysfs *sysfs, const char *path, GError **error)
{
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, error))
        return FALSE;
    if (place.folder < 0)
        return vv_place_fail(sysfs, "make", path, ENOENT, error);
    if (faccessat(place.folder, place.name, F_OK, 0) == 0)
        return TRUE;
    if (may_go_on() && mkdirat(place.folder, place.name, 0755) == 0 &&
        fchmodat(place.folder, place.name, 0755, 0) == 0 && fsync(place.folder) == 0)
        return TRUE;
    return vv_place_fail(sysfs, "make", path, errno, error);
}

gboolean vv_root_remove_folder(const VvSysfs *sysfs, const char *path, GError **error)
{
    g_auto(VvPlace) place = {.folder = -1};

    if (!vv_place_find(sysfs, path, &place, NULL) || place.folder < 0)
        return TRUE;
    if (!may_go_on())
        return vv_place_fail(sysfs, "remove", path, errno, error);
    if (unlinkat(place.folder, place.name, AT_REMOVEDIR) == 0)
        fsync(place.folder);
    return TRUE;
}
