/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/vmfile-check.h"

#include <string.h>

static gboolean selected(const VvVmDevice *device, VvAddress address)
{
    for (guint i = 0; i < device->selectors->len; i++) {
        const VvSelector *selector = &g_array_index(device->selectors, VvSelector, i);

        if (selector->whole_slot ? vv_address_same_slot(selector->address, address)
                                 : vv_address_equal(selector->address, address))
            return TRUE;
    }
    return device->vf.word && vv_address_equal(device->vf.address, address);
}

/* A word in one card's section must not let another card's reason pass. */
static gboolean check_allow(const VvVmDevice *device, const VvIni *ini, const VvIniSection *section,
                            GError **error)
{
    for (char **word = device->allow; *word; word++) {
        const char *equals = strchr(*word, '=');
        VvAddress address;

        if (!equals || (vv_address_parse(equals + 1, &address, NULL) && selected(device, address)))
            continue;
        return VV_BAD("allow", "'%s': that address is not in this card's host =", *word);
    }
    return TRUE;
}

static gboolean check_guest_address(const VvVmDevice *device, const VvIni *ini, const VvIniSection *section,
                                    GError **error)
{
    static const char key[] = "guest-address";
    guint bus = device->guest_address.bus, slot = device->guest_address.slot;

    if (!device->has_guest_address)
        return TRUE;
    if (device->layout == VV_LAYOUT_SEPARATE)
        return VV_BAD(key, "is one slot, and with functions = separate the card has several");
    if (bus > VV_ROOT_PORTS_MAX)
        return VV_BAD(key, "the guest has at most %d root ports, so buses go up to %02x", VV_ROOT_PORTS_MAX,
                      VV_ROOT_PORTS_MAX);
    if (bus && slot)
        return VV_BAD(key, "behind a root port there is slot 00 only: write %02x:00", bus);
    /* pc_q35_init() in QEMU's hw/i386/pc_q35.c: the host bridge, and the ICH9 with ISA, SATA and SMBus. */
    if (!bus && (slot == 0 || slot == 0x1f))
        return VV_BAD(key, "00:%02x belongs to the chipset", slot);
    return TRUE;
}

static gboolean check_source(const VvVmDevice *device, const VvIni *ini, const VvIniSection *section,
                             GError **error)
{
    if (device->selectors->len)
        return !device->vf.word || VV_BAD("vf", "host is given too; only one of them can be");
    return device->vf.word || VV_BAD("host", "missing; name the card, as in host = 01:00");
}

gboolean vv_vmfile_check_device(const VvVm *vm, gconstpointer object, const VvIni *ini,
                                const VvIniSection *section, GError **error)
{
    (void)vm;
    return check_source(object, ini, section, error) && check_allow(object, ini, section, error) &&
           check_guest_address(object, ini, section, error);
}

gboolean vv_vmfile_check_usb(const VvVm *vm, gconstpointer object, const VvIni *ini,
                             const VvIniSection *section, GError **error)
{
    const VvVmUsb *usb = object;

    for (guint i = 0; i < vm->usbs->len; i++) {
        const VvVmUsb *other = vm->usbs->pdata[i];

        if (other == usb || usb->bus != other->bus || g_strcmp0(usb->port, other->port) != 0 ||
            usb->vendor != other->vendor || usb->product != other->product)
            continue;
        if (usb->port)
            return VV_BAD("host", "[usb %s] has it already", other->name);
        return VV_BAD("host", "[usb %s] has it already; tell two of a kind apart by port, as in host = 1-4.2",
                      other->name);
    }
    return TRUE;
}

/* libvirt's aliases have no '.', so it becomes '_' there, and two cards must not meet. */
static gboolean same_alias(const char *a, const char *b)
{
    g_autofree char *first = g_strdelimit(g_strdup(a), ".", '_');
    g_autofree char *second = g_strdelimit(g_strdup(b), ".", '_');

    return g_str_equal(first, second);
}

static gboolean check_pair(const VvVmDevice *device, const VvVmDevice *before, const VvIni *ini,
                           const VvIniSection *section, GError **error)
{
    if (device->x_vga && before->x_vga)
        return VV_BAD("x-vga", "[device %s] has it too; only one card can be the guest's primary VGA",
                      before->name);
    if (same_alias(device->name, before->name))
        return VV_BAD(NULL, "too like [device %s]: '.' and '_' are the same to libvirt", before->name);
    if (device->has_guest_address && before->has_guest_address &&
        vv_address_same_slot(device->guest_address, before->guest_address))
        return VV_BAD("guest-address", "[device %s] is there already", before->name);
    return TRUE;
}

/* At least: how many functions a whole slot has is known later. */
static guint root_ports(const VvVmDevice *device)
{
    return device->layout == VV_LAYOUT_SEPARATE && !device->vf.word ? device->selectors->len : 1;
}

gboolean vv_vmfile_check_cards(const VvVm *vm, const VvIni *ini, GError **error)
{
    guint ports = 0;

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *device = vm->devices->pdata[i];
        const VvIniSection *section = vv_ini_section(ini, "device", device->name);

        ports += root_ports(device);
        if (ports > VV_ROOT_PORTS_MAX)
            return VV_BAD(NULL, "more than %d cards; the guest has no slots for them", VV_ROOT_PORTS_MAX);
        for (guint j = 0; j < i; j++)
            if (!check_pair(device, vm->devices->pdata[j], ini, section, error))
                return FALSE;
    }
    return TRUE;
}
