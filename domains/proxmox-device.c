/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/proxmox-internal.h"

#include <stddef.h>
#include <string.h>

/* What one section of a VM file takes: a PCI slot has that many functions. */
#define MAX_FUNCTIONS 8

static gboolean overlap(const VvSelector *a, const VvSelector *b)
{
    return a->whole_slot || b->whole_slot ? vv_address_same_slot(a->address, b->address)
                                          : vv_address_equal(a->address, b->address);
}

static const VvVmDevice *other_with(const VvPve *pve, const VvVmDevice *device)
{
    for (guint i = 0; i < pve->vm->devices->len; i++) {
        const VvVmDevice *other = pve->vm->devices->pdata[i];

        for (guint a = 0; other != device && a < other->selectors->len; a++)
            for (guint b = 0; b < device->selectors->len; b++)
                if (overlap(&g_array_index(other->selectors, VvSelector, a),
                            &g_array_index(device->selectors, VvSelector, b)))
                    return other;
    }
    return NULL;
}

static gboolean names_twice(const VvVmDevice *device)
{
    for (guint a = 0; a < device->selectors->len; a++)
        for (guint b = 0; b < a; b++)
            if (overlap(&g_array_index(device->selectors, VvSelector, a),
                        &g_array_index(device->selectors, VvSelector, b)))
                return TRUE;
    return FALSE;
}

/* In Proxmox the place in the list is the guest's function number. A VM file's own rule gives the same when
 * the functions are of one slot and their numbers count from 0. */
static VvLayout layout_of(const VvVmDevice *device)
{
    for (guint i = 0; device->selectors->len > 1 && i < device->selectors->len; i++) {
        const VvSelector *selector = &g_array_index(device->selectors, VvSelector, i);

        if (selector->whole_slot || selector->address.function != i ||
            !vv_address_same_slot(selector->address, g_array_index(device->selectors, VvSelector, 0).address))
            return VV_LAYOUT_PACKED;
    }
    return VV_LAYOUT_AUTO;
}

/* TRUE with *ret_why for what is sound but cannot be taken. */
static gboolean take_host(VvPve *pve, VvPveProperty *property, VvVmDevice *device, char **ret_note,
                          char **ret_why, GError **error)
{
    const char *host = vv_pve_take(property, "host"), *mapping = vv_pve_take(property, "mapping");
    g_autofree char *mapped = NULL;
    g_autoptr(GError) problem = NULL;
    const VvVmDevice *other;

    if (!host == !mapping)
        return vv_pve_error(pve, property->key, error, "needs either host or mapping, and not both");
    if (mapping)
        mapped = vv_pve_mapping_host(pve, mapping, ret_note, ret_why);
    if (mapping && !mapped)
        return TRUE;
    if (!vv_selector_parse(mapped ? mapped : host, device->selectors, &problem))
        return vv_pve_error(pve, property->key, error, "%s", problem->message);
    other = other_with(pve, device);
    if (other)
        *ret_why = g_strdup_printf("%s has it already; a device can be in a guest once", other->name);
    else if (names_twice(device))
        return vv_pve_error(pve, property->key, error, "names a function twice");
    else if (device->selectors->len > MAX_FUNCTIONS)
        *ret_why = g_strdup_printf("%u functions; a slot of the guest has %d, so write several sections",
                                   device->selectors->len, MAX_FUNCTIONS);
    device->layout = layout_of(device);
    return TRUE;
}

static gboolean take_id(VvPve *pve, VvPveProperty *property, const char *name, gint *ret, GError **error)
{
    const char *text = vv_pve_take(property, name);
    guint64 number;

    if (!text)
        return TRUE;
    if (!g_ascii_string_to_unsigned(g_str_has_prefix(text, "0x") ? text + 2 : text, 16, 0, 0xffff, &number,
                                    NULL))
        return vv_pve_error(pve, property->key, error, "%s: '%s' is not an id like 0x10f6", name, text);
    *ret = (gint)number;
    return TRUE;
}

static gboolean take_ids(VvPve *pve, VvPveProperty *property, VvVmIds *ids, GError **error)
{
    return take_id(pve, property, "vendor-id", &ids->vendor, error) &&
           take_id(pve, property, "device-id", &ids->device, error) &&
           take_id(pve, property, "sub-vendor-id", &ids->subsystem_vendor, error) &&
           take_id(pve, property, "sub-device-id", &ids->subsystem_device, error);
}

static gboolean is_primary(const VvPve *pve, gboolean igd)
{
    for (guint i = 0; i < pve->vm->devices->len; i++) {
        const VvVmDevice *device = pve->vm->devices->pdata[i];

        if (igd ? device->has_guest_address : device->x_vga)
            return TRUE;
    }
    return FALSE;
}

