/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"

#include <string.h>

gboolean vv_attach_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns && g_str_equal((const char *)node->name, name);
}

static gboolean read_number(const xmlNode *node, const char *name, guint64 max, guint64 *ret)
{
    g_autofree char *text = vv_xml_get(node, name);
    char *end = NULL;

    if (!text)
        return TRUE;
    *ret = g_ascii_strtoull(text, &end, 0);
    return g_ascii_isdigit(*text) && !*end && *ret <= max;
}

static gboolean read_address(const xmlNode *node, VvAddress *ret)
{
    guint64 segment = 0, bus = 0, slot = 0, function = 0;

    if (!node || (!xmlHasProp(node, (const xmlChar *)"bus") && !xmlHasProp(node, (const xmlChar *)"slot")))
        return FALSE;
    if (!read_number(node, "domain", G_MAXUINT32, &segment) || !read_number(node, "bus", 0xff, &bus) ||
        !read_number(node, "slot", 0x1f, &slot) || !read_number(node, "function", 7, &function))
        return FALSE;
    *ret = (VvAddress){(guint32)segment, (guint8)bus, (guint8)slot, (guint8)function};
    return TRUE;
}

/* The same three as vv_domain_read() knows. */
gboolean vv_attach_host(const xmlNode *node, VvAddress *ret)
{
    const xmlNode *source = vv_xml_child(node, "source", NULL);
    const xmlNode *address = vv_xml_child(source, "address", NULL);
    gboolean real = FALSE;

    if (vv_attach_is(node, "hostdev"))
        real = vv_xml_has(node, "mode", "subsystem") && vv_xml_has(node, "type", "pci");
    else if (vv_attach_is(node, "interface"))
        real = vv_xml_has(node, "type", "hostdev") && (!address || vv_xml_has(address, "type", "pci"));
    else if (vv_attach_is(node, "disk"))
        real = vv_xml_has(node, "type", "nvme");
    return real && read_address(address, ret);
}

const xmlNode *vv_attach_manager(const xmlNode *node)
{
    /* An NVMe disk says it at its source. */
    const xmlNode *manager = vv_attach_is(node, "disk") ? vv_xml_child(node, "source", NULL) : node;

    return manager && xmlHasProp(manager, (const xmlChar *)"managed") ? manager : NULL;
}

gboolean vv_attach_guest(const xmlNode *node, VvAddress *ret)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (vv_attach_is(child, "address") && vv_xml_has(child, "type", "pci"))
            return read_address(child, ret);
    return FALSE;
}

xmlNode *vv_attach_own(const xmlNode *root)
{
    return vv_xml_child(vv_xml_child(root, "metadata", NULL), "domain", VV_METADATA_URI);
}

gboolean vv_attach_own_address(const xmlNode *own_child, VvAddress *ret)
{
    g_autofree char *text = vv_xml_get(own_child, "address");

    return text && vv_address_parse(text, ret, NULL);
}

xmlNode *vv_attach_override(const xmlNode *root)
{
    return vv_xml_child(root, "override", VV_QEMU_SCHEMA);
}

xmlNode *vv_attach_override_device(const xmlNode *override, const char *alias)
{
    for (xmlNode *child = override ? override->children : NULL; alias && child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && g_str_equal((const char *)child->name, "device") &&
            vv_xml_has(child, "alias", alias))
            return child;
    return NULL;
}

char *vv_attach_alias(const xmlNode *hostdev)
{
    const xmlNode *alias = vv_xml_child(hostdev, "alias", NULL);

    return alias ? vv_xml_get(alias, "name") : NULL;
}

char *vv_attach_live_hostdev(VvAddress host)
{
    return g_strdup_printf("<hostdev mode='subsystem' type='pci'><source>"
                           "<address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>"
                           "</source></hostdev>",
                           host.segment, host.bus, host.slot, host.function);
}
