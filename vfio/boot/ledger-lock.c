/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/ledger-internal.h"

#include "vfio/error.h"
#include "vfio/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LOCK VV_LEDGER_FOLDER "/lock"
#define ABOVE "/var/lib/virt-vfio"

static gboolean make_folders(const VvSysfs *sysfs, GError **error)
{
    g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);

    if (!vv_root_missing_folders(sysfs, BACKUPS "/1", missing, error))
        return FALSE;
    for (guint i = 0; i < missing->len; i++)
        if (!vv_root_make_folder(sysfs, missing->pdata[i], error))
            return FALSE;
    g_autofree char *backups = vv_ledger_real_path(sysfs, BACKUPS);
    if (chmod(backups, 0700) == 0)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot close " BACKUPS " to others: %s",
                g_strerror(errno));
    return FALSE;
}

/* Another one may have removed the file between our open and our lock. */
static gboolean is_there(int lock, const char *path)
{
    struct stat ours, theirs;

    return fstat(lock, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
           ours.st_dev == theirs.st_dev;
}

/* Commands are to inherit it. Backups without a ledger are what an undo left that was killed at its very end;
 * they must not be taken for those of the next ledger. */
static int share(const VvSysfs *sysfs, int lock, GError **error)
{
    fcntl(lock, F_SETFD, 0);
    if (vv_sysfs_exists(sysfs, LEDGER + 1) || vv_ledger_remove(sysfs, error))
        return lock;
    close(lock);
    return -1;
}

int vv_ledger_lock(const VvSysfs *sysfs, GError **error)
{
    g_autofree char *path = vv_ledger_real_path(sysfs, LOCK);

    for (int tries = 0; tries < 100; tries++) {
        if (!make_folders(sysfs, error))
            return -1;
        int lock = vv_lock_file(path, 0);
        if (lock < 0 && errno == ENOENT)
            continue;
        if (lock < 0)
            break;
        if (is_there(lock, path))
            return share(sysfs, lock, error);
        close(lock);
    }
    if (errno == EWOULDBLOCK)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "another setup of this system is at work, or a command that one started still runs; wait "
                    "for it ('fuser %s' names it)",
                    path);
    else
        g_set_error(error, VV_ERROR, geteuid() ? VV_ERROR_NOT_READY : VV_ERROR_FAILED, "cannot lock %s: %s",
                    path, g_strerror(errno));
    return -1;
}

void vv_ledger_unlock(const VvSysfs *sysfs, int lock)
{
    g_autofree char *path = vv_ledger_real_path(sysfs, LOCK);

    if (lock < 0)
        return;
    if (!vv_sysfs_exists(sysfs, LEDGER + 1)) {
        vv_root_remove_folder(sysfs, BACKUPS, NULL);
        unlink(path);
        vv_root_remove_folder(sysfs, VV_LEDGER_FOLDER, NULL);
        vv_root_remove_folder(sysfs, ABOVE, NULL);
    }
    close(lock);
}
