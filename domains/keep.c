/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/keep.h"

#include "domains/domread.h"
#include "domains/vmfile-vf.h"
#include "domains/xml.h"

#include <string.h>

static void keep_uuid(VvVm *vm, const xmlNode *domain)
{
    char *uuid = vm->uuid ? NULL : vv_xml_content(vv_xml_child(domain, "uuid", NULL));

    if (uuid && g_uuid_string_is_valid(uuid))
        vm->uuid = g_steal_pointer(&uuid);
    g_free(uuid);
}

static void keep_machine(VvVm *vm, const xmlNode *domain)
{
    const xmlNode *type = vv_xml_child(vv_xml_child(domain, "os", NULL), "type", NULL);
    g_autofree char *machine = type ? vv_xml_get(type, "machine") : NULL;

    if (vm->machine || !machine || !g_str_has_prefix(machine, "pc-q35-"))
        return;
    vm->machine = g_steal_pointer(&machine);
}

/* The same kind of network at the same place of the host. */
static gboolean is_like(const VvVmNetwork *network, const xmlNode *interface)
{
    const xmlNode *source = vv_xml_child(interface, "source", NULL);

    if (network->user)
        return vv_xml_has(interface, "type", "user");
    if (network->bridge)
        return vv_xml_has(interface, "type", "bridge") && source &&
               vv_xml_has(source, "bridge", network->bridge);
    return network->network && vv_xml_has(interface, "type", "network") && source &&
           vv_xml_has(source, "network", network->network);
}

/* A MAC that another network of the file has is taken. */
static gboolean is_free(const VvVm *vm, const char *mac)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        if (network->mac && g_ascii_strcasecmp(network->mac, mac) == 0)
            return FALSE;
    }
    return TRUE;
}

static void keep_macs(VvVm *vm, const xmlNode *domain)
{
    const xmlNode *devices = vv_xml_child(domain, "devices", NULL);

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        const xmlNode *mac = NULL;
        g_autofree char *address = NULL;

        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, "interface"))
            mac = vv_xml_child(node, "mac", NULL);
        address = mac ? vv_xml_get(mac, "address") : NULL;
        if (!address || !vv_identity_mac_valid(address) || !is_free(vm, address))
            continue;
        for (guint i = 0; i < vm->networks->len; i++) {
            VvVmNetwork *network = vm->networks->pdata[i];

            if (network->mac || !is_like(network, node))
                continue;
            network->mac = g_steal_pointer(&address);
            break;
        }
    }
}

static const VvDomainDevice *find_device(const VvDomain *before, const char *name, gboolean interface)
{
    for (guint i = 0; i < before->devices->len; i++) {
        const VvDomainDevice *device = before->devices->pdata[i];

        if (!device->interface == !interface && g_strcmp0(device->card, name) == 0)
            return device;
    }
    return NULL;
}

/* A VF of a pool stays the one that the domain had last, which its next start would choose too. */
static void keep_pool(VvVm *vm, VvVmVf *vf, const VvDomainDevice *device)
{
    if (vf->number == VV_VF_ANY && device && device->number == VV_VF_ANY && device->has_parent &&
        vv_address_equal(vf->parent, device->parent))
        vv_vm_move_vf(vm, vf, device->host);
}

static void keep_vfs(VvVm *vm, const VvDomain *before)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        VvVmDevice *card = vm->devices->pdata[i];

        keep_pool(vm, &card->vf, find_device(before, card->name, FALSE));
    }
    for (guint i = 0; i < vm->networks->len; i++) {
        VvVmNetwork *network = vm->networks->pdata[i];
        const VvDomainDevice *device = network->vf.word ? find_device(before, network->name, TRUE) : NULL;

        keep_pool(vm, &network->vf, device);
        if (device && !network->mac && device->mac && vv_identity_mac_valid(device->mac) &&
            is_free(vm, device->mac))
            network->mac = g_strdup(device->mac);
    }
}

void vv_vm_keep(VvVm *vm, const char *stored)
{
    g_autoptr(VvDomain) before = vv_domain_read(stored, strlen(stored), NULL);
    g_autoptr(xmlDoc) doc = vv_xml_parse(stored, strlen(stored), NULL);
    const xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;

    if (!domain)
        return;
    keep_uuid(vm, domain);
    keep_machine(vm, domain);
    keep_macs(vm, domain);
    if (before)
        keep_vfs(vm, before);
}
