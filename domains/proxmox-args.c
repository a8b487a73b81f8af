/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

static gboolean is_on(const char *text)
{
    return g_str_equal(text, "on") || g_str_equal(text, "true") || g_str_equal(text, "yes") ||
           g_str_equal(text, "1");
}

/* "device.hostpci0.x-igd-opregion=on" */
static gboolean take_set(VvPve *pve, const VvPveKey *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ".", 3);
    const char *equals = g_strv_length(parts) == 3 ? strchr(parts[2], '=') : NULL;

    if (!equals || !g_str_equal(parts[0], "device") || !g_str_has_prefix(parts[2], "x-igd-opregion="))
        return FALSE;
    for (guint i = 0; i < pve->vm->devices->len; i++) {
        VvVmDevice *device = pve->vm->devices->pdata[i];
        /* Proxmox calls the functions of hostpci0 hostpci0.0 and so on where there are several. */
        if (!g_str_equal(device->name, parts[1]))
            continue;
        device->igd_opregion = is_on(equals + 1);
        vv_pve_say(pve, key, "-set", VV_PROXMOX_TRANSLATED, "igd-opregion = %s of [device %s]",
                   device->igd_opregion ? "yes" : "no", device->name);
        return TRUE;
    }
    return FALSE;
}

static gboolean take_window(VvPve *pve, const VvPveKey *key, const char *option, const char *size)
{
    if (!vv_pve_read(&vv_value_mmio, size, &pve->vm->mmio, NULL))
        return FALSE;
    vv_pve_say(pve, key, option, VV_PROXMOX_TRANSLATED, "mmio = %s", size);
    return TRUE;
}

static gboolean take_fw_cfg(VvPve *pve, const VvPveKey *key, const char *value)
{
    g_autofree char *text = vv_pve_word(value, "string"), *size = text ? g_strconcat(text, "M", NULL) : NULL;

    return size && strstr(value, "opt/ovmf/X-PciMmio64Mb") && take_window(pve, key, "-fw_cfg", size);
}

static gboolean take_global(VvPve *pve, const VvPveKey *key, const char *value)
{
    return g_str_has_prefix(value, "q35-pcihost.pci-hole64-size=") &&
           take_window(pve, key, "-global", strchr(value, '=') + 1);
}

static gboolean take_cpu(VvPve *pve, const VvPveKey *key, const char *value)
{
    g_autofree char *kvm = vv_pve_word(value, "kvm");

    if (!kvm || is_on(kvm))
        return FALSE;
    pve->vm->hide_kvm = TRUE;
    vv_pve_say(pve, key, "-cpu", VV_PROXMOX_TRANSLATED,
               "hide-kvm = yes, of '%s'; the rest of it is not taken: cpu and os decide about the CPU",
               value);
    return TRUE;
}

/* Looking Glass' own instructions for Proxmox: -object memory-backend-file of /dev/shm, and an ivshmem-plain
 * for it. */
static gboolean take_object(VvPve *pve, const VvPveKey *key, const char *value)
{
    g_autofree char *path = vv_pve_word(value, "mem-path"), *size = vv_pve_word(value, "size"), *name = NULL;
    guint64 kib;

    if (!g_str_has_prefix(value, "memory-backend-file,") || !path || !size ||
        !g_str_has_prefix(path, "/dev/shm/") || !vv_pve_read(&vv_value_shmem, size, &kib, NULL) ||
        !vv_pve_read(&vv_value_name, path + strlen("/dev/shm/"), &name, NULL))
        return FALSE;
    for (guint i = 0; i < pve->vm->shmems->len; i++)
        if (g_str_equal(((const VvVmShmem *)pve->vm->shmems->pdata[i])->name, name))
            return FALSE;
    vv_vm_add_shmem(pve->vm, name)->size_kib = kib;
    vv_pve_say(pve, key, "-object", VV_PROXMOX_TRANSLATED, "[shmem %s] size = %s", name, size);
    return TRUE;
}

static gboolean take_device(VvPve *pve, const VvPveKey *key, const char *value)
{
    if (!g_str_has_prefix(value, "ivshmem-plain,"))
        return FALSE;
    vv_pve_say(pve, key, "-device", VV_PROXMOX_TRANSLATED,
               "ivshmem-plain comes with the [shmem] section of its memory, where that could be taken");
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*take)(VvPve *pve, const VvPveKey *key, const char *value);
} options[] = {
    {"-set", take_set}, {"-fw_cfg", take_fw_cfg}, {"-global", take_global},
    {"-cpu", take_cpu}, {"-object", take_object}, {"-device", take_device},
};

/* Options whose end is met in any case. */
static gboolean take_flag(VvPve *pve, const VvPveKey *key, const char *name)
{
    if (!g_str_equal(name, "-no-hpet"))
        return FALSE;
    vv_pve_say(pve, key, name, VV_PROXMOX_KEPT, "no guest has an HPET here");
    return TRUE;
}

static gboolean take_option(VvPve *pve, const VvPveKey *key, const char *name, const char *value)
{
    if (!value)
        return take_flag(pve, key, name);
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (g_str_equal(options[i].name, name))
            return options[i].take(pve, key, value);
    return FALSE;
}

gboolean vv_pve_args(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_auto(GStrv) words = NULL;

    if (!g_shell_parse_argv(key->value, NULL, &words, NULL))
        return vv_pve_error(pve, key, error, "its quotes do not match");
    for (char **word = words; *word;) {
        const char *name = *word++, *value = *word && **word != '-' ? *word++ : NULL;

        if (!take_option(pve, key, name, value))
            vv_pve_say(pve, key, name, VV_PROXMOX_DROPPED,
                       "'%s%s%s' is for QEMU and was not taken; if the guest needs it, put it into "
                       "qemu:commandline after 'define' "
                       "(virsh edit)",
                       name, value ? " " : "", value ? value : "");
    }
    return TRUE;
}
