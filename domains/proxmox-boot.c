/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

/* Where a section keeps its boot number; NULL: there is none of that name, or it cannot boot. */
static gint *boot_of(const VvVm *vm, const char *name)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        VvVmDisk *disk = vm->disks->pdata[i];

        if (g_str_equal(disk->name, name))
            return &disk->boot;
    }
    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *device = vm->devices->pdata[i];

        if (g_str_equal(device->name, name))
            return &device->boot;
    }
    for (guint i = 0; i < vm->networks->len; i++) {
        VvVmNetwork *network = vm->networks->pdata[i];

        if (g_str_equal(network->name, name))
            return &network->boot;
    }
    return NULL;
}

/* In Proxmox only what is listed can boot. A network card does not by itself; a primary VGA has nothing to
 * boot. */
static void forbid_others(VvVm *vm)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        VvVmDisk *disk = vm->disks->pdata[i];

        if (disk->boot == VV_BOOT_AUTO)
            disk->boot = VV_BOOT_NO;
    }
    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *device = vm->devices->pdata[i];

        if (device->boot == VV_BOOT_AUTO && !device->x_vga)
            device->boot = VV_BOOT_NO;
    }
}

static void put(VvPve *pve, const VvPveKey *key, const char *name, gint *next)
{
    gint *boot = boot_of(pve->vm, name);

    if (!boot)
        boot = boot_of(pve->left_out_vm, name);
    if (boot && *boot == VV_BOOT_AUTO)
        *boot = (*next)++;
    else if (!boot && key)
        vv_pve_say(pve, key, name, VV_PROXMOX_DROPPED,
                   g_str_has_prefix(name, "usb") && vv_pve_key(pve->file->main, name)
                       ? "a VM file has no boot number for USB devices; firmware tries them after the others"
                       : "it is not in the VM file");
}

static void put_order(VvPve *pve, const VvPveKey *key, const char *order, gint *next)
{
    g_auto(GStrv) names = g_strsplit(order, ";", 256);

    for (char **name = names; *name; name++)
        if (**name)
            put(pve, key, *name, next);
}

static const VvVmDisk *find_disk(const VvVm *vm, const char *kind)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const VvVmDisk *disk = vm->disks->pdata[i];

        if (!disk->cdrom && g_str_has_prefix(disk->name, kind))
            return disk;
    }
    return NULL;
}

static void put_first_disk(VvPve *pve, gint *next)
{
    static const char *const kinds[] = {"ide", "scsi", "virtio", "sata"};
    const VvPveKey *bootdisk = vv_pve_key(pve->file->main, "bootdisk");

    if (bootdisk) {
        put(pve, bootdisk, bootdisk->value, next);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const VvVmDisk *disk = find_disk(pve->vm, kinds[i]);

        if (!disk)
            disk = find_disk(pve->left_out_vm, kinds[i]);
        if (disk) {
            put(pve, NULL, disk->name, next);
            return;
        }
    }
}

static void put_discs(VvPve *pve, gint *next)
{
    for (guint i = 0; i < pve->vm->disks->len; i++) {
        const VvVmDisk *disk = pve->vm->disks->pdata[i];

        if (disk->cdrom)
            put(pve, NULL, disk->name, next);
    }
}

/* "cdn": hard disk, CD-ROMs, networks. */
static void put_legacy(VvPve *pve, const char *letters, gint *next)
{
    for (; *letters; letters++) {
        if (*letters == 'c')
            put_first_disk(pve, next);
        if (*letters == 'd')
            put_discs(pve, next);
        for (guint i = 0; *letters == 'n' && i < pve->vm->networks->len; i++)
            put(pve, NULL, ((const VvVmNetwork *)pve->vm->networks->pdata[i])->name, next);
    }
}

gboolean vv_pve_boot(VvPve *pve, GError **error)
{
    const VvPveKey *key = vv_pve_key(pve->file->main, "boot"),
                   *disk = vv_pve_key(pve->file->main, "bootdisk");
    g_autoptr(VvPveProperty) property = key ? vv_pve_property(pve, key, "legacy", error) : NULL;
    const char *order = property ? vv_pve_take(property, "order") : NULL;
    const char *legacy = property ? vv_pve_take(property, "legacy") : NULL;
    gint next = 1;

    if (key && !property)
        return FALSE;
    if (legacy && (strspn(legacy, "acdn") != strlen(legacy) || strlen(legacy) > 4))
        return vv_pve_error(pve, key, error, "'%s' is not one to four of the letters a, c, d, n", legacy);
    if (order)
        put_order(pve, key, order, &next);
    else
        put_legacy(pve, legacy ? legacy : "cdn", &next);
    forbid_others(pve->vm);
    forbid_others(pve->left_out_vm);
    if (key)
        vv_pve_take_rest(pve, property, NULL);
    if (key)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
                   "boot = 1 and so on in that order, boot = no for all else%s",
                   legacy && strchr(legacy, 'a') ? "; there is no floppy drive" : "");
    else
        vv_pve_say_default(pve, "boot", VV_PROXMOX_TRANSLATED,
                           "Proxmox's default: the first disk, then CD-ROMs, then networks");
    if (disk)
        vv_pve_say(pve, disk, NULL, order ? VV_PROXMOX_DROPPED : VV_PROXMOX_TRANSLATED,
                   order ? "boot has an order of its own" : "%s is the disk to boot from", disk->value);
    return TRUE;
}
