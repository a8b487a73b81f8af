/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"
#include "vfio/error.h"

#include <string.h>

static gboolean is_in(const GArray *functions, VvAddress address)
{
    for (guint i = 0; i < functions->len; i++)
        if (vv_address_equal(g_array_index(functions, VvAddress, i), address))
            return TRUE;
    return FALSE;
}

static gboolean is_named(const GArray *selectors, VvAddress host)
{
    for (guint i = 0; i < selectors->len; i++) {
        const VvSelector *selector = &g_array_index(selectors, VvSelector, i);

        if (selector->whole_slot ? vv_address_same_slot(host, selector->address)
                                 : vv_address_equal(host, selector->address))
            return TRUE;
    }
    return FALSE;
}

static gboolean find_functions(const VvDomain *domain, const char *what, GArray *functions, GError **error)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    gboolean by_address = vv_selector_parse(what, selectors, NULL);
    guint before = functions->len;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VvDomainDevice *device = domain->devices->pdata[i];

        if ((by_address ? is_named(selectors, device->host) : g_strcmp0(device->card, what) == 0) &&
            !is_in(functions, device->host))
            g_array_append_val(functions, device->host);
    }
    if (functions->len > before)
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "the domain has no device %s%s", what,
                by_address ? "" : "; 'virt-vfio plan' shows what it has");
    return FALSE;
}

/* A slot without function 0 is invisible to the guest (PCI Local Bus Specification 3.0, 3.2.2.3.4). */
static gboolean check_rest(const xmlNode *devices, const GArray *functions, VvAddress guest, GError **error)
{
    for (const xmlNode *node = devices->children; node; node = node->next) {
        VvAddress at, host;
        char text[VV_ADDRESS_TEXT];

        if (!vv_attach_guest(node, &at) || at.function == 0 || !vv_address_same_slot(at, guest) ||
            (vv_attach_host(node, &host) && is_in(functions, host)))
            continue;
        if (!vv_attach_host(node, &host)) {
            g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                        "other devices of the domain share its guest slot, and would vanish with function 0");
            return FALSE;
        }
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s lies in the same guest slot, and would vanish with function 0; detach the whole card",
                    vv_address_format(host, text));
        return FALSE;
    }
    return TRUE;
}

static gboolean remove_devices(VvXmlEdit *edit, const xmlNode *devices, const GArray *functions,
                               GError **error)
{
    const xmlNode *override = vv_attach_override(vv_xml_edit_root(edit));

    for (const xmlNode *node = devices->children; node; node = node->next) {
        VvAddress host, guest;
        g_autofree char *alias = NULL;
        const xmlNode *set;

        if (!vv_attach_host(node, &host) || !is_in(functions, host))
            continue;
        if (vv_attach_guest(node, &guest) && guest.function == 0 &&
            !check_rest(devices, functions, guest, error))
            return FALSE;
        vv_xml_edit_remove(edit, node);
        alias = vv_attach_alias(node);
        /* QEMU would not start with an override for nobody. */
        set = vv_attach_override_device(override, alias);
        if (set)
            vv_xml_edit_remove(edit, set);
    }
    return TRUE;
}

static void remove_port(VvXmlEdit *edit, const xmlNode *devices, const char *port, const GArray *functions)
{
    guint64 bus;

    if (!port || !g_ascii_string_to_unsigned(port, 10, 1, 255, &bus, NULL) ||
        vv_attach_bus_in_use(devices, (guint)bus, functions))
        return;
    for (const xmlNode *node = devices->children; node; node = node->next)
        if (vv_attach_is(node, "controller") && vv_xml_has(node, "type", "pci") &&
            vv_xml_has(node, "model", "pcie-root-port") && vv_xml_has(node, "index", port))
            vv_xml_edit_remove(edit, node);
}

static void remove_own(VvXmlEdit *edit, const xmlNode *devices, const GArray *functions)
{
    const xmlNode *own = vv_attach_own(vv_xml_edit_root(edit));

    for (const xmlNode *node = own ? own->children : NULL; node; node = node->next) {
        g_autofree char *port = NULL;
        VvAddress address;

        if (node->type != XML_ELEMENT_NODE || !vv_attach_own_address(node, &address) ||
            !is_in(functions, address))
            continue;
        port = vv_xml_get(node, "port");
        remove_port(edit, devices, port, functions);
        vv_xml_edit_remove(edit, node);
    }
}

char *vv_detach_edit(const char *xml, const char *what, GArray *functions, GError **error)
{
    g_autoptr(VvDomain) domain = vv_domain_read(xml, strlen(xml), error);
    g_autoptr(VvXmlEdit) edit = domain ? vv_xml_edit_new(xml, strlen(xml), error) : NULL;
    const xmlNode *devices = edit ? vv_xml_child(vv_xml_edit_root(edit), "devices", NULL) : NULL;

    if (!edit || !find_functions(domain, what, functions, error) ||
        !remove_devices(edit, devices, functions, error))
        return NULL;
    remove_own(edit, devices, functions);
    vv_made_tidy(edit);
    return vv_xml_edit_apply(edit, error);
}

/* libvirt unplugs nothing whose slot has other functions (qemuDomainDetachDeviceLive and
 * qemuIsMultiFunctionDevice in src/qemu/qemu_hotplug.c). */
static gboolean is_alone(const xmlNode *devices, const xmlNode *hostdev)
{
    VvAddress mine, at;

    if (!vv_attach_guest(hostdev, &mine))
        return FALSE;
    for (const xmlNode *node = devices->children; node; node = node->next)
        if (node != hostdev && vv_attach_guest(node, &at) && vv_address_same_slot(at, mine))
            return FALSE;
    return TRUE;
}

char *vv_detach_live_alias(const char *live, VvAddress host, GError **error)
{
    g_autoptr(xmlDoc) doc = vv_xml_parse(live, strlen(live), error);
    const xmlNode *devices = doc ? vv_xml_child(xmlDocGetRootElement(doc), "devices", NULL) : NULL;
    char text[VV_ADDRESS_TEXT];

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        VvAddress address;
        char *alias;

        if (!vv_attach_host(node, &address) || !vv_address_equal(address, host))
            continue;
        alias = vv_attach_alias(node);
        if (alias && vv_attach_is(node, "hostdev") && is_alone(devices, node))
            return alias;
        g_free(alias);
        g_set_error(
            error, VV_ERROR, VV_ERROR_REFUSED,
            vv_attach_is(node, "hostdev")
                ? "--live: libvirt does not unplug %s, because its guest slot has other functions too; "
                  "detach without --live, and the guest is without it after its next start"
                : "--live: %s is no <hostdev> but an interface or a disk; see 'virsh detach-device'",
            vv_address_format(host, text));
        return NULL;
    }
    if (doc)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "the running guest does not have %s",
                    vv_address_format(host, text));
    return NULL;
}
