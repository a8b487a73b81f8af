/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread.h"

#include "domains/domxml.h"
#include "domains/ini.h"
#include "domains/xml.h"
#include "vfio/error.h"

#include <string.h>

static void device_free(gpointer data)
{
    VvDomainDevice *device = data;

    g_free(device->card);
    g_free(device->rom_file);
    vv_identity_free(device->identity);
    g_free(device);
}

void vv_domain_free(VvDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain->uuid);
    g_strfreev(domain->allow);
    if (domain->devices)
        g_ptr_array_unref(domain->devices);
    g_free(domain);
}

static gboolean G_GNUC_PRINTF(3, 4) bad(const xmlNode *node, GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "the domain's XML: line %ld: %s", xmlGetLineNo(node), text);
    return FALSE;
}

/* A number as libvirt reads it (virXMLPropUInt with base 0): 0x1f, 31, 037. Untouched when there is none. */
static gboolean read_number(const xmlNode *node, const char *name, guint64 max, guint64 *ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, name);
    char *end = NULL;
    guint64 number;

    if (!text)
        return TRUE;
    number = g_ascii_strtoull(text, &end, 0);
    /* strtoull takes blanks and signs too; 18 characters cannot overflow unnoticed. */
    if (!g_ascii_isdigit(*text) || *end || strlen(text) > 18 || number > max)
        return bad(node, error, "<%s> has a %s that is no number up to 0x%" G_GINT64_MODIFIER "x",
                   (const char *)node->name, name, max);
    *ret = number;
    return TRUE;
}

static gboolean read_address(const xmlNode *node, VvAddress *ret, GError **error)
{
    guint64 segment = 0, bus = 0, slot = 0, function = 0;

    if (!node || (!xmlHasProp(node, (const xmlChar *)"bus") && !xmlHasProp(node, (const xmlChar *)"slot")))
        return FALSE;
    if (!read_number(node, "domain", G_MAXUINT32, &segment, error) ||
        !read_number(node, "bus", 0xff, &bus, error) || !read_number(node, "slot", 0x1f, &slot, error) ||
        !read_number(node, "function", 7, &function, error))
        return FALSE;
    ret->segment = (guint32)segment;
    ret->bus = (guint8)bus;
    ret->slot = (guint8)slot;
    ret->function = (guint8)function;
    return TRUE;
}

/* Does this child of <devices> give the guest a real PCI device? Besides <hostdev>, VFs can be interfaces and
 * NVMe controllers disks. */
static gboolean is_real(const xmlNode *node, const xmlNode *source)
{
    const xmlNode *address = vv_xml_child(source, "address", NULL);

    if (g_str_equal((const char *)node->name, "hostdev"))
        return vv_xml_has(node, "mode", "subsystem") && vv_xml_has(node, "type", "pci");
    if (g_str_equal((const char *)node->name, "interface"))
        return vv_xml_has(node, "type", "hostdev") && (!address || vv_xml_has(address, "type", "pci"));
    return g_str_equal((const char *)node->name, "disk") && vv_xml_has(node, "type", "nvme");
}

static gboolean read_device(VvDomain *domain, const xmlNode *node, GError **error)
{
    const xmlNode *source = vv_xml_child(node, "source", NULL);
    const xmlNode *rom = vv_xml_child(node, "rom", NULL);
    /* An NVMe disk says managed='' at its source. */
    const xmlNode *manager = g_str_equal((const char *)node->name, "disk") ? source : node;
    VvDomainDevice *device;
    GError *problem = NULL;
    VvAddress host;

    if (!is_real(node, source))
        return TRUE;
    if (!read_address(vv_xml_child(source, "address", NULL), &host, &problem)) {
        if (!problem)
            return bad(node, error, "<%s> does not say which PCI device it is", (const char *)node->name);
        g_propagate_error(error, problem);
        return FALSE;
    }
    device = g_new0(VvDomainDevice, 1);
    g_ptr_array_add(domain->devices, device);
    device->host = host;
    device->managed = manager && vv_xml_has(manager, "managed", "yes");
    device->rom_file = rom ? vv_xml_get(rom, "file") : NULL;
    device->has_rom_bar = !rom || !(vv_xml_has(rom, "bar", "off") || vv_xml_has(rom, "enabled", "no"));
    if (device->rom_file && vv_has_control(device->rom_file))
        return bad(rom, error, "a control character in the path of a ROM");
    return TRUE;
}

/* The address attribute of one of our own elements. */
static gboolean read_own_address(const xmlNode *node, VvAddress *ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, "address");

    if (text && vv_address_parse(text, ret, NULL))
        return TRUE;
    return bad(node, error, "our <%s> has no address like 0000:01:00.0", (const char *)node->name);
}

/* What tells twins apart. Not every device has it, and metadata of earlier versions has none. */
static gboolean read_marks(const xmlNode *node, VvIdentity *identity, GError **error)
{
    identity->serial = vv_xml_get(node, "serial");
    identity->mac = vv_xml_get(node, "mac");
    /* These get into messages. */
    if (identity->serial && !vv_identity_serial_valid(identity->serial))
        return bad(node, error, "our <device> has a serial number that cannot be one");
    if (identity->mac && !vv_identity_mac_valid(identity->mac))
        return bad(node, error, "our <device> has a mac that is none");
    return read_number(node, "dsn", G_MAXUINT64, &identity->dsn, error);
}

