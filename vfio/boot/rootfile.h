/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

#include <sys/stat.h>

/* Files of the system below the root that `setup` changes. Paths are absolute as that system sees them
 * ("/etc/default/grub"). Symbolic links are followed, and the file behind them is what is read and replaced;
 * one that leads out of a root that is not the running system's is VV_ERROR_REFUSED (openat2(2),
 * RESOLVE_BENEATH). Each change is one of the seam's steps and is on disk when the function returns. */
typedef struct {
    char *text;  /* NULL: it is not there */
    mode_t mode; /* permission bits; 0 when it is not there */
    uid_t uid;
    gid_t gid;
} VvRootFile;

void vv_root_file_clear(VvRootFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VvRootFile, vv_root_file_clear)

/* A file that is not there is a success. VV_ERROR_NOT_READY: only root may read it. VV_ERROR_REFUSED: it is
 * no file, or no text (a NUL in it). */
gboolean vv_root_read(const VvSysfs *sysfs, const char *path, VvRootFile *ret, GError **error);

/* Replaces it atomically; its folder must be there. Mode, owner, ACL and security label of what is there
 * stay; a new file gets mode and owner of `like`. */
gboolean vv_root_write(const VvSysfs *sysfs, const char *path, const char *text, const VvRootFile *like,
                       GError **error);

/* What is not there is a success. */
gboolean vv_root_remove(const VvSysfs *sysfs, const char *path, GError **error);

/* Removes what a write that was interrupted left beside the file. */
void vv_root_tidy(const VvSysfs *sysfs, const char *path);

/* The folders above `path` that are not there, top first (char *, absolute): appended to `folders`, each
 * once. */
gboolean vv_root_missing_folders(const VvSysfs *sysfs, const char *path, GPtrArray *folders, GError **error);

/* 0755. One that is there is a success. */
gboolean vv_root_make_folder(const VvSysfs *sysfs, const char *path, GError **error);

/* Removes it if it is empty. FALSE only where the seam lets it fail. */
gboolean vv_root_remove_folder(const VvSysfs *sysfs, const char *path, GError **error);
