/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include <string.h>

static gboolean check_source(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                             GError **error)
{
    const char *first = NULL;
    const struct {
        const char *name;
        gboolean given;
    } sources[] = {{"bridge", network->bridge != NULL},
                   {"network", network->network != NULL},
                   {"user", network->user},
                   {"vf", network->vf.word != NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (!sources[i].given)
            continue;
        if (first)
            return VV_BAD(first, "%s is given too; only one of them can be", sources[i].name);
        first = sources[i].name;
    }
    return first ||
           VV_BAD(NULL, "needs bridge = or network =, or user = yes, or vf = with a virtual function");
}

/* What only the PF of a VF can be told. */
static gboolean check_emulated(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                               GError **error)
{
    static const char *const of_vf[] = {"qos", "trust", "spoofchk", "rate", "teaming"};

    for (gsize i = 0; i < G_N_ELEMENTS(of_vf); i++)
        if (vv_ini_key(section, of_vf[i]))
            return VV_BAD(of_vf[i], "only a vf has this");
    return network->vf_link < 0 || VV_BAD("link", "only a vf has this; an emulated card's is up or down");
}

/* A function of the host's card has queues, model and cable of its own. */
static gboolean check_vf(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                         GError **error)
{
    static const char *const emulated[] = {"model", "queues", "mtu"};

    for (gsize i = 0; i < G_N_ELEMENTS(emulated); i++)
        if (vv_ini_key(section, emulated[i]))
            return VV_BAD(emulated[i], "of no use with vf, which is real hardware");
    if (vv_ini_key(section, "link") && network->vf_link < 0)
        return VV_BAD("link", "a vf's is auto (as its card's), enable or disable");
    return !network->qos || network->vlan || VV_BAD("qos", "is the priority of a VLAN; say vlan = too");
}

/* libvirt's src/qemu/qemu_domain.c (qemuDomainNetSupportsMTU) and qemu_validate.c. */
static gboolean check_user(const VvVmNetwork *network, const VvIni *ini, const VvIniSection *section,
                           GError **error)
{
    if (!network->user)
        return TRUE;
    if (network->vlan)
        return VV_BAD("vlan", "QEMU's user-mode network has none");
    if (network->queues > 1)
        return VV_BAD("queues", "QEMU's user-mode network has one");
    return !network->mtu || VV_BAD("mtu", "cannot be set on QEMU's user-mode network");
}

gboolean vv_vmfile_check_network(const VvVm *vm, gconstpointer object, const VvIni *ini,
                                 const VvIniSection *section, GError **error)
{
    const VvVmNetwork *network = object;

    (void)vm;
    if (!check_source(network, ini, section, error) || !check_user(network, ini, section, error) ||
        !(network->vf.word ? check_vf : check_emulated)(network, ini, section, error))
        return FALSE;
    return network->queues < 2 || g_str_equal(network->model, "virtio") ||
           VV_BAD("queues", "only virtio has more than one");
}
