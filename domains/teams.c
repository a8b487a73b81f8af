/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/teams.h"

#include "domains/vmfile-check.h"

#include <string.h>

VvVmNetwork *vv_vm_team_partner(const VvVm *vm, const VvVmNetwork *vf)
{
    for (guint i = 0; vf->teaming && i < vm->networks->len; i++) {
        VvVmNetwork *network = vm->networks->pdata[i];

        if (g_str_equal(network->name, vf->teaming))
            return network;
    }
    return NULL;
}

const VvVmNetwork *vv_vm_team_vf(const VvVm *vm, const VvVmNetwork *emulated)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        if (network->teaming && g_str_equal(network->teaming, emulated->name))
            return network;
    }
    return NULL;
}

void vv_vm_share_macs(VvVm *vm)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        VvVmNetwork *vf = vm->networks->pdata[i], *partner = vv_vm_team_partner(vm, vf);

        if (!partner)
            continue;
        if (!vf->mac && !partner->mac)
            partner->mac =
                g_strdup_printf("52:54:00:%02x:%02x:%02x", (guint)g_random_int_range(0, 256),
                                (guint)g_random_int_range(0, 256), (guint)g_random_int_range(0, 256));
        if (!vf->mac)
            vf->mac = g_strdup(partner->mac);
        else if (!partner->mac)
            partner->mac = g_strdup(vf->mac);
    }
}

static gboolean check_team(const VvVm *vm, const VvVmNetwork *vf, const VvIni *ini, GError **error)
{
    const VvIniSection *section = vv_ini_section(ini, "network", vf->name);
    const VvVmNetwork *partner = vv_vm_team_partner(vm, vf);

    if (!partner)
        return VV_BAD("teaming", "there is no [network %s]", vf->teaming);
    if (partner->vf.word || !g_str_equal(partner->model, "virtio"))
        return VV_BAD("teaming", "[network %s] has to be an emulated card, with model = virtio",
                      partner->name);
    if (vv_vm_team_vf(vm, partner) != vf)
        return VV_BAD("teaming", "[network %s] stands in for [network %s] already", partner->name,
                      vv_vm_team_vf(vm, partner)->name);
    if (vf->mac && partner->mac && g_ascii_strcasecmp(vf->mac, partner->mac) != 0)
        return VV_BAD("mac",
                      "[network %s], which stands in for this one, has %s, and the guest pairs them by their "
                      "MAC; give one of them only",
                      partner->name, partner->mac);
    return TRUE;
}

/* libvirt's aliases have no '.'. */
static gboolean check_names(const VvVm *vm, const VvVmNetwork *vf, const VvIni *ini, GError **error)
{
    g_autofree char *name = g_strdelimit(g_strdup(vf->teaming), ".", '_');

    for (guint i = 0; vm->networks->pdata[i] != vf; i++) {
        const VvVmNetwork *other = vm->networks->pdata[i];
        g_autofree char *same = g_strdelimit(g_strdup(other->teaming ? other->teaming : ""), ".", '_');
        const VvIniSection *section = vv_ini_section(ini, "network", vf->name);

        if (g_str_equal(name, same))
            return VV_BAD("teaming", "too like that of [network %s]: '.' and '_' are the same to libvirt",
                          other->name);
    }
    return TRUE;
}

gboolean vv_vmfile_check_teams(const VvVm *vm, const VvIni *ini, GError **error)
{
    for (guint i = 0; i < vm->networks->len; i++) {
        const VvVmNetwork *network = vm->networks->pdata[i];

        if (network->teaming &&
            (!check_team(vm, network, ini, error) || !check_names(vm, network, ini, error)))
            return FALSE;
    }
    return TRUE;
}
