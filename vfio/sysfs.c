/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sysfs.h"

#include "vfio/error.h"
#include "vfio/seam.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct VvSysfs {
    char *root;
    int dirfd; /* of the root: every path is looked up from here, so a chdir changes nothing */
    gboolean live;
    VvSysfsWriteFn write;
    gpointer write_data;
};

VvSysfs *vv_sysfs_new(const char *root, GError **error)
{
    const char *path = root && *root ? root : "/";
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "cannot open %s: %s", path, g_strerror(errno));
        return NULL;
    }
    VvSysfs *sysfs = g_new0(VvSysfs, 1);
    sysfs->root = g_strdup(path);
    sysfs->dirfd = fd;
    sysfs->live = strcmp(path, "/") == 0;
    return sysfs;
}

void vv_sysfs_free(VvSysfs *sysfs)
{
    if (!sysfs)
        return;
    close(sysfs->dirfd);
    g_free(sysfs->root);
    g_free(sysfs);
}

gboolean vv_sysfs_is_live(const VvSysfs *sysfs)
{
    return sysfs->live;
}

const char *vv_sysfs_root(const VvSysfs *sysfs)
{
    return sysfs->root;
}

int vv_sysfs_fd(const VvSysfs *sysfs)
{
    return sysfs->dirfd;
}

void vv_sysfs_set_write_hook(VvSysfs *sysfs, VvSysfsWriteFn write, gpointer data)
{
    sysfs->write = write;
    sysfs->write_data = data;
}

int vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags)
{
    return openat(sysfs->dirfd, path, flags | O_CLOEXEC);
}

gssize vv_sysfs_read_into(const VvSysfs *sysfs, const char *path, char *buffer, gsize size)
{
    int fd = openat(sysfs->dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;

    gssize length = read(fd, buffer, size - 1);
    int saved = errno;
    close(fd);
    if (length < 0) {
        errno = saved;
        return -1;
    }
    if (length > 0 && buffer[length - 1] == '\n')
        length--;
    buffer[length] = '\0';
    return length;
}

char *vv_sysfs_read(const VvSysfs *sysfs, const char *path)
{
    char page[4097];
    gssize length = vv_sysfs_read_into(sysfs, path, page, sizeof page);

    return length < 0 ? NULL : g_strndup(page, (gsize)length);
}

char *vv_sysfs_read_all(const VvSysfs *sysfs, const char *path, gsize limit)
{
    char page[16384];
    gssize length = 0;
    int fd = openat(sysfs->dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;

    GString *text = g_string_new(NULL);
    while (text->len < limit && (length = read(fd, page, MIN(sizeof page, limit - text->len))) > 0)
        g_string_append_len(text, page, length);
    int saved = errno;
    close(fd);
    errno = saved;
    return g_string_free(text, length < 0);
}

gboolean vv_sysfs_read_number(const VvSysfs *sysfs, const char *path, gint64 *ret)
{
    char text[64];
    char *end;

    if (vv_sysfs_read_into(sysfs, path, text, sizeof text) <= 0)
        return FALSE;
    errno = 0;
    gint64 value = g_ascii_strtoll(text, &end, g_str_has_prefix(text, "0x") ? 16 : 10);
    if (errno || end == text || *end)
        return FALSE;
    *ret = value;
    return TRUE;
}

char *vv_sysfs_link_target(const VvSysfs *sysfs, const char *path)
{
    char target[4096];
    gssize length = readlinkat(sysfs->dirfd, path, target, sizeof target);

    return length < 0 ? NULL : g_strndup(target, (gsize)length);
}

char *vv_sysfs_link_name(const VvSysfs *sysfs, const char *path)
{
    g_autofree char *target = vv_sysfs_link_target(sysfs, path);

    return target ? g_path_get_basename(target) : NULL;
}

gboolean vv_sysfs_device_number(const VvSysfs *sysfs, const char *path, gboolean *ret_is_block,
                                guint *ret_major, guint *ret_minor)
{
    struct statx status;

    /* AT_STATX_DONT_SYNC: a dead NFS server behind somebody's open file would hang us. */
    if (!sysfs->live || statx(sysfs->dirfd, path, AT_STATX_DONT_SYNC, STATX_TYPE, &status) != 0 ||
        !(S_ISBLK(status.stx_mode) || S_ISCHR(status.stx_mode)))
        return FALSE;
    *ret_is_block = S_ISBLK(status.stx_mode);
    *ret_major = status.stx_rdev_major;
    *ret_minor = status.stx_rdev_minor;
    return TRUE;
}

gboolean vv_sysfs_exists(const VvSysfs *sysfs, const char *path)
{
    return faccessat(sysfs->dirfd, path, F_OK, 0) == 0;
}

gint64 vv_sysfs_mtime(const VvSysfs *sysfs, const char *path)
{
    struct stat status;

    if (fstatat(sysfs->dirfd, path, &status, 0) != 0)
        return -1;
    return (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

GPtrArray *vv_sysfs_list(const VvSysfs *sysfs, const char *path)
{
    int fd = openat(sysfs->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int saved = errno;
        close(fd);
        errno = saved;
        return NULL;
    }

    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    closedir(dir);
    return names;
}

/* One write: sysfs takes each write(2) as a whole value (Documentation/filesystems/sysfs.rst). */
static int write_live(const VvSysfs *sysfs, const char *path, const void *bytes, gsize length, off_t offset)
{
    int fd = openat(sysfs->dirfd, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    gssize written = offset ? pwrite(fd, bytes, length, offset) : write(fd, bytes, length);
    int result = written < 0 ? errno : 0;
    close(fd);
    return result;
}

int vv_sysfs_write(const VvSysfs *sysfs, const char *path, const char *text)
{
    int error = vv_seam_step();

    if (error)
        return error;
    if (sysfs->write)
        return sysfs->write(path, text, sysfs->write_data);
    /* A recorded machine is for looking at. */
    return sysfs->live ? write_live(sysfs, path, text, strlen(text), 0) : EROFS;
}

int vv_sysfs_write_word(const VvSysfs *sysfs, const char *path, guint offset, guint16 value)
{
    const guint8 bytes[2] = {(guint8)value, (guint8)(value >> 8)};
    char text[16];
    int error = vv_seam_step();

    if (error)
        return error;
    if (sysfs->write) {
        snprintf(text, sizeof text, "%x=%04x", offset, value);
        return sysfs->write(path, text, sysfs->write_data);
    }
    return sysfs->live ? write_live(sysfs, path, bytes, sizeof bytes, (off_t)offset) : EROFS;
}
