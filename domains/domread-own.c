/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread-internal.h"
#include "domains/domxml.h"
#include "domains/ini.h"
#include "domains/units.h"
#include "vfio/reset-method.h"

#include <string.h>

/* The address attribute of one of our own elements. */
static gboolean read_address(const xmlNode *node, VvAddress *ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, "address");

    if (text && vv_address_parse(text, ret, NULL))
        return TRUE;
    return vv_domread_bad(node, error, "our <%s> has no address like 0000:01:00.0", (const char *)node->name);
}

/* What tells twins apart. Not every device has it, and metadata of earlier versions has none. */
static gboolean read_marks(const xmlNode *node, VvIdentity *identity, GError **error)
{
    identity->serial = vv_xml_get(node, "serial");
    identity->mac = vv_xml_get(node, "mac");
    /* These get into messages. */
    if (identity->serial && !vv_identity_serial_valid(identity->serial))
        return vv_domread_bad(node, error, "our <%s> has a serial number that cannot be one",
                              (const char *)node->name);
    if (identity->mac && !vv_identity_mac_valid(identity->mac))
        return vv_domread_bad(node, error, "our <%s> has a mac that is none", (const char *)node->name);
    return vv_domread_number(node, "dsn", G_MAXUINT64, &identity->dsn, error);
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
        if (!vv_domread_number(node, names[i], i == 4 ? 0xffffff : 0xffff, &ids[i], error))
            return FALSE;
    }
    if (!read_marks(node, identity, error))
        return FALSE;
    if (there == 0 && !identity->serial && !identity->mac && !identity->dsn)
        return TRUE;
    if (there < G_N_ELEMENTS(names))
        return vv_domread_bad(node, error, "our <%s> has only a part of the device's ids",
                              (const char *)node->name);
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

static gboolean read_name(const xmlNode *node, char **name, GError **error)
{
    g_free(*name);
    *name = vv_xml_get(node, "name");
    if (*name && !vv_name_valid(*name))
        return vv_domread_bad(node, error, "our <%s> has a name we would not give", (const char *)node->name);
    return TRUE;
}

/* "yes" or "no"; untouched when there is none. */
static gboolean read_yes_no(const xmlNode *node, const char *name, gint *ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, name);

    if (text && !g_str_equal(text, "yes") && !g_str_equal(text, "no"))
        return vv_domread_bad(node, error, "our <%s> has a %s that is neither yes nor no",
                              (const char *)node->name, name);
    if (text)
        *ret = g_str_equal(text, "yes");
    return TRUE;
}

/* "auto", "none" or names of methods, which are written to sysfs. */
static gboolean read_reset(const xmlNode *node, char **ret, GError **error)
{
    g_autofree char *text = vv_xml_get(node, "reset");

    if (!text)
        return TRUE;
    if (!vv_reset_policy_valid(text))
        return vv_domread_bad(node, error, "our <device> has a reset that is no method");
    g_free(*ret);
    *ret = g_steal_pointer(&text);
    return TRUE;
}

/* The device that an element of ours is about; *ret NULL: it has been detached since. */
static gboolean find_device(const VvDomain *domain, const xmlNode *node, VvDomainDevice **ret, GError **error)
{
    VvAddress address;

    *ret = NULL;
    if (!read_address(node, &address, error))
        return FALSE;
    for (guint i = 0; i < domain->devices->len && !*ret; i++) {
        VvDomainDevice *device = domain->devices->pdata[i];
        if (vv_address_equal(device->host, address))
            *ret = device;
    }
    return TRUE;
}

static gboolean read_device(VvDomain *domain, const xmlNode *node, GError **error)
{
    VvDomainDevice *device;

    if (!find_device(domain, node, &device, error))
        return FALSE;
    if (!device)
        return TRUE;
    device->rom_auto = vv_xml_has(node, "rom", "auto");
    return read_name(node, &device->card, error) && vv_domread_parent(node, device, error) &&
           read_reset(node, &device->reset, error) &&
           read_yes_no(node, "quarantine", &device->quarantine, error) && read_identity(node, device, error);
}

