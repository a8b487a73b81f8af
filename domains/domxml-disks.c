/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

/* "a", "b", …, "z", "aa": the letters of a disk's name in Linux (drivers/scsi/sd.c, sd_format_disk_name).
 */
static char *disk_letters(guint index)
{
    g_autoptr(GString) letters = g_string_new(NULL);

    for (guint rest = index + 1; rest; rest = (rest - 1) / 26)
        g_string_prepend_c(letters, (char)('a' + (rest - 1) % 26));
    return g_string_free(g_steal_pointer(&letters), FALSE);
}

static gboolean on_bus(const VvVmDisk *disk, const char *bus)
{
    return g_str_equal(disk->bus, bus);
}

/* SATA, SCSI and USB disks share the names sdX. */
static char *target_name(const VvVm *vm, guint index)
{
    gboolean virtio = on_bus(vm->disks->pdata[index], "virtio");
    g_autofree char *letters = NULL;
    guint before = 0;

    for (guint i = 0; i < index; i++)
        before += virtio == on_bus(vm->disks->pdata[i], "virtio");
    letters = disk_letters(before);
    return g_strconcat(virtio ? "vd" : "sd", letters, NULL);
}

/* Blocks that the guest frees are freed in the image, or on the SSD below it, if the guest can say so: sticks
 * and CD-ROMs have no such command. */
static gboolean discards(const VvVmDisk *disk)
{
    if (disk->discard >= 0)
        return disk->discard;
    return !disk->cdrom && !disk->readonly && !on_bus(disk, "usb");
}

/* I/O threads are for virtio disks, and for the virtio-scsi adapter as a whole (libvirt's formatdomain). */
static gboolean wants_iothread(const VvVmDisk *disk, const VvTuning *tuning, const char *bus)
{
    return tuning->iothreads && disk->iothread != FALSE && on_bus(disk, bus);
}

/* The threads of QEMU are dealt out in turn; libvirt counts them from 1. */
static guint iothread(const VvVm *vm, guint index, const VvTuning *tuning)
{
    guint before = 0;

    if (!wants_iothread(vm->disks->pdata[index], tuning, "virtio"))
        return 0;
    for (guint i = 0; i < index; i++)
        before += wants_iothread(vm->disks->pdata[i], tuning, "virtio") ? 1 : 0;
    return 1 + before % tuning->iothreads;
}

static void add_driver(xmlNode *node, const VvVm *vm, guint index, const VvTuning *tuning)
{
    const VvVmDisk *disk = vm->disks->pdata[index];
    guint thread = iothread(vm, index, tuning);
    xmlNode *driver = vv_xml_add(node, "driver");

    vv_xml_set(driver, "name", "qemu");
    vv_xml_set(driver, "type", disk->format ? disk->format : "raw");
    vv_xml_set(driver, "cache", disk->cache);
    vv_xml_set(driver, "discard", discards(disk) ? "unmap" : NULL);
    if (thread)
        vv_xml_setf(driver, "iothread", "%u", thread);
}

static void add_disk(xmlNode *devices, const VvVm *vm, guint index, const VvTuning *tuning,
                     GHashTable *orders)
{
    const VvVmDisk *disk = vm->disks->pdata[index];
    gboolean block = disk->path && vv_vm_disk_is_block(disk);
    g_autofree char *name = target_name(vm, index);
    xmlNode *node = vv_xml_add(devices, "disk");
    xmlNode *target;

    vv_xml_set(node, "type", block ? "block" : "file");
    vv_xml_set(node, "device", disk->cdrom ? "cdrom" : "disk");
    add_driver(node, vm, index, tuning);
    if (disk->path)
        vv_xml_set(vv_xml_add(node, "source"), block ? "dev" : "file", disk->path);
    target = vv_xml_add(node, "target");
    vv_xml_set(target, "dev", name);
    vv_xml_set(target, "bus", disk->bus);
    /* 1 is "does not rotate" (ATA/ATAPI Command Set 3, word 217); a virtio disk cannot say it. */
    vv_xml_set(target, "rotation_rate", disk->ssd && !on_bus(disk, "virtio") ? "1" : NULL);
    if (disk->cdrom || disk->readonly)
        vv_xml_add(node, "readonly");
    vv_xml_add_text(node, "serial", disk->serial);
    vv_domxml_add_boot(node, orders, disk);
}

/* Said here because libvirt's own choice is an LSI adapter of 1997. */
static void add_scsi_adapter(xmlNode *devices, const VvVm *vm, const VvTuning *tuning)
{
    gboolean scsi = FALSE, threaded = FALSE;
    xmlNode *controller;

    for (guint i = 0; i < vm->disks->len; i++) {
        scsi |= on_bus(vm->disks->pdata[i], "scsi");
        threaded |= wants_iothread(vm->disks->pdata[i], tuning, "scsi");
    }
    if (!scsi)
        return;
    controller = vv_xml_add(devices, "controller");
    vv_xml_set(controller, "type", "scsi");
    vv_xml_set(controller, "index", "0");
    vv_xml_set(controller, "model", "virtio-scsi");
    if (threaded)
        vv_xml_set(vv_xml_add(controller, "driver"), "iothread", "1");
}

void vv_domxml_add_disks(xmlNode *devices, const VvVm *vm, const VvTuning *tuning)
{
    g_autoptr(GHashTable) orders = vv_domxml_boot_orders(vm);

    add_scsi_adapter(devices, vm, tuning);
    for (guint i = 0; i < vm->disks->len; i++)
        add_disk(devices, vm, i, tuning, orders);
}
