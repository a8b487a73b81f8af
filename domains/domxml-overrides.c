/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"
#include "domains/domxml.h"

typedef struct {
    xmlNode *domain;
    xmlNode *override; /* NULL until there is something in it */
} Overrides;

/* <qemu:frontend> of a device, made when the first property comes. */
static xmlNode *add_frontend(Overrides *all, const char *alias)
{
    xmlNode *device;
    xmlNs *ns;

    if (!all->override) {
        ns = xmlNewNs(all->domain, (const xmlChar *)VV_QEMU_URI, (const xmlChar *)"qemu");
        all->override = vv_xml_add_ns(all->domain, ns, "override");
    }
    ns = all->override->ns;
    device = vv_xml_add_ns(all->override, ns, "device");
    vv_xml_set(device, "alias", alias);
    return vv_xml_add_ns(device, ns, "frontend");
}

static void add_property(xmlNode *frontend, const char *name, const char *type, const char *value)
{
    xmlNode *property = vv_xml_add_ns(frontend, frontend->ns, "property");

    vv_xml_set(property, "name", name);
    vv_xml_set(property, "type", type);
    vv_xml_set(property, "value", value);
}

static void add_number(xmlNode *frontend, const char *name, guint number)
{
    char text[12];

    /* libvirt reads a number here with base 10. */
    g_snprintf(text, sizeof text, "%u", number);
    add_property(frontend, name, "unsigned", text);
}

static void add_id(xmlNode *frontend, const char *name, gint id)
{
    if (id >= 0)
        add_number(frontend, name, (guint)id);
}

/* For a device that is not there, libvirt 9.0 starts QEMU with a usb-host that says nothing of which it is
 * (qemuBuildUSBHostdevDevProps() in qemu_command.c), and QEMU gives that the first device it can open
 * (usb_host_auto_check() in hw/usb/host-libusb.c), such as another one of this very guest. So it is told what
 * to wait for. Where the device is there, libvirt opens it and QEMU does not look. */
static void add_usb(Overrides *all, const VvVmUsb *usb)
{
    g_autofree char *alias = vv_domxml_usb_alias(usb);
    xmlNode *frontend;

    if (!usb->optional)
        return;
    frontend = add_frontend(all, alias);
    if (usb->bus) {
        add_number(frontend, "hostbus", usb->bus);
        add_property(frontend, "hostport", "string", usb->port);
    } else {
        add_number(frontend, "vendorid", (guint)usb->vendor);
        add_number(frontend, "productid", (guint)usb->product);
    }
}

static void add_card(Overrides *all, const VvVmDevice *card, const char *alias)
{
    const VvVmIds *ids = &card->ids;
    xmlNode *frontend;

    if (!card->x_vga && !card->igd_opregion && ids->vendor < 0 && ids->device < 0 &&
        ids->subsystem_vendor < 0 && ids->subsystem_device < 0)
        return;
    frontend = add_frontend(all, alias);
    if (card->x_vga)
        add_property(frontend, "x-vga", "bool", "true");
    if (card->igd_opregion)
        add_property(frontend, "x-igd-opregion", "bool", "true");
    add_id(frontend, "x-pci-vendor-id", ids->vendor);
    add_id(frontend, "x-pci-device-id", ids->device);
    add_id(frontend, "x-pci-sub-vendor-id", ids->subsystem_vendor);
    add_id(frontend, "x-pci-sub-device-id", ids->subsystem_device);
}

void vv_domxml_add_overrides(xmlNode *domain, const VvVm *vm)
{
    Overrides all = {.domain = domain};

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++) {
            g_autofree char *alias = vv_domxml_alias(card, f);

            if (vv_guest_layout_is_first(card, f))
                add_card(&all, card, alias);
        }
    }
    for (guint i = 0; i < vm->usbs->len; i++)
        add_usb(&all, vm->usbs->pdata[i]);
}
