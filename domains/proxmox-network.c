/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

static const struct {
    const char *proxmox, *here;
} models[] = {
    {"virtio", "virtio"},       {"e1000e", "e1000e"},       {"e1000", "e1000"},
    {"rtl8139", "rtl8139"},     {"vmxnet3", "vmxnet3"},     {"e1000-82540em", "e1000"},
    {"e1000-82544gc", "e1000"}, {"e1000-82545em", "e1000"}, {"i82551", "e1000"},
    {"i82557b", "e1000"},       {"i82559er", "e1000"},      {"ne2k_isa", "rtl8139"},
    {"ne2k_pci", "rtl8139"},    {"pcnet", "rtl8139"},
};

static const VvPveReason dropped[] = {
    {"firewall",
     "the rules are Proxmox's (/etc/pve/firewall); nothing here filters: use nftables on this host"},
    {"rate", "a VM file has no limits for networks; after 'define': virsh domiftune DOMAIN INTERFACE"},
    {"trunks", "a VM file gives a card one VLAN (vlan =); without it a bridge with VLANs hands over all that "
               "it lets through"},
    {"host-tunnel", "QEMU's default"},
    {0},
};

static gsize find_model(const char *name)
{
    gsize i = 0;

    while (i < G_N_ELEMENTS(models) && !g_str_equal(models[i].proxmox, name))
        i++;
    return i;
}

static gboolean has_twin(const VvPve *pve, const VvVmNetwork *network)
{
    for (guint i = 0; i < pve->vm->networks->len; i++) {
        const VvVmNetwork *other = pve->vm->networks->pdata[i];

        if (other != network && g_strcmp0(other->mac, network->mac) == 0)
            return TRUE;
    }
    return FALSE;
}

/* "virtio=MAC", "virtio,…", or "model=virtio,macaddr=MAC". */
static gboolean take_model(VvPve *pve, VvPveProperty *property, VvVmNetwork *network, GError **error)
{
    const char *model = vv_pve_take(property, "model"), *mac = vv_pve_take(property, "macaddr");
    g_autoptr(GError) problem = NULL;
    gsize which;

    for (guint i = 0; i < property->options->len; i++) {
        const VvPveOption *option = property->options->pdata[i];

        if (find_model(option->name) == G_N_ELEMENTS(models))
            continue;
        if (model || mac)
            return vv_pve_error(pve, property->key, error, "more than one model");
        model = option->name;
        mac = vv_pve_take(property, option->name);
    }
    which = model ? find_model(model) : G_N_ELEMENTS(models);
    if (which == G_N_ELEMENTS(models))
        return vv_pve_error(pve, property->key, error,
                            model ? "'%s' is no model of a network card" : "no model%s", model ? model : "");
    vv_pve_set(&network->model, g_strdup(models[which].here));
    if (mac && !vv_pve_read(&vv_value_mac, mac, &network->mac, &problem))
        return vv_pve_error(pve, property->key, error, "%s", problem->message);
    if (mac && has_twin(pve, network)) {
        g_clear_pointer(&network->mac, g_free);
        vv_pve_say(pve, property->key, "macaddr", VV_PROXMOX_DROPPED,
                   "another card has it; libvirt makes one");
    }
    if (!g_str_equal(models[which].proxmox, models[which].here))
        vv_pve_say(pve, property->key, "model", VV_PROXMOX_TRANSLATED,
                   "%s in place of %s, which libvirt does not offer on q35", models[which].here, model);
    return TRUE;
}

static gboolean take_bridge(VvPve *pve, VvPveProperty *property, VvVmNetwork *network, GError **error)
{
    const char *bridge = vv_pve_take(property, "bridge");
    g_autoptr(GError) problem = NULL;

    network->user = !bridge;
    if (bridge && !vv_pve_read(&vv_value_bridge, bridge, &network->bridge, &problem))
        return vv_pve_error(pve, property->key, error, "%s", problem->message);
    return TRUE;
}

static gboolean take_settings(VvPve *pve, VvPveProperty *property, VvVmNetwork *network, GError **error)
{
    guint64 tag = 0, queues = 0, mtu = 1;
    gboolean virtio = g_str_equal(network->model, "virtio");

    if (!vv_pve_take_number(pve, property, "tag", 1, 4094, &tag, error) ||
        !vv_pve_take_number(pve, property, "queues", 0, 64, &queues, error) ||
        !vv_pve_take_number(pve, property, "mtu", 1, 65520, &mtu, error) ||
        !vv_pve_take_flag(pve, property, "link_down", &network->link_down, error))
        return FALSE;
    if (tag && network->user)
        vv_pve_say(pve, property->key, "tag", VV_PROXMOX_DROPPED, "there are no VLANs without a bridge");
    else if (tag) {
        network->vlan = (guint)tag;
        vv_pve_say(pve, property->key, "tag", VV_PROXMOX_TRANSLATED,
                   "vlan = %u; libvirt sets it on Open vSwitch, and since 11.0 on a Linux bridge with "
                   "vlan_filtering; elsewhere make "
                   "a bridge for this VLAN",
                   network->vlan);
    }
    if (queues && virtio && !network->user)
        network->queues = (guint)queues;
    else if (queues)
        vv_pve_say(pve, property->key, "queues", VV_PROXMOX_DROPPED,
                   "only virtio cards on a bridge have several");
    /* 1 means the bridge's, which is what libvirt does without a word. */
    if (mtu >= 576 && virtio && !network->user)
        network->mtu = (guint)mtu;
    else if (mtu > 1)
        vv_pve_say(pve, property->key, "mtu", VV_PROXMOX_DROPPED,
                   "only for virtio cards on a bridge, and 576 at least");
    return TRUE;
}

gboolean vv_pve_net(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "model", error);
    VvVmNetwork *network = vv_vm_add_network(pve->vm, key->name);

    if (!property || !take_model(pve, property, network, error) ||
        !take_bridge(pve, property, network, error) || !take_settings(pve, property, network, error))
        return FALSE;
    if (network->user)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT,
                   "%s, user = yes: QEMU's own NAT, as in Proxmox without a bridge", network->model);
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "%s on %s: this host needs a bridge of that name",
                   network->model, network->bridge);
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}
