/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <stddef.h>
#include <string.h>

static const VvPveReason dropped[] = {
    {"size", "only a note of Proxmox's; the image knows its size"},
    {"backup", "for Proxmox's backups; nothing here makes any"},
    {"replicate", "for Proxmox's replication; nothing here does that"},
    {"shared", "for Proxmox's migration; a guest with real devices cannot migrate"},
    {"snapshot", "a disk here always keeps what is written to it; for a throw-away disk start from a copy"},
    {"aio", "libvirt chooses how QEMU does its input and output"},
    {"detect_zeroes", "a VM file has no such setting; QEMU's default is off"},
    {"rerror", "a VM file has no such setting; QEMU reports read errors to the guest"},
    {"werror",
     "a VM file has no such setting; QEMU stops the guest where space runs out, and reports other errors"},
    {"wwn", "a VM file has no such setting; a guest that finds its disk by wwn- has to be told another name"},
    {"model", "a VM file has no such setting; the guest sees QEMU's model name"},
    {"product", "a VM file has no such setting; the guest sees QEMU's product name"},
    {"vendor", "a VM file has no such setting; the guest sees QEMU as vendor"},
    {"queues", "libvirt chooses how many queues the controller has"},
    {"scsiblock", "the disk is emulated; for a whole real disk pass its controller through"},
    {"cyls", "disk geometry has no meaning for a guest of today"},
    {"heads", "disk geometry has no meaning for a guest of today"},
    {"secs", "disk geometry has no meaning for a guest of today"},
    {"trans", "disk geometry has no meaning for a guest of today"},
    {0},
};

static const char *const throttles[] = {"bps", "iops", "mbps"};

static void drop_throttles(VvPve *pve, VvPveProperty *property)
{
    for (guint i = 0; i < property->options->len; i++) {
        const VvPveOption *option = property->options->pdata[i];

        for (gsize t = 0; t < G_N_ELEMENTS(throttles); t++) {
            const char *rest = option->name + strlen(throttles[t]);

            if (!g_str_has_prefix(option->name, throttles[t]) || (*rest && *rest != '_'))
                continue;
            vv_pve_take(property, option->name);
            vv_pve_say(pve, property->key, option->name, VV_PROXMOX_DROPPED,
                       "a VM file has no limits for disks; after 'define': virsh blkdeviotune DOMAIN DISK");
        }
    }
}

static const char *controller(const VvPve *pve)
{
    const VvPveKey *key = vv_pve_key(pve->file->main, "scsihw");

    return key ? key->value : "lsi";
}

/* q35 has no IDE, and virtio no CD-ROM drives. */
static const char *bus_of(const VvPveKey *key, const VvVmDisk *disk)
{
    if (g_str_has_prefix(key->name, "scsi"))
        return "scsi";
    return g_str_has_prefix(key->name, "virtio") && !disk->cdrom ? "virtio" : "sata";
}

static void say_bus(VvPve *pve, const VvPveKey *key, const VvVmDisk *disk)
{
    gboolean ide = g_str_has_prefix(key->name, "ide") || g_str_equal(key->name, "cdrom");

    if (ide)
        vv_pve_say(
            pve, key, NULL, VV_PROXMOX_TRANSLATED, "%s on %s: q35 has no IDE%s",
            disk->path ? disk->path : "an empty drive", disk->bus,
            disk->cdrom
                ? ""
                : "; Windows that boots from it may have to start once in safe mode to find its disk again");
    else if (g_str_has_prefix(key->name, "scsi") && !g_str_has_prefix(controller(pve), "virtio-scsi"))
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
                   "%s on virtio-scsi instead of %s: the guest needs that driver before it boots",
                   disk->path ? disk->path : "an empty drive", controller(pve));
    else if (disk->cdrom && g_str_has_prefix(key->name, "virtio"))
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "%s on %s: virtio has no CD-ROM drives",
                   disk->path ? disk->path : "an empty drive", disk->bus);
    else
        vv_pve_say(pve, key, NULL,
                   disk->path && g_str_has_prefix(key->value, disk->path) ? VV_PROXMOX_KEPT
                                                                          : VV_PROXMOX_TRANSLATED,
                   "%s on %s", disk->path ? disk->path : "an empty drive", disk->bus);
}

