/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Copies of a ROM that firmware or a driver keeps. Reading them touches no card. */

#define VFCT_PATH "sys/firmware/acpi/tables/VFCT"
/* Several cards' images, each of at most 16 MiB; real tables have some 100 KiB. */
#define VFCT_MAX (4 * VV_ROM_MAX)

static GBytes *read_path(const VvSysfs *sysfs, const char *path, gsize most)
{
    VV_ROM_AUTO_FD fd = vv_sysfs_open(sysfs, path, O_RDONLY);

    return fd < 0 ? NULL : vv_rom_read_fd(fd, 0, most);
}

/* NULL with an error when there is none for this card. */
static GBytes *read_vfct(const VvSysfs *sysfs, const VvDevice *device, GError **error)
{
    g_autoptr(GBytes) bytes = read_path(sysfs, VFCT_PATH, VFCT_MAX);
    VvRomView image;
    gsize size;

    if (!bytes && errno != ENOENT) {
        vv_rom_set_error(error, device, "reading the ACPI table VFCT", errno);
        return NULL;
    }
    const guint8 *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
    if (!data || !vv_rom_find_vfct((VvRomView){data, size}, device, &image)) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    data ? "%s: the firmware's ACPI table VFCT has no image for it, or for several like it"
                         : "%s: this host's firmware has no ACPI table VFCT, which only AMD's cards have",
                    device->text);
        return NULL;
    }
    return g_bytes_new_from_bytes(bytes, (gsize)(image.data - data), image.size);
}

gboolean vv_rom_read_acpi(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                          GBytes **ret_second, GError **error)
{
    g_autoptr(GBytes) first = read_vfct(sysfs, device, error);
    g_autoptr(GBytes) second = first ? read_vfct(sysfs, device, error) : NULL;

    if (!second)
        return FALSE;
    *ret_first = g_steal_pointer(&first);
    *ret_second = g_steal_pointer(&second);
    return TRUE;
}

/* The drivers' files: amdgpu_debugfs_init in drivers/gpu/drm/amd/amdgpu/amdgpu_debugfs.c, and
 * nouveau_debugfs_list in drivers/gpu/drm/nouveau/nouveau_debugfs.c. */
static GBytes *read_driver_file(const VvSysfs *sysfs, const char *folder)
{
    static const char *const names[] = {"amdgpu_vbios", "vbios.rom"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        GBytes *bytes = read_path(sysfs, path, VV_ROM_MAX);
        if (bytes || errno != ENOENT)
            return bytes;
    }
    errno = ENOENT;
    return NULL;
}

/* The folder is named after the minor number of cardN, and so is card N's own folder in sysfs. */
static GBytes *read_debugfs(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *drm = vv_device_path(device, "drm");
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, drm);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!g_str_has_prefix(name, "card") || !g_ascii_isdigit(name[4]))
            continue;
        g_autofree char *folder = g_strdup_printf("sys/kernel/debug/dri/%s", name + 4);
        return read_driver_file(sysfs, folder);
    }
    errno = ENOENT;
    return NULL;
}

gboolean vv_rom_read_debugfs(const VvSysfs *sysfs, const VvDevice *device, GBytes **ret_first,
                             GBytes **ret_second, GError **error)
{
    g_autoptr(GBytes) first = read_debugfs(sysfs, device);
    g_autoptr(GBytes) second = first ? read_debugfs(sysfs, device) : NULL;

    if (!second && errno == ENOENT)
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "%s: its driver shows no ROM in debugfs: amdgpu and nouveau do, where debugfs is mounted",
                    device->text);
    else if (!second)
        vv_rom_set_error(error, device, "reading its driver's copy in debugfs", errno);
    if (!second)
        return FALSE;
    *ret_first = g_steal_pointer(&first);
    *ret_second = g_steal_pointer(&second);
    return TRUE;
}
