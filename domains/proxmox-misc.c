/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <stddef.h>
#include <string.h>

gboolean vv_pve_kvm(VvPve *pve, const VvPveKey *key, GError **error)
{
    gboolean kvm = TRUE;

    if (!vv_pve_flag(pve, key, &kvm, error))
        return FALSE;
    pve->vm->accel = kvm ? VV_ACCEL_AUTO : VV_ACCEL_TCG;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "accel = %s",
               kvm ? "auto: KVM where the host has it" : "tcg: QEMU's emulation, which is slow");
    return TRUE;
}

gboolean vv_pve_arch(VvPve *pve, const VvPveKey *key, GError **error)
{
    if (!g_str_equal(key->value, "x86_64"))
        return vv_pve_error(pve, key, error, "'%s': virt-vfio makes x86 machines", key->value);
    vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "every guest is x86_64");
    return TRUE;
}

gboolean vv_pve_agent(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const VvPveReason dropped[] = {
        {"freeze-fs", "for Proxmox's backups; nothing here makes any"},
        {"freeze-fs-on-backup", "for Proxmox's backups; nothing here makes any"},
        {"fstrim_cloned_disks", "for clones that Proxmox makes"},
        {"type", "libvirt's channel for the agent is virtio"},
        {0},
    };
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "enabled", error);
    gboolean enabled = FALSE;

    if (!property || !vv_pve_take_flag(pve, property, "enabled", &enabled, error))
        return FALSE;
    vv_pve_say(
        pve, key, NULL, enabled ? VV_PROXMOX_DROPPED : VV_PROXMOX_KEPT, "%s",
        enabled ? "a VM file has no key for the agent's channel; where it is missing, virt-manager adds it "
                  "(org.qemu.guest_agent.0)"
                : "nothing here needs the agent");
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}

gboolean vv_pve_scsihw(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const kinds[] = {"lsi",     "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single",
                                        "megasas", "pvscsi"};
    gsize i = 0;

    while (i < G_N_ELEMENTS(kinds) && !g_str_equal(kinds[i], key->value))
        i++;
    if (i == G_N_ELEMENTS(kinds))
        return vv_pve_error(pve, key, error, "'%s' is no SCSI controller of Proxmox's", key->value);
    if (g_str_has_prefix(key->value, "virtio"))
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "scsi drives are on virtio-scsi");
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "scsi drives are on virtio-scsi here");
    return TRUE;
}

gboolean vv_pve_virtiofs(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char why[] = "libvirt's default is used";
    static const VvPveReason dropped[] = {
        {"cache", why}, {"direct-io", why}, {"expose-acl", why}, {"expose-xattr", why}, {0}};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "dirid", error);
    const char *id = property ? vv_pve_take(property, "dirid") : NULL;
    VvVmShare *share;

    if (!property)
        return FALSE;
    if (!id)
        return vv_pve_error(pve, key, error, "names no folder");
    share = vv_vm_add_share(pve->vm, key->name);
    if (!vv_pve_read(&vv_value_tag, id, &share->tag, NULL))
        share->tag = g_strdup(key->name);
    vv_pve_leave_out(pve, key, offsetof(VvVm, shares), "path",
                     "which folder %s is stands in /etc/pve/mapping/directory.cfg of the Proxmox host, which "
                     "import does not read; write its path",
                     id);
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}