static gboolean read_vf(VvDomain *domain, const xmlNode *node, GError **error)
{
    VvDomainDevice *device;

    if (!find_device(domain, node, &device, error))
        return FALSE;
    if (!device)
        return TRUE;
    return read_name(node, &device->card, error) && vv_domread_vf(node, device, error) &&
           read_identity(node, device, error);
}

static gboolean read_port(const xmlNode *node, VvDomainUsb *usb, GError **error)
{
    g_autofree char *port = vv_xml_get(node, "port");

    /* It becomes a part of a path in sysfs. */
    if (port && !g_regex_match_simple("^[1-9][0-9]{0,2}-[0-9]{1,3}([.][0-9]{1,3}){0,6}$", port,
                                      G_REGEX_DOLLAR_ENDONLY, 0))
        return vv_domread_bad(node, error, "our <usb> has a port that is not like 1-4.2");
    g_free(usb->port);
    usb->port = g_steal_pointer(&port);
    return TRUE;
}

static gboolean read_usb(VvDomain *domain, const xmlNode *node, GError **error)
{
    g_autofree char *alias = vv_xml_get(node, "alias");

    for (guint i = 0; alias && i < domain->usbs->len; i++) {
        VvDomainUsb *usb = domain->usbs->pdata[i];

        if (g_strcmp0(usb->alias, alias) == 0)
            return read_name(node, &usb->name, error) && read_port(node, usb, error);
    }
    return TRUE;
}

static gboolean read_allow(GStrvBuilder *allow, const xmlNode *node, GError **error)
{
    g_autofree char *code = vv_xml_get(node, "code");
    g_autofree char *word = NULL;
    char text[VV_ADDRESS_TEXT];
    VvAddress address;

    if (!code || !*code || code[strspn(code, G_CSET_a_2_z G_CSET_DIGITS "-")])
        return vv_domread_bad(node, error, "our <allow> has no code like disk-mounted");
    if (!read_address(node, &address, error))
        return FALSE;
    word = g_strconcat(code, "=", vv_address_format(address, text), NULL);
    g_strv_builder_add(allow, word);
    return TRUE;
}

static gboolean read_services(VvDomain *domain, const xmlNode *node, GError **error)
{
    g_autofree char *units = vv_xml_get(node, "stop");

    domain->stop_display_manager = vv_xml_has(node, "display-manager", "stop");
    if (!units)
        return TRUE;
    g_strfreev(domain->stop_services);
    domain->stop_services = g_strsplit(units, " ", -1);
    for (char **unit = domain->stop_services; *unit; unit++)
        if (!vv_unit_is_service(*unit))
            return vv_domread_bad(node, error, "our <services> names a unit that is no service");
    return TRUE;
}

gboolean vv_domread_own(VvDomain *domain, const xmlNode *own, GError **error)
{
    g_autoptr(GStrvBuilder) allow = g_strv_builder_new();

    domain->ours = own != NULL;
    domain->stop_services = g_new0(char *, 1);
    for (const xmlNode *node = own ? own->children : NULL; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE || !node->ns ||
            !g_str_equal((const char *)node->ns->href, VV_METADATA_URI))
            continue;
        if (g_str_equal((const char *)node->name, "device") && !read_device(domain, node, error))
            return FALSE;
        if (g_str_equal((const char *)node->name, "vf") && !read_vf(domain, node, error))
            return FALSE;
        if (g_str_equal((const char *)node->name, "usb") && !read_usb(domain, node, error))
            return FALSE;
        if (g_str_equal((const char *)node->name, "services") && !read_services(domain, node, error))
            return FALSE;
        if (g_str_equal((const char *)node->name, "allow") && !read_allow(allow, node, error))
            return FALSE;
    }
    domain->allow = g_strv_builder_end(allow);
    return TRUE;
}