static gboolean take_settings(VvPve *pve, VvPveProperty *property, VvVmDisk *disk, GError **error)
{
    static const char *const caches[] = {"none", "writethrough", "writeback", "unsafe", "directsync", NULL};
    static const char *const discards[] = {"ignore", "on", NULL};
    const char *cache = NULL, *discard = NULL, *serial = vv_pve_take(property, "serial");

    if (!vv_pve_take_word(pve, property, "cache", caches, &cache, error) ||
        !vv_pve_take_word(pve, property, "discard", discards, &discard, error) ||
        !vv_pve_take_flag(pve, property, "ssd", &disk->ssd, error) ||
        !vv_pve_take_flag(pve, property, "ro", &disk->readonly, error) ||
        !vv_pve_take_flag(pve, property, "iothread", &disk->iothread, error))
        return FALSE;
    disk->cache = g_strdup(cache);
    if (discard)
        disk->discard = g_str_equal(discard, "on");
    if (serial) {
        g_autofree char *decoded = g_strdup(serial);
        g_autoptr(GError) problem = NULL;

        if (!vv_pve_decode(decoded))
            return vv_pve_error(pve, property->key, error, "serial: not UTF-8");
        if (!vv_pve_read(&vv_value_serial, decoded, &disk->serial, &problem))
            vv_pve_say(pve, property->key, "serial", VV_PROXMOX_DROPPED, "%s", problem->message);
    }
    return TRUE;
}

/* Of settings that this kind of drive has not. */
static void limit_settings(VvPve *pve, const VvPveKey *key, VvVmDisk *disk)
{
    if (disk->ssd && g_str_equal(disk->bus, "virtio")) {
        disk->ssd = FALSE;
        vv_pve_say(pve, key, "ssd", VV_PROXMOX_DROPPED,
                   "virtio disks have no rotation rate; guests take them for SSDs");
    }
    if (disk->iothread == TRUE && !g_str_equal(disk->bus, "virtio") && !g_str_equal(disk->bus, "scsi")) {
        disk->iothread = -1;
        vv_pve_say(pve, key, "iothread", VV_PROXMOX_DROPPED, "%s drives have none", disk->bus);
    }
    if (disk->readonly && !disk->cdrom && g_str_equal(disk->bus, "sata")) {
        disk->readonly = FALSE;
        vv_pve_say(pve, key, "ro", VV_PROXMOX_DROPPED, "QEMU has no read-only sata disks");
    }
    if (disk->serial && strlen(disk->serial) > (g_str_equal(disk->bus, "scsi") ? 36 : 20)) {
        g_clear_pointer(&disk->serial, g_free);
        vv_pve_say(pve, key, "serial", VV_PROXMOX_DROPPED, "too long for a %s drive", disk->bus);
    }
    if (!disk->cdrom)
        return;
    disk->iothread = -1;
    disk->discard = -1;
    disk->readonly = FALSE;
    disk->ssd = FALSE;
}

static gboolean take_format(VvPve *pve, VvPveProperty *property, VvVmDisk *disk, const char *by_name,
                            char **ret_why, GError **error)
{
    static const char *const formats[] = {"raw", "qcow2", "qcow", "qed", "vmdk", "cow", "cloop", NULL};
    const char *given = by_name;

    if (!vv_pve_take_word(pve, property, "format", formats, &given, error))
        return FALSE;
    if (!given && disk->path)
        given = strrchr(disk->path, '.') && g_str_has_suffix(disk->path, ".vmdk") ? "vmdk" : "raw";
    if (!given || g_str_equal(given, "raw") || g_str_equal(given, "qcow2"))
        disk->format = g_strdup(given);
    else if (!*ret_why)
        *ret_why =
            g_strdup_printf("%s has the format %s; convert it: qemu-img convert -O qcow2", disk->path, given);
    return TRUE;
}

