/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

static const VvPveReason dropped[] = {
    {"aw-bits", "the virtual IOMMU's width is QEMU's choice"},
    {"enable-s3", "a VM file has no such setting; guests with real devices seldom wake from suspend"},
    {"enable-s4", "a VM file has no such setting"},
    {0},
};

static gboolean is_q35(const char *type)
{
    return g_str_equal(type, "q35") || g_str_has_prefix(type, "pc-q35-");
}

static void say_i440fx(VvPve *pve, const VvPveKey *key, const char *type)
{
    static const char text[] =
        "%s becomes q35, because real devices want PCI Express: the guest finds its devices at other "
        "addresses, so network interfaces may get other names, and Windows looks for drivers again";

    if (key)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, text, type);
    else
        vv_pve_say_default(pve, "machine", VV_PROXMOX_TRANSLATED, text, "i440fx, Proxmox's default,");
}

/* "pc-q35-9.2+pve1": what is behind '+' is a version of Proxmox's own. */
static gboolean take_q35(VvPve *pve, const VvPveKey *key, const char *type, GError **error)
{
    g_autofree char *machine = g_strndup(type, strcspn(type, "+"));
    g_autoptr(GError) problem = NULL;

    if (!vv_pve_read(&vv_value_machine, machine, &pve->vm->machine, &problem))
        return vv_pve_error(pve, key, error, "%s", problem->message);
    /* "q35" alone means the newest in Proxmox too, but at each start; here it is pinned when it is defined.
     */
    if (g_str_equal(machine, "q35"))
        g_clear_pointer(&pve->vm->machine, g_free);
    if (pve->vm->machine)
        vv_pve_say(pve, key, NULL, g_str_equal(machine, type) ? VV_PROXMOX_KEPT : VV_PROXMOX_TRANSLATED,
                   "machine = %s; where QEMU is older than that, take the line out", machine);
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "q35, of the newest version when the domain is defined");
    return TRUE;
}

gboolean vv_pve_machine(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const viommus[] = {"intel", "virtio", NULL};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "type", error);
    const char *type = property ? vv_pve_take(property, "type") : NULL, *viommu = NULL;

    if (!property || !vv_pve_take_word(pve, property, "viommu", viommus, &viommu, error))
        return FALSE;
    if (!type)
        type = "pc";
    if (g_str_has_prefix(type, "virt"))
        return vv_pve_error(pve, key, error, "'%s' is for ARM; virt-vfio makes x86 machines", type);
    if (is_q35(type)) {
        if (!take_q35(pve, key, type, error))
            return FALSE;
    } else if (g_str_equal(type, "pc") || g_str_has_prefix(type, "pc-i440fx-") ||
               g_str_has_prefix(type, "pc-"))
        say_i440fx(pve, key, type);
    else
        return vv_pve_error(pve, key, error, "'%s' is no machine of Proxmox's", type);
    if (viommu) {
        vv_pve_set(&pve->vm->viommu, g_strdup(viommu));
        vv_pve_say(pve, key, "viommu", VV_PROXMOX_KEPT, "viommu = %s", viommu);
    }
    vv_pve_take_rest(pve, property, dropped);
    return TRUE;
}

/* What a VM file wants of Windows 11 and this configuration has not; and what it would add by itself. */
void vv_pve_windows(VvPve *pve)
{
    VvVm *vm = pve->vm;
    gboolean is_11 = vm->os == VV_OS_WINDOWS && vm->os_version == 11;

    if (is_11 && !vm->tpm)
        vm->tpm = g_strdup("none");
    if (!is_11 || (vm->firmware != VV_FIRMWARE_BIOS && !g_str_equal(vm->tpm, "1.2")))
        return;
    vm->os_version = 0;
    vv_pve_say_default(pve, "ostype", VV_PROXMOX_TRANSLATED,
                       "os = windows: Windows 11 wants UEFI and a TPM 2.0, and this machine has %s",
                       vm->firmware == VV_FIRMWARE_BIOS ? "SeaBIOS" : "a TPM 1.2");
}

void vv_pve_machine_default(VvPve *pve)
{
    if (!vv_pve_key(pve->file->main, "machine"))
        say_i440fx(pve, NULL, NULL);
    if (!vv_pve_key(pve->file->main, "bios")) {
        pve->vm->firmware = VV_FIRMWARE_BIOS;
        vv_pve_say_default(pve, "bios", VV_PROXMOX_TRANSLATED,
                           "firmware = bios: SeaBIOS is Proxmox's default");
    }
}

