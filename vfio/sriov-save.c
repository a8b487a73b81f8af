/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/sriov-save.h"

#include "vfio/durable.h"
#include "vfio/error.h"
#include "vfio/identity.h"
#include "vfio/sriov-text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first systemd whose link files know [SR-IOV]. */
#define LINK_SYSTEMD 251

#define MOST_TEXT 65536

static void file_free(gpointer data)
{
    VvSriovFile *file = data;

    g_free(file->path);
    g_free(file->before);
    g_free(file->text);
    g_free(file);
}

static void add_file(GPtrArray *files, const VvSysfs *sysfs, const char *format, VvAddress address,
                     char *text)
{
    VvSriovFile *file = g_new0(VvSriovFile, 1);
    char name[VV_ADDRESS_TEXT];
    g_auto(GStrv) parts = g_strsplit(format, "%", 2);

    file->path = g_strconcat(parts[0], vv_address_format(address, name), parts[1], NULL);
    file->before = vv_sysfs_read_all(sysfs, file->path, MOST_TEXT);
    file->text = text;
    g_ptr_array_add(files, file);
}

/* Takes the texts; NULL: that file is not wanted. */
static GPtrArray *new_files(const VvSysfs *sysfs, VvAddress address, char *link, char *rules, char *unit)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(file_free);

    /* The link file has to come before all others, and the rules before those by which udev reads it
     * (80-net-setup-link.rules). */
    add_file(files, sysfs, "etc/systemd/network/" VV_SRIOV_LINK "%.link", address, link);
    add_file(files, sysfs, "etc/udev/rules.d/60-virt-vfio-%.rules", address, rules);
    add_file(files, sysfs, "etc/systemd/system/" VV_SRIOV_UNIT "%.service", address, unit);
    return files;
}

GPtrArray *vv_sriov_forget(const VvSysfs *sysfs, VvAddress address)
{
    return new_files(sysfs, address, NULL, NULL, NULL);
}

gboolean vv_sriov_file_differs(const VvSriovFile *file)
{
    return g_strcmp0(file->before, file->text) != 0;
}

static guint version_in(const VvSysfs *sysfs, const char *folder)
{
    static const char prefix[] = "libsystemd-shared-";
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);
    guint newest = 0;

    for (guint i = 0; names && i < names->len; i++)
        if (g_str_has_prefix(names->pdata[i], prefix))
            newest = MAX(newest, (guint)atoi((char *)names->pdata[i] + strlen(prefix)));
    return newest;
}

guint vv_systemd_version(const VvSysfs *sysfs)
{
    static const char *const libraries[] = {"usr/lib", "usr/lib64", "lib"};
    guint newest = 0;

    for (guint i = 0; i < G_N_ELEMENTS(libraries); i++) {
        g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, libraries[i]);
        g_autofree char *own = g_build_filename(libraries[i], "systemd", NULL);
        newest = MAX(newest, version_in(sysfs, own));
        /* Debian: usr/lib/x86_64-linux-gnu. */
        for (guint j = 0; names && j < names->len; j++) {
            g_autofree char *folder = g_build_filename(libraries[i], names->pdata[j], "systemd", NULL);
            if (strstr(names->pdata[j], "-linux-gnu"))
                newest = MAX(newest, version_in(sysfs, folder));
        }
    }
    return newest;
}

static gboolean has_rate(const GArray *infos)
{
    for (guint i = 0; infos && i < infos->len; i++) {
        const VvVfSettings *settings = &g_array_index(infos, VvVfInfo, i).settings;
        if (settings->fields & VV_VF_RATE && (settings->max_rate || settings->min_rate))
            return TRUE;
    }
    return FALSE;
}

/* None of them has a host driver: so it shall be after the reboot. */
static gboolean are_driverless(const VvPf *pf)
{
    for (guint i = 0; i < pf->vfs->len; i++) {
        const VvVf *vf = pf->vfs->pdata[i];
        if (vf->device && vf->device->driver && !vv_driver_is_vfio(vf->device->driver))
            return FALSE;
    }
    return TRUE;
}

