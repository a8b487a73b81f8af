/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"
#include "domains/domxml.h"
#include "vfio/vf-settings.h"

#include <string.h>

static void add_identity(xmlNode *device, const VvIdentity *identity)
{
    vv_xml_setf(device, "vendor", "0x%04x", identity->vendor);
    vv_xml_setf(device, "device", "0x%04x", identity->device);
    vv_xml_setf(device, "subsystem-vendor", "0x%04x", identity->subsystem_vendor);
    vv_xml_setf(device, "subsystem-device", "0x%04x", identity->subsystem_device);
    vv_xml_setf(device, "class", "0x%06x", identity->class_code);
    vv_xml_set(device, "serial", identity->serial);
    vv_xml_set(device, "mac", identity->mac);
    if (identity->dsn)
        vv_xml_setf(device, "dsn", "0x%016" G_GINT64_MODIFIER "x", identity->dsn);
}

/* Of which PF it is, and which one, or that any will do: libvirt's XML has an address only, which `start`
 * puts in anew. */
static void add_parent(xmlNode *node, const VvVmVf *vf)
{
    char text[VV_ADDRESS_TEXT];

    if (!vf->has_parent)
        return;
    vv_xml_set(node, "parent", vv_address_format(vf->parent, text));
    if (vf->number >= 0)
        vv_xml_setf(node, "number", "%d", vf->number);
    else
        vv_xml_set(node, "number", vf->number == VV_VF_ANY ? "any" : NULL);
}

static void add_device(xmlNode *own, const VvVmDevice *card, guint index)
{
    const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, index);
    xmlNode *device = vv_xml_add_ns(own, own->ns, "device");
    char text[VV_ADDRESS_TEXT];

    vv_xml_set(device, "name", card->name);
    vv_xml_set(device, "address", vv_address_format(function->host, text));
    vv_xml_setf(device, "function", "%u", card->layout == VV_LAYOUT_SEPARATE ? 0 : function->guest_function);
    add_parent(device, &card->vf);
    if (function->identity)
        add_identity(device, function->identity);
    if (vv_guest_layout_is_first(card, index)) {
        vv_xml_set(device, "rom", card->rom);
        vv_xml_set(device, "x-vga", card->x_vga ? "yes" : "no");
    }
    vv_xml_set(device, "reset", card->reset);
    vv_xml_set(device, "quarantine", card->quarantine ? "yes" : NULL);
}

/* A word without an address is for this card only, so it gets the address of each of its functions. */
static void add_allow(xmlNode *own, const VvVmDevice *card, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *code = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);

    for (guint f = 0; f < card->functions->len; f++) {
        char text[VV_ADDRESS_TEXT];
        xmlNode *allow;

        vv_address_format(g_array_index(card->functions, VvVmFunction, f).host, text);
        if (equals && !g_str_equal(equals + 1, text))
            continue;
        allow = vv_xml_add_ns(own, own->ns, "allow");
        vv_xml_set(allow, "code", code);
        vv_xml_set(allow, "address", text);
    }
}

static const char *yes_no(gint may_be)
{
    return may_be < 0 ? NULL : may_be ? "yes" : "no";
}

/* What libvirt's <interface> has no word for. */
static void add_vf(xmlNode *own, const VvVmNetwork *network)
{
    xmlNode *vf = vv_xml_add_ns(own, own->ns, "vf");
    char text[VV_ADDRESS_TEXT];

    vv_xml_set(vf, "name", network->name);
    vv_xml_set(vf, "address", vv_address_format(network->vf.address, text));
    add_parent(vf, &network->vf);
    if (network->identity)
        add_identity(vf, network->identity);
    if (network->qos)
        vv_xml_setf(vf, "qos", "%u", network->qos);
    vv_xml_set(vf, "trust", yes_no(network->trust));
    vv_xml_set(vf, "spoofchk", yes_no(network->spoofchk));
    vv_xml_set(vf, "rate", network->rate);
    vv_xml_set(vf, "link", network->vf_link < 0 ? NULL : vv_vf_link_name((VvVfLink)network->vf_link));
}

static void add_usb(xmlNode *own, const VvVmUsb *usb)
{
    g_autofree char *alias = vv_domxml_usb_alias(usb);
    xmlNode *node = vv_xml_add_ns(own, own->ns, "usb");

    vv_xml_set(node, "name", usb->name);
    vv_xml_set(node, "alias", alias);
    if (usb->bus)
        vv_xml_setf(node, "port", "%u-%s", usb->bus, usb->port);
}

/* What the owner agreed to have stopped while the guest has the devices. */
static void add_services(xmlNode *own, const VvVm *vm)
{
    if (!vm->stop_display_manager && !vm->stop_services)
        return;
    xmlNode *services = vv_xml_add_ns(own, own->ns, "services");
    vv_xml_set(services, "display-manager", vm->stop_display_manager ? "stop" : NULL);
    vv_xml_set(services, "stop", vm->stop_services);
}

void vv_domxml_add_metadata(xmlNode *domain, const VvVm *vm)
{
    xmlNode *own = vv_xml_add(vv_xml_add(domain, "metadata"), "domain");

    xmlSetNs(own, xmlNewNs(own, (const xmlChar *)VV_METADATA_URI, (const xmlChar *)"vv"));
    vv_xml_set(own, "version", "1");
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++)
            add_device(own, card, f);
        for (char **word = card->allow; *word; word++)
            add_allow(own, card, *word);
    }
    for (guint i = 0; i < vm->networks->len; i++)
        if (((const VvVmNetwork *)vm->networks->pdata[i])->vf.word)
            add_vf(own, vm->networks->pdata[i]);
    for (guint i = 0; i < vm->usbs->len; i++)
        add_usb(own, vm->usbs->pdata[i]);
    add_services(own, vm);
}
