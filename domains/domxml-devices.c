/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-parts.h"

#include <string.h>

/* "a", "b", …, "z", "aa": the letters of a disk's name in Linux (drivers/scsi/sd.c, sd_format_disk_name).
 */
static char *disk_letters(guint index)
{
    g_autoptr(GString) letters = g_string_new(NULL);

    for (guint rest = index + 1; rest; rest = (rest - 1) / 26)
        g_string_prepend_c(letters, (char)('a' + (rest - 1) % 26));
    return g_string_free(g_steal_pointer(&letters), FALSE);
}

/* SATA and SCSI disks share the names sdX. */
static char *target_name(const VvVm *vm, guint index)
{
    gboolean virtio = g_str_equal(((const VvVmDisk *)vm->disks->pdata[index])->bus, "virtio");
    g_autofree char *letters = NULL;
    guint before = 0;

    for (guint i = 0; i < index; i++)
        before += virtio == g_str_equal(((const VvVmDisk *)vm->disks->pdata[i])->bus, "virtio");
    letters = disk_letters(before);
    return g_strconcat(virtio ? "vd" : "sd", letters, NULL);
}

/* Tried in this order: disks, storage cards, CD-ROMs; each in the file's order. So an empty disk leads to the
 * installer's CD, and an installed one no longer does. */
static guint boot_order(const VvVm *vm, guint index)
{
    gboolean cdrom = ((const VvVmDisk *)vm->disks->pdata[index])->cdrom;
    guint order = 1 + (cdrom ? vv_domxml_first_boot_card(vm) - 1 + vv_domxml_boot_cards(vm) : 0);

    for (guint i = 0; i < index; i++)
        order += cdrom == ((const VvVmDisk *)vm->disks->pdata[i])->cdrom;
    return order;
}

static void add_disk(xmlNode *devices, const VvVm *vm, guint index)
{
    const VvVmDisk *disk = vm->disks->pdata[index];
    gboolean block = vv_vm_disk_is_block(disk);
    g_autofree char *name = target_name(vm, index);
    xmlNode *node = vv_xml_add(devices, "disk");
    xmlNode *child;

    vv_xml_set(node, "type", block ? "block" : "file");
    vv_xml_set(node, "device", disk->cdrom ? "cdrom" : "disk");
    child = vv_xml_add(node, "driver");
    vv_xml_set(child, "name", "qemu");
    vv_xml_set(child, "type", disk->format);
    vv_xml_set(vv_xml_add(node, "source"), block ? "dev" : "file", disk->path);
    child = vv_xml_add(node, "target");
    vv_xml_set(child, "dev", name);
    vv_xml_set(child, "bus", disk->bus);
    if (disk->cdrom)
        vv_xml_add(node, "readonly");
    if (!vm->kernel)
        vv_xml_setf(vv_xml_add(node, "boot"), "order", "%u", boot_order(vm, index));
}

static void add_disks(xmlNode *devices, const VvVm *vm)
{
    gboolean scsi = FALSE;

    for (guint i = 0; i < vm->disks->len; i++)
        scsi |= g_str_equal(((const VvVmDisk *)vm->disks->pdata[i])->bus, "scsi");
    /* Said here because libvirt's own choice is an LSI adapter of 1997. */
    if (scsi) {
        xmlNode *controller = vv_xml_add(devices, "controller");

        vv_xml_set(controller, "type", "scsi");
        vv_xml_set(controller, "index", "0");
        vv_xml_set(controller, "model", "virtio-scsi");
    }
    for (guint i = 0; i < vm->disks->len; i++)
        add_disk(devices, vm, i);
}

static void add_network(xmlNode *devices, const VvVmNetwork *network)
{
    xmlNode *node = vv_xml_add(devices, "interface");

    vv_xml_set(node, "type", network->bridge ? "bridge" : "network");
    if (network->mac)
        vv_xml_set(vv_xml_add(node, "mac"), "address", network->mac);
    vv_xml_set(vv_xml_add(node, "source"), network->bridge ? "bridge" : "network",
               network->bridge ? network->bridge : network->network);
    vv_xml_set(vv_xml_add(node, "model"), "type", network->model);
}

static void add_serial(xmlNode *devices, const VvVm *vm)
{
    xmlNode *serial = vv_xml_add(devices, "serial");
    xmlNode *console, *target;

    vv_xml_set(serial, "type", "pty");
    if (vm->serial_log) {
        xmlNode *log = vv_xml_add(serial, "log");

        vv_xml_set(log, "file", vm->serial_log);
        vv_xml_set(log, "append", "off");
    }
    vv_xml_set(vv_xml_add(serial, "target"), "port", "0");
    console = vv_xml_add(devices, "console");
    vv_xml_set(console, "type", "pty");
    target = vv_xml_add(console, "target");
    vv_xml_set(target, "type", "serial");
    vv_xml_set(target, "port", "0");
}

/* A card with screens is the guest's only display: a second, emulated one would take the desktop, or the boot
 * messages, where nobody looks. Else a plain VGA, which every QEMU has built in, on VNC behind a socket that
 * only libvirt opens: on loopback each user of the host could look at it. */
static void add_display(xmlNode *devices, const VvVm *vm)
{
    gboolean emulated = !vv_domxml_has_display(vm);

    if (emulated) {
        xmlNode *graphics = vv_xml_add(devices, "graphics");

        vv_xml_set(graphics, "type", "vnc");
        vv_xml_set(vv_xml_add(graphics, "listen"), "type", "socket");
    }
    vv_xml_set(vv_xml_add(vv_xml_add(devices, "video"), "model"), "type", emulated ? "vga" : "none");
}

void vv_domxml_add_emulated(xmlNode *devices, const VvVm *vm)
{
    xmlNode *usb = vv_xml_add(devices, "controller");

    /* A guest with a real USB controller gets no second one that nothing can be plugged into. */
    vv_xml_set(usb, "type", "usb");
    vv_xml_set(usb, "index", "0");
    vv_xml_set(usb, "model", vv_domxml_has_usb(vm) ? "none" : "qemu-xhci");
    add_disks(devices, vm);
    for (guint i = 0; i < vm->networks->len; i++)
        add_network(devices, vm->networks->pdata[i]);
    add_serial(devices, vm);
    add_display(devices, vm);
}
