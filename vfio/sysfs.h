/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The only door to /sys and /proc. Its root is passed in, so that everything in this room also runs on a
 * recorded machine (--sysroot) and on the fake tree of the tests. Paths are relative to that root:
 * "sys/bus/pci/devices/0000:01:00.0/uevent". */
typedef struct VvSysfs VvSysfs;

/* Replaces a write, for the tests' fake tree that reacts to one. Returns 0 or an errno. */
typedef int (*VvSysfsWriteFn)(const char *path, const char *text, gpointer data);

/* root: NULL or "/" is the running system. VV_ERROR_NOT_READY when it cannot be opened. */
VvSysfs *vv_sysfs_new(const char *root, GError **error);
void vv_sysfs_free(VvSysfs *sysfs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSysfs, vv_sysfs_free)

/* True when the root is the running system's, so that writes and modules mean something. */
gboolean vv_sysfs_is_live(const VvSysfs *sysfs);
const char *vv_sysfs_root(const VvSysfs *sysfs);
/* The descriptor of the root, for a child that closes all others. */
int vv_sysfs_fd(const VvSysfs *sysfs);
void vv_sysfs_set_write_hook(VvSysfs *sysfs, VvSysfsWriteFn write, gpointer data);

/* Reads an attribute into `buffer` (NUL-terminated, trailing newline removed; at most size - 1 bytes).
 * Returns the length, or -1 with errno set. Three system calls, no allocation. */
gssize vv_sysfs_read_into(const VvSysfs *sysfs, const char *path, char *buffer, gsize size);

/* The same as a new string, or NULL with errno set. For attributes of at most a page. */
char *vv_sysfs_read(const VvSysfs *sysfs, const char *path);

/* A file of any length, such as mountinfo, which no single read returns; at most `limit` bytes of it. */
char *vv_sysfs_read_all(const VvSysfs *sysfs, const char *path, gsize limit);

/* Reads a number (decimal, or hexadecimal with 0x). False, `ret` untouched, when there is none. */
gboolean vv_sysfs_read_number(const VvSysfs *sysfs, const char *path, gint64 *ret);

/* The last component of a symbolic link's target ("driver" -> "nvme"): new string, or NULL with errno. */
char *vv_sysfs_link_name(const VvSysfs *sysfs, const char *path);

/* The whole target of a symbolic link as stored: new string, or NULL with errno. */
char *vv_sysfs_link_target(const VvSysfs *sysfs, const char *path);

gboolean vv_sysfs_exists(const VvSysfs *sysfs, const char *path);

/* When a file was last written, in nanoseconds since 1970; -1 with errno. Follows links, as reading does. */
gint64 vv_sysfs_mtime(const VvSysfs *sysfs, const char *path);

/* Which device node a path leads to: the running system follows links, /proc/PID/fd/N too, and never asks a
 * file server. FALSE for everything else, and always on a recorded machine, whose links lead into the running
 * one. */
gboolean vv_sysfs_device_number(const VvSysfs *sysfs, const char *path, gboolean *ret_is_block,
                                guint *ret_major, guint *ret_minor);

/* The names in a folder without "." and "..", unsorted: owned by the caller. NULL with errno set. */
GPtrArray *vv_sysfs_list(const VvSysfs *sysfs, const char *path);

/* Opens for reading (or with O_RDWR etc. in `flags`); the descriptor is close-on-exec. -1 with errno. */
int vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags);

/* Writes `text` with one write(2), as the kernel wants it. Returns 0 or an errno, and never prints. A
 * recorded machine (not live, no hook) answers EROFS. */
int vv_sysfs_write(const VvSysfs *sysfs, const char *path, const char *text);

/* Writes two bytes, least significant first, at `offset` of a binary attribute such as `config`. The same
 * errors; a hook is told "OFFSET=VALUE" in hexadecimal. */
int vv_sysfs_write_word(const VvSysfs *sysfs, const char *path, guint offset, guint16 value);
