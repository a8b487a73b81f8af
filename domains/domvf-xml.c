/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domvf.h"

#include "domains/domread-internal.h"
#include "domains/domxml.h"
#include "domains/xml.h"

#include <string.h>

/* The device whose listed address this is, if another one was chosen for it. */
static const VvDomainDevice *moved(const VvDomain *domain, VvAddress listed)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];

        if (vv_address_equal(device->listed, listed))
            return vv_address_equal(device->host, listed) ? NULL : device;
    }
    return NULL;
}

static void set_number(xmlNode *node, const char *name, guint number)
{
    g_autofree char *text = g_strdup_printf("0x%x", number);

    xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)text);
}

/* <source><address> of an interface or a hostdev. */
static gboolean put_source(xmlNode *node, const VvDomain *domain)
{
    xmlNode *address = vv_xml_child(vv_xml_child(node, "source", NULL), "address", NULL);
    VvAddress listed;
    const VvDomainDevice *device =
        address && vv_domread_address(address, &listed, NULL) ? moved(domain, listed) : NULL;

    if (!device)
        return FALSE;
    set_number(address, "domain", device->host.segment);
    set_number(address, "bus", device->host.bus);
    set_number(address, "slot", device->host.slot);
    set_number(address, "function", device->host.function);
    return TRUE;
}

/* The address attribute of an element of ours: <device>, <vf> and <allow>. */
static gboolean put_own(xmlNode *node, const VvDomain *domain)
{
    g_autofree char *text = vv_xml_get(node, "address");
    VvAddress listed;
    const VvDomainDevice *device =
        text && vv_address_parse(text, &listed, NULL) ? moved(domain, listed) : NULL;
    char address[VV_ADDRESS_TEXT];

    if (!device)
        return FALSE;
    xmlSetProp(node, (const xmlChar *)"address", (const xmlChar *)vv_address_format(device->host, address));
    return TRUE;
}

static gboolean put_all(xmlNode *parent, const VvDomain *domain,
                        gboolean (*put)(xmlNode *node, const VvDomain *domain))
{
    gboolean changed = FALSE;

    for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            changed |= put(node, domain);
    return changed;
}

char *vv_domain_put_vfs(const char *xml, gsize length, const VvDomain *domain, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, error);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *metadata = root ? vv_xml_child(root, "metadata", NULL) : NULL;

    if (!root)
        return NULL;
    gboolean changed = put_all(vv_xml_child(root, "devices", NULL), domain, put_source);
    changed |= put_all(vv_xml_child(metadata, "domain", VV_METADATA_URI), domain, put_own);
    return changed ? vv_xml_print(doc) : NULL;
}
