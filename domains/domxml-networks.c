/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"
#include "domains/teams.h"

static void add_vlan(xmlNode *node, guint vlan)
{
    if (vlan)
        vv_xml_setf(vv_xml_add(vv_xml_add(node, "vlan"), "tag"), "id", "%u", vlan);
}

/* A virtual function: libvirt sets MAC and VLAN through its parent and hands it over as it is (managed='no').
 */
static void add_vf(xmlNode *node, const VvVmNetwork *network, const VvGuestLayout *layout)
{
    xmlNode *address;

    vv_xml_set(node, "type", "hostdev");
    vv_xml_set(node, "managed", "no");
    vv_xml_set(vv_xml_add(node, "driver"), "name", "vfio");
    address = vv_domxml_add_address(vv_xml_add(node, "source"), network->vf.address);
    vv_xml_set(address, "type", "pci");
    address = vv_domxml_add_address(node, vv_guest_layout_vf(layout, network));
    vv_xml_set(address, "type", "pci");
}

static void add_queues(xmlNode *node, const VvVmNetwork *network, const VvTuning *tuning)
{
    guint queues = network->queues ? network->queues : tuning->queues;

    /* Several queues are several file descriptors of a tap device; the user's NAT has none. */
    if (queues > 1 && !network->user && g_str_equal(network->model, "virtio"))
        vv_xml_setf(vv_xml_add(node, "driver"), "queues", "%u", queues);
}

static void add_emulated(xmlNode *node, const VvVmNetwork *network, const VvTuning *tuning)
{
    const char *type = network->user ? "user" : network->bridge ? "bridge" : "network";

    vv_xml_set(node, "type", type);
    if (!network->user)
        vv_xml_set(vv_xml_add(node, "source"), type, network->bridge ? network->bridge : network->network);
    vv_xml_set(vv_xml_add(node, "model"), "type", network->model);
    add_queues(node, network, tuning);
    if (network->mtu)
        vv_xml_setf(vv_xml_add(node, "mtu"), "size", "%u", network->mtu);
}

/* The guest pairs the two by their MAC; libvirt wants to know, so that it lets the guest migrate. */
static void add_team(xmlNode *node, const VvVm *vm, const VvVmNetwork *network)
{
    const VvVmNetwork *partner = vv_vm_team_partner(vm, network);
    const VvVmNetwork *stays = partner ? partner : vv_vm_team_vf(vm, network) ? network : NULL;
    g_autofree char *alias = stays ? vv_domxml_network_alias(stays) : NULL;
    xmlNode *team;

    if (!stays)
        return;
    team = vv_xml_add(node, "teaming");
    vv_xml_set(team, "type", partner ? "transient" : "persistent");
    vv_xml_set(team, "persistent", partner ? alias : NULL);
    if (!partner)
        vv_xml_set(vv_xml_add(node, "alias"), "name", alias);
}

void vv_domxml_add_networks(xmlNode *devices, const VvVm *vm, const VvTuning *tuning)
{
    g_autoptr(GHashTable) orders = vv_domxml_boot_orders(vm);
    g_autoptr(VvGuestLayout) layout = vv_guest_layout_new(vm);

    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];
        xmlNode *node = vv_xml_add(devices, "interface");

        if (network->mac)
            vv_xml_set(vv_xml_add(node, "mac"), "address", network->mac);
        if (network->vf.word)
            add_vf(node, network, layout);
        else
            add_emulated(node, network, tuning);
        add_team(node, vm, network);
        add_vlan(node, network->vlan);
        if (network->link_down)
            vv_xml_set(vv_xml_add(node, "link"), "state", "down");
        vv_domxml_add_boot(node, orders, network);
    }
}
