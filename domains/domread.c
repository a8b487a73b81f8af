/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread-internal.h"
#include "domains/domxml.h"
#include "domains/ini.h"
#include "vfio/error.h"

#include <string.h>

static void device_free(gpointer data)
{
    VvDomainDevice *device = data;

    g_free(device->card);
    g_free(device->none_free);
    g_free(device->alias);
    g_free(device->rom_file);
    g_free(device->reset);
    g_free(device->mac);
    g_free(device->team);
    g_free(device->wished_by);
    vv_identity_free(device->identity);
    g_free(device);
}

static void usb_free(gpointer data)
{
    VvDomainUsb *usb = data;

    g_free(usb->name);
    g_free(usb->alias);
    g_free(usb->port);
    g_free(usb);
}

VvDomain *vv_domain_new(const char *name, const char *uuid)
{
    VvDomain *domain = g_new0(VvDomain, 1);

    domain->name = g_strdup(name);
    domain->uuid = g_strdup(uuid);
    domain->devices = g_ptr_array_new_with_free_func(device_free);
    domain->usbs = g_ptr_array_new_with_free_func(usb_free);
    return domain;
}

VvDomainDevice *vv_domain_add_device(VvDomain *domain, VvAddress host)
{
    VvDomainDevice *device = g_new0(VvDomainDevice, 1);

    device->host = device->listed = host;
    device->number = VV_VF_NAMED;
    device->ids = (VvVmIds){-1, -1, -1, -1};
    device->reset = g_strdup("auto");
    g_ptr_array_add(domain->devices, device);
    return device;
}

void vv_domain_free(VvDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain->uuid);
    g_strfreev(domain->allow);
    g_strfreev(domain->stop_services);
    if (domain->devices)
        g_ptr_array_unref(domain->devices);
    if (domain->usbs)
        g_ptr_array_unref(domain->usbs);
    g_free(domain);
}

gboolean vv_domread_bad(const xmlNode *node, GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the domain's XML: line %ld: %s", xmlGetLineNo(node), text);
    return FALSE;
}

gboolean vv_domread_number(const xmlNode *node, const char *name, guint64 max, guint64 *ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, name);
    char *end = NULL;
    guint64 number;

    if (!text)
        return TRUE;
    number = g_ascii_strtoull(text, &end, 0);
    /* strtoull takes blanks and signs too; 18 characters cannot overflow unnoticed. */
    if (!g_ascii_isdigit(*text) || *end || strlen(text) > 18 || number > max)
        return vv_domread_bad(node, error, "<%s> has a %s that is no number up to 0x%" G_GINT64_MODIFIER "x",
                              (const char *)node->name, name, max);
    *ret = number;
    return TRUE;
}

gboolean vv_domread_address(const xmlNode *node, VvAddress *ret, GError **error)
{
    guint64 segment = 0, bus = 0, slot = 0, function = 0;

    if (!node || (!xmlHasProp(node, (const xmlChar *)"bus") && !xmlHasProp(node, (const xmlChar *)"slot")))
        return FALSE;
    if (!vv_domread_number(node, "domain", G_MAXUINT32, &segment, error) ||
        !vv_domread_number(node, "bus", 0xff, &bus, error) ||
        !vv_domread_number(node, "slot", 0x1f, &slot, error) ||
        !vv_domread_number(node, "function", 7, &function, error))
        return FALSE;
    ret->segment = (guint32)segment;
    ret->bus = (guint8)bus;
    ret->slot = (guint8)slot;
    ret->function = (guint8)function;
    return TRUE;
}

gboolean vv_domread_alias(const xmlNode *node, char **ret, GError **error)
{
    const xmlNode *alias = vv_xml_child(node, "alias", NULL);

    *ret = alias ? vv_xml_get(alias, "name") : NULL;
    if (*ret && vv_has_control(*ret))
        return vv_domread_bad(alias, error, "a control character in an alias");
    return TRUE;
}

/* These are shown to people, so nothing in them may move a terminal's cursor. */
static gboolean read_names(VvDomain *domain, const xmlNode *root, GError **error)
{
    domain->name = vv_xml_content(vv_xml_child(root, "name", NULL));
    domain->uuid = vv_xml_content(vv_xml_child(root, "uuid", NULL));
    if (!domain->name || !*domain->name || vv_has_control(domain->name))
        return vv_domread_bad(root, error, "<domain> has no <name> that can be shown");
    if (domain->uuid && !g_uuid_string_is_valid(g_strstrip(domain->uuid)))
        return vv_domread_bad(root, error, "<domain> has a <uuid> that is none");
    return TRUE;
}

/* Firmware that libvirt chooses, or that is named with its flash. */
static gboolean is_uefi(const xmlNode *root)
{
    const xmlNode *os = vv_xml_child(root, "os", NULL), *loader = vv_xml_child(os, "loader", NULL);

    return os && (vv_xml_has(os, "firmware", "efi") || (loader && vv_xml_has(loader, "type", "pflash")));
}

VvDomain *vv_domain_read(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(xml, length, error);
    g_autoptr(VvDomain) domain = vv_domain_new(NULL, NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *devices, *own;

    if (!doc)
        return NULL;
    if (!root || root->ns || !g_str_equal((const char *)root->name, "domain")) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "this XML is not a libvirt domain");
        return NULL;
    }
    if (!read_names(domain, root, error))
        return NULL;
    domain->uefi = is_uefi(root);
    devices = vv_xml_child(root, "devices", NULL);
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && !node->ns &&
            !(vv_domread_device(domain, node, error) && vv_domread_usb(domain, node, error)))
            return NULL;
    if (!vv_domread_overrides(domain, root, error))
        return NULL;
    own = vv_xml_child(vv_xml_child(root, "metadata", NULL), "domain", VV_METADATA_URI);
    return vv_domread_own(domain, own, error) ? g_steal_pointer(&domain) : NULL;
}

GPtrArray *vv_domain_identities(const VvDomain *domain)
{
    GPtrArray *identities = g_ptr_array_new();

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];

        if (device->identity)
            g_ptr_array_add(identities, device->identity);
    }
    return identities;
}
