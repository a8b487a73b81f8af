/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"
#include "domains/domxml-parts.h"

static void set(xmlNode *node, const char *name, const char *value)
{
    xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static void G_GNUC_PRINTF(3, 4) setf(xmlNode *node, const char *name, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    set(node, name, text);
}

/* A card is booted from only if that was said, as on Proxmox VE: the domain has its order already. */
static void set_boot(xmlNode *hostdev, const VvVmDevice *card, guint function)
{
    xmlNode *boot = vv_xml_child(hostdev, "boot", NULL);

    if (boot && (card->boot <= 0 || function != 0)) {
        xmlUnlinkNode(boot);
        xmlFreeNode(boot);
    }
    if (card->boot <= 0 || function != 0)
        return;
    if (!boot) {
        boot = xmlNewNode(NULL, (const xmlChar *)"boot");
        xmlAddNextSibling(vv_xml_child(hostdev, "source", NULL), boot);
    }
    setf(boot, "order", "%u", (guint)card->boot);
}

static void set_place(xmlNode *hostdevs, const VvAttach *attach, const VvGuestPlace *place)
{
    guint index = 0;

    for (xmlNode *hostdev = xmlFirstElementChild(hostdevs); hostdev;
         hostdev = xmlNextElementSibling(hostdev)) {
        const VvVmFunction *function = &g_array_index(attach->card->functions, VvVmFunction, index++);
        xmlNode *address = vv_xml_child(hostdev, "address", NULL);

        setf(address, "bus", "0x%02x", place->address.bus);
        setf(address, "slot", "0x%02x", place->address.slot);
        set_boot(hostdev, attach->card, function->guest_function);
    }
}

/* The port is noted at function 0, so that it can go with the card. */
static void note_port(xmlNode *own, const VvGuestPlace *place)
{
    for (xmlNode *node = xmlFirstElementChild(own); node; node = xmlNextElementSibling(node))
        if (g_str_equal((const char *)node->name, "device") && vv_xml_has(node, "function", "0"))
            setf(node, "port", "%u", place->address.bus);
}

void vv_pieces_make(VvPieces *pieces, const VvAttach *attach, const VvGuestPlace *place)
{
    xmlNode *domain = xmlNewNode(NULL, (const xmlChar *)"domain"), *controller;

    pieces->doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlDocSetRootElement(pieces->doc, domain);
    attach->card->has_guest_address = TRUE;
    attach->card->guest_address = place->address;
    vv_domxml_add_metadata(domain, attach->vm);
    pieces->own = vv_xml_child(vv_xml_child(domain, "metadata", NULL), "domain", VV_METADATA_URI);
    pieces->hostdevs = vv_xml_add(domain, "devices");
    vv_domxml_add_hostdevs(pieces->hostdevs, attach->vm);
    set_place(pieces->hostdevs, attach, place);
    vv_domxml_add_overrides(domain, attach->vm);
    pieces->overrides = vv_xml_child(domain, "override", VV_QEMU_SCHEMA);
    if (!place->new_port)
        return;
    note_port(pieces->own, place);
    pieces->port = vv_xml_add(domain, "ports");
    controller = vv_xml_add(pieces->port, "controller");
    set(controller, "type", "pci");
    setf(controller, "index", "%u", place->address.bus);
    set(controller, "model", "pcie-root-port");
}

void vv_pieces_clear(VvPieces *pieces)
{
    g_clear_pointer(&pieces->doc, xmlFreeDoc);
}
