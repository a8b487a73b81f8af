/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-devices.h"

/* Ports that stay empty, for cards and disks that are plugged in while the guest runs: a port itself cannot
 * be. */
#define SPARE_PORTS 4

/* pcie.0 has 30 slots for ports, 8 functions each, and libvirt packs them; some slots it takes itself. Ports
 * beyond the cards' own are a convenience, and end here. */
#define MAX_EXTRA_PORT 200

/* vmfile-check.c keeps names apart that differ in this only: libvirt's aliases have no '.'. */
char *vv_domxml_alias(const VvVmDevice *card, guint index)
{
    const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, index);
    g_autofree char *name = g_strdelimit(g_strdup(card->name), ".", '_');

    return g_strdup_printf("ua-%s-%u", name,
                           card->layout == VV_LAYOUT_SEPARATE ? index : function->guest_function);
}

char *vv_domxml_network_alias(const VvVmNetwork *network)
{
    g_autofree char *name = g_strdelimit(g_strdup(network->name), ".", '_');

    return g_strdup_printf("ua-%s-net", name);
}

static gboolean has_class(const VvVm *vm, guint32 class_code)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++) {
            const VvIdentity *identity = g_array_index(card->functions, VvVmFunction, f).identity;

            if (identity && (identity->class_code & 0xffff00) == class_code)
                return TRUE;
        }
    }
    return FALSE;
}

gboolean vv_domxml_has_display(const VvVm *vm)
{
    for (guint i = 0; i < vm->devices->len; i++)
        if (((const VvVmDevice *)vm->devices->pdata[i])->x_vga)
            return TRUE;
    /* Not 0302, the 3D controllers of compute cards and laptops: they have no outputs. */
    return has_class(vm, 0x030000) || has_class(vm, 0x038000);
}

gboolean vv_domxml_has_usb(const VvVm *vm)
{
    return has_class(vm, 0x0c0300);
}

static xmlNode *add_pci_controller(xmlNode *devices, guint index, const char *model)
{
    xmlNode *controller = vv_xml_add(devices, "controller");

    vv_xml_set(controller, "type", "pci");
    vv_xml_setf(controller, "index", "%u", index);
    vv_xml_set(controller, "model", model);
    return controller;
}

void vv_domxml_add_root_ports(xmlNode *devices, const VvVm *vm, const VvTuning *tuning)
{
    g_autoptr(VvGuestLayout) layout = vv_guest_layout_new(vm);
    guint cards = vv_guest_layout_ports(layout);
    guint all = MAX(cards, MIN(cards + vv_domxml_emulated_ports(vm) + SPARE_PORTS, MAX_EXTRA_PORT));
    xmlNode *root = add_pci_controller(devices, 0, "pcie-root");

    if (tuning->pcihole64_kib)
        vv_xml_set(vv_xml_add_number(root, "pcihole64", tuning->pcihole64_kib), "unit", "KiB");
    for (guint i = 1; i <= all; i++)
        add_pci_controller(devices, i, "pcie-root-port");
}

xmlNode *vv_domxml_add_address(xmlNode *parent, VvAddress at)
{
    xmlNode *address = vv_xml_add(parent, "address");

    vv_xml_setf(address, "domain", "0x%04x", at.segment);
    vv_xml_setf(address, "bus", "0x%02x", at.bus);
    vv_xml_setf(address, "slot", "0x%02x", at.slot);
    vv_xml_setf(address, "function", "0x%x", at.function);
    return address;
}

/* A ROM file is the boot code of the card, which its function 0 runs; "none" and rombar are for all
 * functions, or the second port of a network card would still offer its own. */
static void add_rom(xmlNode *hostdev, const VvVmDevice *card, guint index)
{
    gboolean none = g_str_equal(card->rom, "none");
    gboolean file = *card->rom == '/' && vv_guest_layout_is_first(card, index);
    xmlNode *rom;

    if (!none && !file && card->rombar)
        return;
    rom = vv_xml_add(hostdev, "rom");
    /* libvirt refuses other attributes beside enabled='no'. */
    vv_xml_set(rom, "enabled", none ? "no" : NULL);
    vv_xml_set(rom, "bar", none || card->rombar ? NULL : "off");
    vv_xml_set(rom, "file", file ? card->rom : NULL);
}

static void add_hostdev(xmlNode *devices, const VvGuestLayout *layout, const VvVmDevice *card, guint index,
                        GHashTable *orders)
{
    const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, index);
    VvAddress at = vv_guest_layout_function(layout, card, index);
    g_autofree char *alias = vv_domxml_alias(card, index);
    xmlNode *hostdev = vv_xml_add(devices, "hostdev");
    xmlNode *guest;

    vv_xml_set(hostdev, "mode", "subsystem");
    vv_xml_set(hostdev, "type", "pci");
    vv_xml_set(hostdev, "managed", "no");
    vv_xml_set(vv_xml_add(hostdev, "driver"), "name", "vfio");
    vv_domxml_add_address(vv_xml_add(hostdev, "source"), function->host);
    vv_domxml_add_boot(hostdev, orders, function);
    vv_xml_set(vv_xml_add(hostdev, "alias"), "name", alias);
    add_rom(hostdev, card, index);
    guest = vv_domxml_add_address(hostdev, at);
    vv_xml_set(guest, "type", "pci");
    if (at.function == 0 && card->layout != VV_LAYOUT_SEPARATE && card->functions->len > 1)
        vv_xml_set(guest, "multifunction", "on");
}

void vv_domxml_add_hostdevs(xmlNode *devices, const VvVm *vm)
{
    g_autoptr(GHashTable) orders = vv_domxml_boot_orders(vm);
    g_autoptr(VvGuestLayout) layout = vv_guest_layout_new(vm);

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++)
            add_hostdev(devices, layout, card, f, orders);
    }
}
