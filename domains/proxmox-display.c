/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <string.h>

static const VvPveReason vga_dropped[] = {
    {"memory", "the video memory is libvirt's choice"},
    {"clipboard", "a VM file has no such setting"},
    {0},
};

static const struct {
    const char *proxmox, *video, *graphics, *lost; /* `lost`: what is not the same; NULL: nothing */
} screens[] = {
    {"std", "vga", "vnc", NULL},
    {"none", "none", "none", NULL},
    {"qxl", "qxl", "spice", NULL},
    {"qxl2", "qxl", "spice", "one screen instead of several"},
    {"qxl3", "qxl", "spice", "one screen instead of several"},
    {"qxl4", "qxl", "spice", "one screen instead of several"},
    {"virtio", "virtio", "vnc", NULL},
    {"virtio-gl", "virtio", "vnc", "without OpenGL on the host"},
    {"vmware", "vga", "vnc", "a standard VGA, which every guest can use, in place of VMware's"},
    {"cirrus", "vga", "vnc", "a standard VGA in place of Cirrus"},
    {"serial0", "none", "none", "the guest's first serial port is always there: virsh console"},
    {"serial1", "none", "none", "there is only the first serial port: virsh console"},
    {"serial2", "none", "none", "there is only the first serial port: virsh console"},
    {"serial3", "none", "none", "there is only the first serial port: virsh console"},
};

gboolean vv_pve_vga(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "type", error);
    const char *type = property ? vv_pve_take(property, "type") : NULL;
    gsize i = 0;

    if (!property)
        return FALSE;
    while (i < G_N_ELEMENTS(screens) && !g_str_equal(screens[i].proxmox, type ? type : "std"))
        i++;
    if (i == G_N_ELEMENTS(screens))
        return vv_pve_error(pve, key, error, "'%s' is no display of Proxmox's", type);
    vv_pve_set(&pve->vm->display.video, g_strdup(screens[i].video));
    vv_pve_set(&pve->vm->display.graphics, g_strdup(screens[i].graphics));
    vv_pve_say(pve, key, NULL, screens[i].lost ? VV_PROXMOX_TRANSLATED : VV_PROXMOX_KEPT,
               "video = %s, graphics = %s%s%s", screens[i].video, screens[i].graphics,
               screens[i].lost ? "; " : "", screens[i].lost ? screens[i].lost : "");
    vv_pve_take_rest(pve, property, vga_dropped);
    return TRUE;
}

gboolean vv_pve_audio(VvPve *pve, const VvPveKey *key, GError **error)
{
    static const char *const devices[] = {"ich9-intel-hda", "intel-hda", "AC97", NULL};
    static const char *const drivers[] = {"spice", "none", NULL};
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, NULL, error);
    const char *device = NULL, *driver = "spice";
    gboolean spice = g_str_equal(pve->vm->display.graphics, "spice");

    if (!property || !vv_pve_take_word(pve, property, "device", devices, &device, error) ||
        !vv_pve_take_word(pve, property, "driver", drivers, &driver, error))
        return FALSE;
    if (!device)
        return vv_pve_error(pve, key, error, "device is missing");
    vv_pve_set(&pve->vm->sound.model, g_strdup(g_str_equal(device, "AC97") ? "ac97" : "ich9"));
    vv_pve_set(&pve->vm->sound.backend, g_strdup(g_str_equal(driver, "spice") && spice ? "spice" : "none"));
    vv_pve_say(pve, key, NULL, g_str_equal(device, "intel-hda") ? VV_PROXMOX_TRANSLATED : VV_PROXMOX_KEPT,
               "[sound] model = %s, backend = %s%s", pve->vm->sound.model, pve->vm->sound.backend,
               spice || g_str_equal(driver, "none") ? "" : ": nobody can hear it without a SPICE display");
    vv_pve_take_rest(pve, property, NULL);
    return TRUE;
}

gboolean vv_pve_serial(VvPve *pve, const VvPveKey *key, GError **error)
{
    if (!g_str_equal(key->value, "socket") && !g_str_has_prefix(key->value, "/dev/"))
        return vv_pve_error(pve, key, error, "'%s' is neither socket nor a device in /dev", key->value);
    if (*key->value == '/')
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "a VM file has no serial ports of the host; after 'define', virsh edit can add one");
    else if (g_str_equal(key->name, "serial0"))
        vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT, "the first serial port is always there: virsh console");
    else
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "the guest has one serial port");
    return TRUE;
}
