/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/usbport.h"

#include "domains/domread.h"
#include "domains/xml.h"
#include "vfio/error.h"
#include "vfio/usb.h"

#include <string.h>

void vv_vm_resolve_usbs(VvVm *vm, const VvSysfs *sysfs)
{
    for (guint i = 0; i < vm->usbs->len; i++) {
        VvVmUsb *usb = vm->usbs->pdata[i];

        usb->device = usb->bus ? vv_usb_device_number(sysfs, usb->bus, usb->port) : 0;
    }
}

static const VvDomainUsb *find_usb(const VvDomain *domain, const xmlNode *hostdev)
{
    const xmlNode *alias = vv_xml_child(hostdev, "alias", NULL);

    for (guint i = 0; alias && i < domain->usbs->len; i++) {
        const VvDomainUsb *usb = domain->usbs->pdata[i];

        if (usb->port && usb->alias && vv_xml_has(alias, "name", usb->alias))
            return usb;
    }
    return NULL;
}

static gboolean update(xmlNode *hostdev, const VvDomainUsb *usb, const VvSysfs *sysfs, gboolean *changed,
                       GError **error)
{
    xmlNode *address = vv_xml_child(vv_xml_child(hostdev, "source", NULL), "address", NULL);
    const char *dash = strchr(usb->port, '-');
    guint bus = (guint)g_ascii_strtoull(usb->port, NULL, 10);
    guint device = vv_usb_device_number(sysfs, bus, dash + 1);
    char text[12];

    if (!device && !usb->optional) {
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "nothing is plugged into USB port %s, which [usb %s] is; 'lsusb -t' shows the ports",
                    usb->port, usb->name ? usb->name : "?");
        return FALSE;
    }
    if (!address || (usb->bus == bus && usb->device == device))
        return TRUE;
    g_snprintf(text, sizeof text, "%u", bus);
    xmlSetProp(address, (const xmlChar *)"bus", (const xmlChar *)text);
    g_snprintf(text, sizeof text, "%u", device);
    xmlSetProp(address, (const xmlChar *)"device", (const xmlChar *)text);
    *changed = TRUE;
    return TRUE;
}

char *vv_domain_update_usbs(const char *xml, gsize length, const VvSysfs *sysfs, GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_read(xml, length, error);
    g_autoptr(xmlDoc) doc = domain ? vv_xml_parse(xml, length, error) : NULL;
    const xmlNode *devices = doc ? vv_xml_child(xmlDocGetRootElement(doc), "devices", NULL) : NULL;
    gboolean changed = FALSE;

    for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        const VvDomainUsb *usb = NULL;

        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, "hostdev"))
            usb = find_usb(domain, node);
        if (usb && !update(node, usb, sysfs, &changed, error))
            return NULL;
    }
    return changed ? vv_xml_print(doc) : NULL;
}
