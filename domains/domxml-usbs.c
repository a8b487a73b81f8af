/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

char *vv_domxml_usb_alias(const VvVmUsb *usb)
{
    g_autofree char *name = g_strdelimit(g_strdup(usb->name), ".", '_');

    /* Those of cards end in a digit, so a card and a USB device may have the same name. */
    return g_strdup_printf("ua-%s-usb", name);
}

/* libvirt knows a device by its ids or by the number it got when it was plugged in, not by the port: the
 * number is the one of now, and `start` brings it up to date by the port in our metadata. */
static void add_usb(xmlNode *devices, const VvVmUsb *usb)
{
    g_autofree char *alias = vv_domxml_usb_alias(usb);
    xmlNode *hostdev = vv_xml_add(devices, "hostdev");
    xmlNode *source = vv_xml_add(hostdev, "source");

    vv_xml_set(hostdev, "mode", "subsystem");
    vv_xml_set(hostdev, "type", "usb");
    /* A USB device goes back to the host's driver by itself: there is nothing to manage. */
    vv_xml_set(hostdev, "managed", "no");
    vv_xml_set(source, "startupPolicy", usb->optional ? "optional" : NULL);
    if (usb->bus) {
        xmlNode *address = vv_xml_add(source, "address");

        vv_xml_setf(address, "bus", "%u", usb->bus);
        vv_xml_setf(address, "device", "%u", usb->device);
    } else {
        vv_xml_setf(vv_xml_add(source, "vendor"), "id", "0x%04x", (guint)usb->vendor);
        vv_xml_setf(vv_xml_add(source, "product"), "id", "0x%04x", (guint)usb->product);
    }
    vv_xml_set(vv_xml_add(hostdev, "alias"), "name", alias);
}

void vv_domxml_add_usbs(xmlNode *devices, const VvVm *vm)
{
    for (guint i = 0; i < vm->usbs->len; i++)
        add_usb(devices, vm->usbs->pdata[i]);
}
