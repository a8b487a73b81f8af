/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domread-internal.h"
#include "domains/domxml.h"

#include <string.h>

static VvDomainDevice *find_device(const VvDomain *domain, const char *alias)
{
    for (guint i = 0; alias && i < domain->devices->len; i++) {
        VvDomainDevice *device = domain->devices->pdata[i];

        if (g_strcmp0(device->alias, alias) == 0)
            return device;
    }
    return NULL;
}

/* libvirt takes "true" and "false" only (qemuDomainDefNamespaceParse in qemu_domain.c). */
static gboolean is_true(const xmlNode *property)
{
    return vv_xml_has(property, "type", "bool") && vv_xml_has(property, "value", "true");
}

/* Only what we write ourselves; anything else is between the user and QEMU. */
static gboolean read_property(VvDomainDevice *device, const xmlNode *property, GError **error)
{
    const struct {
        const char *name;
        gint *id;
    } ids[] = {{"x-pci-vendor-id", &device->ids.vendor},
               {"x-pci-device-id", &device->ids.device},
               {"x-pci-sub-vendor-id", &device->ids.subsystem_vendor},
               {"x-pci-sub-device-id", &device->ids.subsystem_device}};

    if (vv_xml_has(property, "name", "x-vga"))
        device->x_vga = is_true(property);
    if (vv_xml_has(property, "name", "x-igd-opregion"))
        device->igd_opregion = is_true(property);
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        guint64 id = 0;

        if (!vv_xml_has(property, "name", ids[i].name) || !vv_xml_has(property, "type", "unsigned"))
            continue;
        if (!vv_domread_number(property, "value", G_MAXUINT32, &id, error))
            return FALSE;
        /* QEMU's PCI_ANY_ID, its default, is the card's own. */
        *ids[i].id = id > 0xffff ? -1 : (gint)id;
    }
    return TRUE;
}

static gboolean is_qemu(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           g_str_equal((const char *)node->ns->href, VV_QEMU_URI) &&
           g_str_equal((const char *)node->name, name);
}

gboolean vv_domread_overrides(VvDomain *domain, const xmlNode *root, GError **error)
{
    const xmlNode *all = vv_xml_child(root, "override", VV_QEMU_URI);

    for (const xmlNode *node = all ? all->children : NULL; node; node = node->next) {
        g_autofree char *alias = is_qemu(node, "device") ? vv_xml_get(node, "alias") : NULL;
        VvDomainDevice *device = find_device(domain, alias);
        const xmlNode *frontend = device ? vv_xml_child(node, "frontend", VV_QEMU_URI) : NULL;

        for (const xmlNode *at = frontend ? frontend->children : NULL; at; at = at->next)
            if (is_qemu(at, "property") && !read_property(device, at, error))
                return FALSE;
    }
    return TRUE;
}