/* The option of the efidisk decides about Secure Boot. */
static gboolean has_enrolled_keys(VvPve *pve, gboolean *ret, GError **error)
{
    const VvPveKey *key = vv_pve_key(pve->file->main, "efidisk0");
    g_autoptr(VvPveProperty) property = key ? vv_pve_property(pve, key, "file", error) : NULL;
    gboolean good = !key || (property && vv_pve_take_flag(pve, property, "pre-enrolled-keys", ret, error));

    if (good && *ret && g_strcmp0(vv_pve_take(property, "efitype"), "4m") != 0)
        *ret = FALSE; /* qm(1): enrolled keys are only in the 4m type */
    return good;
}

gboolean vv_pve_bios(VvPve *pve, const VvPveKey *key, GError **error)
{
    gboolean secure = FALSE;

    if (g_str_equal(key->value, "seabios")) {
        pve->vm->firmware = VV_FIRMWARE_BIOS;
        vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED, "firmware = bios");
        return TRUE;
    }
    if (!g_str_equal(key->value, "ovmf"))
        return vv_pve_error(pve, key, error, "'%s' is neither seabios nor ovmf", key->value);
    if (!has_enrolled_keys(pve, &secure, error))
        return FALSE;
    pve->vm->firmware = secure ? VV_FIRMWARE_UEFI_SECURE : VV_FIRMWARE_UEFI;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
               secure ? "firmware = uefi-secure, because the efidisk has Microsoft's keys"
                      : "firmware = uefi, without Secure Boot, because the efidisk has no keys");
    return TRUE;
}

/* How many bytes OVMF has for its variables: OVMF_VARS_4M.fd and OVMF_VARS.fd (edk2,
 * OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc). */
#define VARS_4M "540672"
#define VARS_2M "131072"

static char *how_to_copy(const char *path, const char *format, gboolean is_4m)
{
    /* Proxmox makes an image as large as the variables, and a volume larger than that. */
    if (g_strcmp0(format, "qcow2") == 0)
        return g_strdup_printf("qemu-img convert -O raw %s FILE", path);
    return g_strdup_printf("dd if=%s of=FILE bs=%s count=1", path, is_4m ? VARS_4M : VARS_2M);
}

gboolean vv_pve_efidisk(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const types[] = {"2m", "4m", NULL};
    static const VvPveReason not_needed[] = {
        {"size", "only a note of Proxmox's"},
        {"ms-cert", "only a note of Proxmox's: which of Microsoft's keys are in it"},
        {"format", "only a note of Proxmox's"},
        {0},
    };
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "file", error);
    const char *volume = property ? vv_pve_take(property, "file") : NULL, *type = "2m", *format;
    g_autofree char *why = NULL, *path = NULL, *how = NULL;
    gboolean keys;

    if (!property || !vv_pve_take_flag(pve, property, "pre-enrolled-keys", &keys, error) ||
        !vv_pve_take_word(pve, property, "efitype", types, &type, error))
        return FALSE;
    if (!volume)
        volume = vv_pve_take(property, "volume");
    if (!volume)
        return vv_pve_error(pve, key, error, "names no volume");
    path = vv_pve_volume_path(pve, volume, &format, &why);
    how = how_to_copy(path ? path : "VOLUME", format, g_str_equal(type, "4m"));
    if (pve->vm->firmware == VV_FIRMWARE_BIOS)
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "of no use with SeaBIOS");
    else
        vv_pve_say(
            pve, key, NULL, VV_PROXMOX_DROPPED,
            "UEFI's variables (boot entries, Secure Boot) begin anew in a file that libvirt makes; import "
            "moves no data. To take them along: '%s', and nvram = FILE%s",
            how,
            g_str_equal(type, "4m") ? ""
                                    : ", which only OVMF's builds of 2 MB can read: this is the old type");
    vv_pve_take_rest(pve, property, not_needed);
    return TRUE;
}

gboolean vv_pve_tpmstate(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const versions[] = {"v1.2", "v2.0", NULL};
    static const VvPveReason not_needed[] = {
        {"size", "only a note of Proxmox's"},
        {"format", "only a note of Proxmox's"},
        {0},
    };
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "file", error);
    const char *version = "v1.2";

    if (!property || !vv_pve_take_word(pve, property, "version", versions, &version, error))
        return FALSE;
    if (!vv_pve_take(property, "file") && !vv_pve_take(property, "volume"))
        return vv_pve_error(pve, key, error, "names no volume");
    vv_pve_set(&pve->vm->tpm, g_strdup(version + 1));
    vv_pve_say(pve, key, NULL, VV_PROXMOX_TRANSLATED,
               "tpm = %s, and it begins empty: what the old one keeps cannot be moved. Before the move "
               "suspend BitLocker or have its "
               "recovery key at hand; passkeys and PINs of Windows Hello are made anew",
               version + 1);
    vv_pve_take_rest(pve, property, not_needed);
    return TRUE;
}
