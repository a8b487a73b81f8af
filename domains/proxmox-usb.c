/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <stddef.h>
#include <string.h>

/* "046d:c52b", "1-4.2", and "0x046d:0xc52b", which Proxmox takes too. */
static gboolean parse_host(const char *text, VvVmUsb *usb)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 3);
    g_autofree char *plain = NULL;

    for (char **part = parts; *part; part++)
        if (g_str_has_prefix(*part, "0x"))
            memmove(*part, *part + 2, strlen(*part + 2) + 1);
    plain = g_strjoinv(":", parts);
    return vv_pve_read(&vv_value_usb, plain, usb, NULL);
}

static gboolean same_device(const VvVmUsb *a, const VvVmUsb *b)
{
    return a->vendor == b->vendor && a->product == b->product && a->bus == b->bus &&
           g_strcmp0(a->port, b->port) == 0;
}

static const VvVmUsb *twin_of(const VvPve *pve, const VvVmUsb *usb)
{
    for (guint i = 0; i < pve->vm->usbs->len; i++) {
        const VvVmUsb *other = pve->vm->usbs->pdata[i];

        if (other != usb && same_device(other, usb))
            return other;
    }
    return NULL;
}

static void forget(VvPve *pve)
{
    g_ptr_array_remove_index(pve->vm->usbs, pve->vm->usbs->len - 1);
}

static gboolean take_device(VvPve *pve, const VvPveKey *key, const char *host, VvVmUsb *usb, GError **error)
{
    const VvVmUsb *twin;

    if (!parse_host(host, usb))
        return vv_pve_error(pve, key, error, "host: '%s' is neither VENDOR:PRODUCT nor BUS-PORT nor spice",
                            host);
    twin = twin_of(pve, usb);
    if (twin) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED, "%s is the same device", twin->name);
        forget(pve);
        return TRUE;
    }
    usb->optional = TRUE;
    vv_pve_say(pve, key, NULL, VV_PROXMOX_KEPT,
               "host = %s; optional, because in Proxmox too the guest starts without it", host);
    return TRUE;
}

gboolean vv_pve_usb(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "host", error);
    const char *host = property ? vv_pve_take(property, "host") : NULL;
    const char *mapping = property ? vv_pve_take(property, "mapping") : NULL;
    gboolean usb3 = FALSE;

    if (!property || !vv_pve_take_flag(pve, property, "usb3", &usb3, error))
        return FALSE;
    if (!host == !mapping)
        return vv_pve_error(pve, key, error, "needs either host or mapping, and not both");
    if (usb3)
        vv_pve_say(pve, key, "usb3", VV_PROXMOX_DROPPED,
                   "the guest's controller is xHCI, which takes every speed");
    vv_pve_take_rest(pve, property, NULL);
    if (mapping) {
        vv_vm_add_usb(pve->vm, key->name)->optional = TRUE;
        vv_pve_leave_out(
            pve, key, offsetof(VvVm, usbs), "host",
            "which device the mapping %s means stands in /etc/pve/mapping/usb.cfg of the Proxmox host, which "
            "import does not read; write VENDOR:PRODUCT or BUS-PORT",
            mapping);
        return TRUE;
    }
    if (g_str_equal(host, "spice")) {
        vv_pve_say(pve, key, NULL, VV_PROXMOX_DROPPED,
                   "a channel for devices of the computer that shows the screen; virt-manager adds one (USB "
                   "redirection)");
        return TRUE;
    }
    return take_device(pve, key, host, vv_vm_add_usb(pve->vm, key->name), error);
}
