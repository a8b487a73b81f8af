/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"
#include "domains/xmlstyle.h"
#include "vfio/error.h"

#include <string.h>

gboolean vv_attach_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s", text);
    return FALSE;
}

static gboolean check_function(const VvDomain *domain, VvAddress host, const char *where, GError **error)
{
    char text[VV_ADDRESS_TEXT], other[VV_ADDRESS_TEXT];

    vv_address_format(host, text);
    for (guint i = 0; i < domain->devices->len; i++) {
        VvAddress there = ((const VvDomainDevice *)domain->devices->pdata[i])->host;

        if (vv_address_equal(there, host))
            return vv_attach_refuse(error, "%s is in the %s already", text, where);
        /* It would lie apart from the rest of its card, and drivers look for it there. */
        if (vv_address_same_slot(there, host))
            return vv_attach_refuse(
                error,
                "%s of the same card as %s is in the %s already; detach that, and attach both "
                "in one go",
                vv_address_format(there, other), text, where);
    }
    return TRUE;
}

static gboolean check_functions(const VvAttach *attach, const VvDomain *domain, const char *where,
                                GError **error)
{
    for (guint i = 0; i < attach->card->functions->len; i++)
        if (!check_function(domain, g_array_index(attach->card->functions, VvVmFunction, i).host, where,
                            error))
            return FALSE;
    return TRUE;
}

/* libvirt refuses both kinds in one domain, and one number twice (virDomainDefBootOrderPostParse and
 * virDomainDefPostParseInternal's checks in src/conf/domain_postparse.c). */
static gboolean check_boot(const VvAttach *attach, const xmlNode *root, GError **error)
{
    const xmlNode *devices = vv_xml_child(root, "devices", NULL);
    g_autofree char *order = g_strdup_printf("%d", attach->card->boot);

    if (attach->card->boot <= 0)
        return TRUE;
    if (vv_xml_child(vv_xml_child(root, "os", NULL), "boot", NULL))
        return vv_attach_refuse(
            error, "boot: the domain has <boot dev=…> in its <os>, and libvirt takes no order of "
                   "devices beside it");
    for (const xmlNode *node = devices->children; node; node = node->next) {
        const xmlNode *boot = vv_xml_child(node, "boot", NULL);

        if (boot && vv_xml_has(boot, "order", order))
            return vv_attach_refuse(error, "boot: another device of the domain has the boot order %s", order);
    }
    return TRUE;
}

/* What is in the alias of its functions, "ua-NAME-0". */
static gboolean alias_taken(const xmlNode *devices, const char *name)
{
    g_autofree char *word = g_strdelimit(g_strdup(name), ".", '_');
    g_autofree char *prefix = g_strconcat("ua-", word, "-", NULL);

    for (const xmlNode *node = devices->children; node; node = node->next) {
        g_autofree char *alias = node->type == XML_ELEMENT_NODE ? vv_attach_alias(node) : NULL;

        if (alias && g_str_has_prefix(alias, prefix) && strlen(alias) == strlen(prefix) + 1)
            return TRUE;
    }
    return FALSE;
}

static gboolean name_taken(const VvDomain *domain, const xmlNode *devices, const char *name)
{
    for (guint i = 0; i < domain->devices->len; i++)
        if (g_strcmp0(((const VvDomainDevice *)domain->devices->pdata[i])->card, name) == 0)
            return TRUE;
    return alias_taken(devices, name);
}

/* After what it is: "gpu", and the second one "gpu2". */
static gboolean choose_name(VvAttach *attach, const VvDomain *domain, const xmlNode *devices, GError **error)
{
    const VvIdentity *identity = g_array_index(attach->card->functions, VvVmFunction, 0).identity;
    const char *kind = vv_kind_name(identity ? vv_kind_from_class(identity->class_code) : VV_KIND_OTHER);
    guint number = 1;

    if (attach->has_name)
        return !name_taken(domain, devices, attach->card->name) ||
               vv_attach_refuse(error, "name: the domain has a device '%s' already", attach->card->name);
    do {
        g_free(attach->card->name);
        attach->card->name = number > 1 ? g_strdup_printf("%s%u", kind, number) : g_strdup(kind);
        number++;
    } while (name_taken(domain, devices, attach->card->name));
    return TRUE;
}