static gboolean take_graphics(VvPve *pve, VvPveProperty *property, VvVmDevice *device, GError **error)
{
    gboolean x_vga = FALSE, igd = FALSE;

    if (!vv_pve_take_flag(pve, property, "x-vga", &x_vga, error) ||
        !vv_pve_take_flag(pve, property, "legacy-igd", &igd, error))
        return FALSE;
    if (x_vga && is_primary(pve, FALSE))
        vv_pve_say(pve, property->key, "x-vga", VV_PROXMOX_DROPPED,
                   "another card has it already, and a guest has one primary VGA");
    else
        device->x_vga = x_vga;
    if (igd && is_primary(pve, TRUE))
        vv_pve_say(pve, property->key, "legacy-igd", VV_PROXMOX_DROPPED,
                   "another card is at 00:02.0 of the guest already");
    else if (igd) {
        device->igd_opregion = TRUE;
        device->has_guest_address = TRUE;
        device->guest_address = (VvAddress){.slot = 2};
        vv_pve_say(pve, property->key, "legacy-igd", VV_PROXMOX_TRANSLATED,
                   "igd-opregion = yes and guest-address = 00:02: the graphics' own driver finds its "
                   "OpRegion there; the "
                   "legacy mode itself needs i440fx, so there is a picture only when that driver runs");
    }
    return TRUE;
}

static gboolean take_rom(VvPve *pve, VvPveProperty *property, VvVmDevice *device, GError **error)
{
    const char *name = vv_pve_take(property, "romfile");
    g_autofree char *path = name ? g_build_filename("/usr/share/kvm", name, NULL) : NULL;

    if (!vv_pve_take_flag(pve, property, "rombar", &device->rombar, error))
        return FALSE;
    if (!name)
        return TRUE;
    if (g_str_equal(name, ".") || g_str_equal(name, "..") || strchr(name, '/') ||
        !vv_pve_read(&vv_value_rom, path, &device->rom, NULL))
        return vv_pve_error(pve, property->key, error,
                            "romfile: '%s' is not the name of a file in /usr/share/kvm", name);
    vv_pve_say(pve, property->key, "romfile", VV_PROXMOX_TRANSLATED,
               "rom = %s: bring the file along; 'virt-vfio rom check' tells whether it is sound",
               device->rom);
    return TRUE;
}

/* Refused for what a VM file's card cannot be. */
static gboolean take_kind(VvPve *pve, VvPveProperty *property, char **ret_why, GError **error)
{
    static const char *const drivers[] = {"vfio", "keep", NULL};
    const char *mdev = vv_pve_take(property, "mdev"), *driver = "vfio";
    gboolean pcie = FALSE;

    if (!vv_pve_take_word(pve, property, "driver", drivers, &driver, error) ||
        !vv_pve_take_flag(pve, property, "pcie", &pcie, error))
        return FALSE;
    if (mdev)
        vv_pve_set(
            ret_why,
            g_strdup_printf("it is a mediated device (%s), a slice that the host's driver makes of a card; "
                            "virt-vfio hands over whole functions and SR-IOV virtual functions",
                            mdev));
    if (g_str_equal(driver, "keep"))
        vv_pve_say(pve, property->key, "driver", VV_PROXMOX_DROPPED,
                   "virt-vfio puts every device on a VFIO driver, its own variant where the kernel has one");
    if (!pcie && !*ret_why)
        vv_pve_say(pve, property->key, "pcie", VV_PROXMOX_TRANSLATED,
                   "the card becomes PCI Express behind a root port of its own; every card does");
    return TRUE;
}

gboolean vv_pve_hostpci(VvPve *pve, const VvPveKey *key, GError **error)
{
    g_autoptr(VvPveProperty) property = vv_pve_property(pve, key, "host", error);
    VvVmDevice *device = vv_vm_add_device(pve->vm, key->name);
    g_autofree char *why = NULL, *note = NULL;
    g_autoptr(GString) host = g_string_new(NULL);

    if (!property || !take_host(pve, property, device, &note, &why, error) ||
        !take_kind(pve, property, &why, error) || !take_graphics(pve, property, device, error) ||
        !take_rom(pve, property, device, error) || !take_ids(pve, property, &device->ids, error))
        return FALSE;
    vv_pve_take_rest(pve, property, NULL);
    if (why) {
        g_array_set_size(device->selectors, 0);
        vv_pve_leave_out(pve, key, offsetof(VvVm, devices), "host", "%s", why);
        return TRUE;
    }
    for (guint i = 0; i < device->selectors->len; i++) {
        const VvSelector *selector = &g_array_index(device->selectors, VvSelector, i);
        char text[VV_ADDRESS_TEXT];

        vv_address_format(selector->address, text);
        if (selector->whole_slot)
            *strrchr(text, '.') = '\0';
        g_string_append_printf(host, "%s%s", i ? ";" : "", text);
    }
    vv_pve_say(pve, key, NULL, note ? VV_PROXMOX_TRANSLATED : VV_PROXMOX_KEPT,
               "host = %s, the address on the Proxmox host: on another machine it is another%s%s", host->str,
               note ? "; " : "", note ? note : "");
    return TRUE;
}