/* A connection with an [sriov] section sets the number itself (nm-settings(5)). */
static gboolean network_manager_has_sriov(const VvSysfs *sysfs)
{
    static const char folder[] = "etc/NetworkManager/system-connections";
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, folder);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        g_autofree char *text = vv_sysfs_read_all(sysfs, path, MOST_TEXT);
        if (text && (g_str_has_prefix(text, "[sriov]") || strstr(text, "\n[sriov]")))
            return TRUE;
    }
    return FALSE;
}

/* What the files cannot do, or who else may interfere, in one sentence; NULL: nothing. */
static char *remark_on(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos, gboolean by_link)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new();

    if (network_manager_has_sriov(sysfs))
        g_ptr_array_add(parts, (gpointer) "a connection of NetworkManager has an [sriov] section, which sets "
                                          "the number of virtual functions itself: take it out, or leave "
                                          "this to NetworkManager");
    if (pf->device->kind == VV_KIND_NIC && !infos)
        g_ptr_array_add(parts, (gpointer) "the settings of its virtual functions cannot be read here, so "
                                          "only their number is kept");
    if (!by_link && !are_driverless(pf))
        g_ptr_array_add(parts, (gpointer) "the host drivers that its virtual functions have now are not "
                                          "kept");
    g_ptr_array_add(parts, NULL);
    return parts->len > 1 ? g_strjoinv("; ", (char **)parts->pdata) : NULL;
}

GPtrArray *vv_sriov_save(const VvSysfs *sysfs, const VvPf *pf, const GArray *infos, const char *program,
                         char **ret_remark, GError **error)
{
    VvAddress address = pf->device->address;
    guint systemd = vv_systemd_version(sysfs);
    gboolean by_link = pf->interface && systemd >= LINK_SYSTEMD && !has_rate(infos);

    *ret_remark = NULL;
    if (!pf->enabled || !pf->device->driver) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_REFUSED,
            "%s has no virtual functions now, so there is nothing to keep; make them first: virt-vfio "
            "sriov set %s --vfs N",
            pf->device->text, pf->device->text);
        return NULL;
    }
    if (!systemd) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_NOT_READY,
            "this host has no systemd, and nothing else is supported: have 'virt-vfio sriov set %s --vfs "
            "%u' run when it boots",
            pf->device->text, pf->enabled);
        return NULL;
    }
    *ret_remark = remark_on(sysfs, pf, infos, by_link);
    g_autofree char *mac = pf->interface ? vv_interface_permanent_mac(sysfs, pf->interface) : NULL;
    if (by_link) {
        char *link = vv_sriov_link_text(sysfs, pf, infos, mac, error);
        return link ? new_files(sysfs, address, link, vv_sriov_link_rule(pf, are_driverless(pf)), NULL)
                    : NULL;
    }
    return new_files(sysfs, address, NULL, vv_sriov_unit_rule(pf, mac),
                     vv_sriov_unit_text(pf, infos, program));
}

static gboolean write_file(const VvSysfs *sysfs, const VvSriovFile *file, GError **error)
{
    g_autofree char *path = g_build_filename(vv_sysfs_root(sysfs), file->path, NULL);

    if (!vv_sriov_file_differs(file) ||
        (file->text ? vv_durable_write(path, file->text, strlen(file->text)) : vv_durable_remove(path)))
        return TRUE;
    int code = errno;
    g_set_error(error, VV_ERROR, code == EACCES || code == EPERM ? VV_ERROR_NOT_READY : VV_ERROR_FAILED,
                "cannot %s %s: %s", file->text ? "write" : "remove", path, g_strerror(code));
    return FALSE;
}

gboolean vv_sriov_write_files(const VvSysfs *sysfs, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++)
        if (!write_file(sysfs, files->pdata[i], error))
            return FALSE;
    return TRUE;
}