/* All ids or none: an identity that is there in part was tampered with, and must not count as "not known". */
static gboolean read_identity(const xmlNode *node, VvDomainDevice *device, GError **error)
{
    static const char *const names[] = {"vendor", "device", "subsystem-vendor", "subsystem-device", "class"};
    g_autoptr(VvIdentity) identity = g_new0(VvIdentity, 1);
    guint64 ids[G_N_ELEMENTS(names)];
    guint there = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        there += xmlHasProp(node, (const xmlChar *)names[i]) != NULL;
        if (!read_number(node, names[i], i == 4 ? 0xffffff : 0xffff, &ids[i], error))
            return FALSE;
    }
    if (!read_marks(node, identity, error))
        return FALSE;
    if (there == 0 && !identity->serial && !identity->mac && !identity->dsn)
        return TRUE;
    if (there < G_N_ELEMENTS(names))
        return bad(node, error, "our <%s> has only a part of the device's ids", (const char *)node->name);
    identity->address = device->host;
    identity->vendor = (guint16)ids[0];
    identity->device = (guint16)ids[1];
    identity->subsystem_vendor = (guint16)ids[2];
    identity->subsystem_device = (guint16)ids[3];
    identity->class_code = (guint32)ids[4];
    vv_identity_free(device->identity);
    device->identity = g_steal_pointer(&identity);
    return TRUE;
}

/* What we noted about a device that may have been detached since: then there is nothing to add it to. */
static gboolean read_own_device(VvDomain *domain, const xmlNode *node, GError **error)
{
    VvAddress address;

    if (!read_own_address(node, &address, error))
        return FALSE;
    for (guint i = 0; i < domain->devices->len; i++) {
        VvDomainDevice *device = domain->devices->pdata[i];

        if (!vv_address_equal(device->host, address))
            continue;
        g_free(device->card);
        device->card = vv_xml_get(node, "name");
        if (device->card && !vv_name_valid(device->card))
            return bad(node, error, "our <device> has a name we would not give");
        device->rom_auto = vv_xml_has(node, "rom", "auto");
        return read_identity(node, device, error);
    }
    return TRUE;
}

static gboolean read_own_allow(GStrvBuilder *allow, const xmlNode *node, GError **error)
{
    g_autofree char *code = vv_xml_get(node, "code");
    g_autofree char *word = NULL;
    char text[VV_ADDRESS_TEXT];
    VvAddress address;

    if (!code || !*code || code[strspn(code, G_CSET_a_2_z G_CSET_DIGITS "-")])
        return bad(node, error, "our <allow> has no code like disk-mounted");
    if (!read_own_address(node, &address, error))
        return FALSE;
    word = g_strconcat(code, "=", vv_address_format(address, text), NULL);
    g_strv_builder_add(allow, word);
    return TRUE;
}

static gboolean read_own(VvDomain *domain, const xmlNode *own, GError **error)
{
    g_autoptr(GStrvBuilder) allow = g_strv_builder_new();

    domain->ours = own != NULL;
    for (const xmlNode *node = own ? own->children : NULL; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || !node->ns ||
            !g_str_equal((const char *)node->ns->href, VV_METADATA_URI))
            continue;
        if (g_str_equal((const char *)node->name, "device") && !read_own_device(domain, node, error))
            return FALSE;
        if (g_str_equal((const char *)node->name, "allow") && !read_own_allow(allow, node, error))
            return FALSE;
    }
    domain->allow = g_strv_builder_end(allow);
    return TRUE;
}

/* These are shown to people, so nothing in them may move a terminal's cursor. */
static gboolean read_names(VvDomain *domain, const xmlNode *root, GError **error)
{
    domain->name = vv_xml_content(vv_xml_child(root, "name", NULL));
    domain->uuid = vv_xml_content(vv_xml_child(root, "uuid", NULL));
    if (!domain->name || !*domain->name || vv_has_control(domain->name))
        return bad(root, error, "<domain> has no <name> that can be shown");
    if (domain->uuid && !g_uuid_string_is_valid(g_strstrip(domain->uuid)))
        return bad(root, error, "<domain> has a <uuid> that is none");
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
    g_autoptr(VvDomain) domain = g_new0(VvDomain, 1);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *devices, *own;

    if (!doc)
        return NULL;
    domain->devices = g_ptr_array_new_with_free_func(device_free);
    if (!root || root->ns || !g_str_equal((const char *)root->name, "domain")) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "this XML is not a libvirt domain");
        return NULL;
    }
    if (!read_names(domain, root, error))
        return NULL;
    domain->uefi = is_uefi(root);
    devices = vv_xml_child(root, "devices", NULL);
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && !node->ns && !read_device(domain, node, error))
            return NULL;
    own = vv_xml_child(vv_xml_child(root, "metadata", NULL), "domain", VV_METADATA_URI);
    return read_own(domain, own, error) ? g_steal_pointer(&domain) : NULL;
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