/* libvirt plugs in and out what has a slot for itself only (virDomainPCIAddressEnsureAddr in
 * src/conf/domain_addr.c, "Only PCI device addresses with function=0 are supported";
 * qemuDomainDetachDeviceLive in src/qemu/qemu_hotplug.c). Overrides are for the command line of QEMU. */
static gboolean check_live(const VvAttach *attach, GError **error)
{
    const VvVmDevice *card = attach->card;

    if (card->functions->len != 1)
        return vv_attach_refuse(
            error, "--live: libvirt plugs single functions only, and one slot apart from the other would "
                   "not be this card; attach without --live, and the guest has it after its next start");
    if (card->x_vga || attach->legacy_igd || card->ids.vendor >= 0 || card->ids.device >= 0 ||
        card->ids.subsystem_vendor >= 0 || card->ids.subsystem_device >= 0)
        return vv_attach_refuse(
            error, "--live: x-vga, legacy-igd and other ids are for a start of the guest; attach "
                   "without --live");
    return TRUE;
}

static void insert(VvXmlEdit *edit, VvPieces *pieces)
{
    VvMade made = vv_made_read(vv_attach_own(vv_xml_edit_root(edit)));

    /* A port goes where the ports are; one edit of <devices> if there is nothing in there at all. */
    if (pieces->port && xmlFirstElementChild(vv_xml_child(vv_xml_edit_root(edit), "devices", NULL)))
        vv_made_add_devices(edit, "controller", pieces->port, &made);
    else if (pieces->port)
        xmlAddPrevSibling(xmlFirstElementChild(pieces->hostdevs), xmlFirstElementChild(pieces->port));
    vv_made_add_devices(edit, "hostdev", pieces->hostdevs, &made);
    if (pieces->overrides)
        vv_made_add_overrides(edit, pieces->overrides, &made);
    vv_made_add_own(edit, pieces->own, &made);
}

/* For one function; what is tried for booting was settled when the guest began. */
static char *print_hostdev(const VvPieces *pieces)
{
    g_autoptr(xmlDoc) doc = xmlCopyDoc(pieces->doc, 1);
    xmlNode *devices = vv_xml_child(xmlDocGetRootElement(doc), "devices", NULL);
    xmlNode *hostdev = vv_xml_child(devices, "hostdev", NULL), *boot = vv_xml_child(hostdev, "boot", NULL);
    GString *text = g_string_new(NULL);
    const VvXmlStyle style = {0};

    if (boot) {
        xmlUnlinkNode(boot);
        xmlFreeNode(boot);
    }
    vv_xml_style_print(text, hostdev, &style);
    return g_string_free(text, FALSE);
}

static gboolean prepare(VvAttach *attach, const VvDomain *domain, const xmlNode *root, GError **error)
{
    const xmlNode *devices = vv_xml_child(root, "devices", NULL);

    if (!devices)
        return vv_attach_refuse(error,
                                "the domain has no <devices>; libvirt writes them, so ask it for the XML");
    return check_functions(attach, domain, "domain", error) && check_boot(attach, root, error) &&
           choose_name(attach, domain, devices, error);
}

static gboolean prepare_live(const VvAttach *attach, const char *live, xmlDoc **ret_doc, GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_read(live, strlen(live), error);

    if (!domain || !check_live(attach, error) || !check_functions(attach, domain, "running guest", error))
        return FALSE;
    *ret_doc = vv_xml_parse(live, strlen(live), error);
    return *ret_doc != NULL;
}

char *vv_attach_edit(VvAttach *attach, const char *xml, const char *live, char **ret_hostdev, GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), error);
    g_autoptr(VvXmlEdit) edit = domain ? vv_xml_edit_new(xml, strlen(xml), error) : NULL;
    g_autoptr(xmlDoc) live_doc = NULL;
    g_auto(VvPieces) pieces = {0};
    VvGuestPlace place;
    char *text;

    if (!edit || !prepare(attach, domain, vv_xml_edit_root(edit), error) ||
        (live && !prepare_live(attach, live, &live_doc, error)) ||
        !vv_attach_place(vv_xml_edit_root(edit), live_doc ? xmlDocGetRootElement(live_doc) : NULL, attach,
                         &place, error))
        return NULL;
    vv_pieces_make(&pieces, attach, &place);
    if (ret_hostdev)
        *ret_hostdev = print_hostdev(&pieces);
    insert(edit, &pieces);
    text = vv_xml_edit_apply(edit, error);
    if (!text && ret_hostdev)
        g_clear_pointer(ret_hostdev, g_free);
    return text;
}
