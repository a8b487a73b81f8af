/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include <string.h>

gboolean vv_vm_disk_is_block(const VvVmDisk *disk)
{
    return disk->path && g_str_has_prefix(disk->path, "/dev/") && !g_str_has_prefix(disk->path, "/dev/shm/");
}

/* Never by looking into the image: its first bytes belong to the guest, which could make a raw disk look like
 * a qcow2 with any host file behind it. */
static const char *guess_format(const VvVmDisk *disk)
{
    static const char *const raw_endings[] = {".raw", ".img", ".iso"};
    g_autofree char *lower = disk->path ? g_ascii_strdown(disk->path, -1) : NULL;

    if (!lower)
        return NULL;
    if (g_str_has_suffix(lower, ".qcow2"))
        return "qcow2";
    if (vv_vm_disk_is_block(disk))
        return "raw";
    for (gsize i = 0; i < G_N_ELEMENTS(raw_endings); i++)
        if (g_str_has_suffix(lower, raw_endings[i]))
            return "raw";
    return NULL;
}

void vv_vmfile_complete_disk(gpointer object, gconstpointer model, const VvIniSection *given)
{
    const VvVmDisk *like = model;
    VvVmDisk *disk = object;

    (void)given;
    if (!disk->bus)
        disk->bus = g_strdup(like->cdrom ? "sata" : "virtio");
    if (!disk->format)
        disk->format = g_strdup(guess_format(like));
}

static gboolean check_image(const VvVmDisk *disk, const VvIni *ini, const VvIniSection *section,
                            GError **error)
{
    if (!disk->path && !disk->cdrom)
        return VV_BAD("path", "missing; name the image, as in path = /srv/vm/disk.qcow2");
    if (!disk->path && disk->format)
        return VV_BAD("format", "of no use without path");
    if (disk->path && !disk->format)
        return VV_BAD("format", "missing, and the ending of '%s' does not tell; raw or qcow2?", disk->path);
    return TRUE;
}

static gboolean check_cdrom(const VvVmDisk *disk, const VvIni *ini, const VvIniSection *section,
                            GError **error)
{
    if (!disk->cdrom)
        return TRUE;
    if (g_str_equal(disk->bus, "virtio"))
        return VV_BAD("bus", "virtio has no CD-ROM drives; sata and scsi have");
    if (disk->ssd)
        return VV_BAD("ssd", "a CD-ROM drive is none");
    if (disk->discard == TRUE)
        return VV_BAD("discard", "there is nothing to discard on a CD-ROM");
    return TRUE;
}

/* What QEMU's drives cannot do: qemuValidateDomainDeviceDefDiskFrontend() in libvirt's
 * src/qemu/qemu_validate.c. */
static gboolean check_bus(const VvVmDisk *disk, const VvIni *ini, const VvIniSection *section, GError **error)
{
    gboolean virtio = g_str_equal(disk->bus, "virtio"), sata = g_str_equal(disk->bus, "sata");
    gboolean scsi = g_str_equal(disk->bus, "scsi");
    guint longest = scsi || g_str_equal(disk->bus, "usb") ? 36 : 20;

    if (disk->iothread == TRUE && !virtio && !scsi)
        return VV_BAD("iothread", "only virtio and scsi disks can have one");
    if (disk->ssd && !sata && !scsi)
        return VV_BAD("ssd", "only sata and scsi disks can say so; Linux takes a virtio disk for one anyway");
    if (disk->readonly && sata && !disk->cdrom)
        return VV_BAD("readonly", "QEMU has no read-only sata disks; virtio and scsi have");
    /* QEMU cuts the rest off without a word, and then two disks can look the same: an ATA drive shows 20
     * (IDENTIFY DEVICE, words 10 to 19), so does a virtio disk (VIRTIO_BLK_T_GET_ID), and SCSI disks, which
     * USB disks are too, show 36 (MAX_SERIAL_LEN in hw/scsi/scsi-disk.c). */
    if (disk->serial && strlen(disk->serial) > longest)
        return VV_BAD("serial", "longer than the %u characters of a %s disk", longest, disk->bus);
    return TRUE;
}

gboolean vv_vmfile_check_disk(const VvVm *vm, gconstpointer object, const VvIni *ini,
                              const VvIniSection *section, GError **error)
{
    (void)vm;
    return check_cdrom(object, ini, section, error) && check_image(object, ini, section, error) &&
           check_bus(object, ini, section, error);
}
