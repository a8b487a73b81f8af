/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/install.h"

#include "vfio/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *link_path(const char *root)
{
    return g_build_filename(root ? root : "/", VV_HOOK_LINK, NULL);
}

/* The link's target; "" for something that is no link of ours, NULL for nothing. */
static char *read_link(const char *path)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *name = target ? g_path_get_basename(target) : NULL;
    struct stat facts;

    if (name && strcmp(name, "virt-vfio-hook") == 0)
        return g_steal_pointer(&target);
    return lstat(path, &facts) == 0 ? g_strdup("") : NULL;
}

static gboolean fail(GError **error, const char *doing, const char *path)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "cannot %s %s: %s", doing, path, g_strerror(errno));
    return FALSE;
}

static gboolean refuse_foreign(GError **error, const char *path)
{
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "%s is not a link to virt-vfio-hook; move it away first",
                path);
    return FALSE;
}

/* Replaces an older link in one step: libvirt may be looking. */
static gboolean put_link(const char *path, GError **error)
{
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);

    g_unlink(fresh);
    if (symlink(VV_HOOK_PROGRAM, fresh) != 0)
        return fail(error, "make", fresh);
    if (g_rename(fresh, path) == 0)
        return TRUE;
    fail(error, "make", path);
    g_unlink(fresh);
    return FALSE;
}

gboolean vv_hook_install(const char *root, GError **error)
{
    g_autofree char *path = link_path(root);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *program = g_build_filename(root ? root : "/", VV_HOOK_PROGRAM, NULL);
    g_autofree char *target = read_link(path);

    if (target && !*target)
        return refuse_foreign(error, path);
    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED,
                    "%s is not there; install virt-vfio first ('meson install')", program);
        return FALSE;
    }
    if (g_mkdir_with_parents(folder, 0755) != 0)
        return fail(error, "make", folder);
    return g_strcmp0(target, VV_HOOK_PROGRAM) == 0 || put_link(path, error);
}

gboolean vv_hook_remove(const char *root, GError **error)
{
    g_autofree char *path = link_path(root);
    g_autofree char *target = read_link(path);

    if (target && !*target)
        return refuse_foreign(error, path);
    return !target || g_unlink(path) == 0 || fail(error, "remove", path);
}