static gboolean take_volume(VvPve *pve, VvPveProperty *property, VvVmDisk *disk, char **ret_why,
                            GError **error)
{
    const char *volume = vv_pve_take(property, "file"), *other = vv_pve_take(property, "volume");
    const char *format = NULL;
    g_autofree char *checked = NULL;
    g_autoptr(GError) problem = NULL;

    if (!volume == !other)
        return vv_pve_error(pve, property->key, error,
                            volume ? "file and volume are the same option" : "names no volume");
    volume = volume ? volume : other;
    if (g_str_equal(volume, "none"))
        return TRUE;
    if (g_str_equal(volume, "cdrom"))
        *ret_why = g_strdup("the host's own CD-ROM drive; write path = /dev/sr0 if that is the one");
    else
        disk->path = vv_pve_volume_path(pve, volume, &format, ret_why);
    if (disk->path && !vv_pve_read(&vv_value_path, disk->path, &checked, &problem))
        *ret_why = g_strdup(problem->message);
    return take_format(pve, property, disk, format, ret_why, error);
}

static gboolean is_cloud_init(const VvPveProperty *property)
{
    const VvPveOption *volume = property->options->len ? property->options->pdata[0] : NULL;

    return volume && (g_str_has_suffix(volume->value, "-cloudinit") || strstr(volume->value, "-cloudinit."));
}

/* A disk that two drives write to is broken soon. */
static const VvVmDisk *twin_of(const VvPve *pve, const VvVmDisk *disk)
{
    for (guint i = 0; !disk->cdrom && disk->path && i < pve->vm->disks->len; i++) {
        const VvVmDisk *other = pve->vm->disks->pdata[i];

        if (other != disk && !other->cdrom && g_strcmp0(other->path, disk->path) == 0)
            return other;
    }
    return NULL;
}

gboolean vv_pve_disk(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const media[] = {"disk", "cdrom", NULL};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "file", error);
    VvVmDisk *disk = vv_vm_add_disk(pve->vm, g_str_equal(key->name, "cdrom") ? "ide2" : key->name);
    const char *medium = g_str_equal(key->name, "cdrom") ? "cdrom" : "disk";
    const VvVmDisk *twin;
    g_autofree char *why = NULL;

    if (g_str_equal(key->name, "cdrom") && vv_pve_key(pve->file->main, "ide2"))
        return vv_pve_error(pve, key, error, "is another word for ide2, which is there too");
    if (!property || !vv_pve_take_word(pve, property, "media", media, &medium, error))
        return FALSE;
    disk->cdrom = g_str_equal(medium, "cdrom");
    disk->bus = g_strdup(bus_of(key, disk));
    if (!take_volume(pve, property, disk, &why, error) || !take_settings(pve, property, disk, error))
        return FALSE;
    if (!disk->path && !why && !disk->cdrom)
        why = g_strdup("no volume");
    limit_settings(pve, key, disk);
    if (!why && (twin = twin_of(pve, disk)))
        why = g_strdup_printf("%s is [disk %s] already", disk->path, twin->name);
    if (why) {
        g_clear_pointer(&disk->path, g_free);
        vv_pve_leave_out(pve, key, offsetof(VvVm, disks), "path", "%s", why);
    } else
        say_bus(pve, key, disk);
    if (is_cloud_init(property))
        vv_pve_say(
            pve, key, "cloud-init", VV_PROXMOX_TRANSLATED,
            "the drive keeps what Proxmox wrote last; nothing here makes it anew (cloud-localds(1) can)");
    drop_throttles(pve, property);
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}
