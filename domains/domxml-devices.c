/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

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

static gboolean any_disk_on(const VvVm *vm, const char *bus)
{
    for (guint i = 0; i < vm->disks->len; i++)
        if (g_str_equal(((const VvVmDisk *)vm->disks->pdata[i])->bus, bus))
            return TRUE;
    return FALSE;
}

static gboolean sounds_like(const VvVm *vm, const char *model)
{
    return g_strcmp0(vm->sound.model, model) == 0;
}

/* A guest with a real USB controller gets no second one that nothing would be plugged into. */
gboolean vv_domxml_needs_usb(const VvVm *vm)
{
    return !vv_domxml_has_usb(vm) || vm->usbs->len || any_disk_on(vm, "usb") || sounds_like(vm, "usb");
}

static void add_usb_controller(xmlNode *devices, const VvVm *vm)
{
    xmlNode *usb = vv_xml_add(devices, "controller");

    vv_xml_set(usb, "type", "usb");
    vv_xml_set(usb, "index", "0");
    vv_xml_set(usb, "model", vv_domxml_needs_usb(vm) ? "qemu-xhci" : "none");
    /* Its most; with its own four, the fifth device would sit behind a hub of USB 1.1. */
    vv_xml_set(usb, "ports", vv_domxml_needs_usb(vm) ? "15" : NULL);
}

/* Conventional PCI devices share a bridge, which libvirt puts into one port. */
static gboolean is_conventional(const VvVmNetwork *network)
{
    return !network->vf.word &&
           (g_str_equal(network->model, "e1000") || g_str_equal(network->model, "rtl8139"));
}

guint vv_domxml_emulated_ports(const VvVm *vm)
{
    gboolean spice = g_str_equal(vv_domxml_graphics(vm), "spice");
    gboolean bridge = vm->shmems->len || sounds_like(vm, "ac97");
    guint ports = vm->shares->len;

    ports += vv_domxml_needs_usb(vm) ? 1 : 0;
    ports += any_disk_on(vm, "scsi") ? 1 : 0;
    ports += spice ? 1 : 0;
    ports += sounds_like(vm, "virtio") ? 1 : 0;
    for (guint i = 0; i < vm->disks->len; i++)
        ports += g_str_equal(((const VvVmDisk *)vm->disks->pdata[i])->bus, "virtio");
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        bridge |= is_conventional(network);
        ports += network->vf.word || is_conventional(network) ? 0 : 1;
    }
    return ports + (bridge ? 1 : 0);
}

void vv_domxml_add_emulated(xmlNode *devices, const VvVm *vm, const VvTuning *tuning)
{
    add_usb_controller(devices, vm);
    vv_domxml_add_disks(devices, vm, tuning);
    vv_domxml_add_networks(devices, vm, tuning);
    vv_domxml_add_usbs(devices, vm);
    add_serial(devices, vm);
    vv_domxml_add_display(devices, vm);
    vv_domxml_add_extras(devices, vm);
}
