/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/domxml-parts.h"
#include "domains/domxml.h"

#include <string.h>

#define QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"

/* The bus behind the root port of card number `index`: libvirt's bus is the controller's index. */
static guint guest_bus(guint index)
{
    return index + 1;
}

/* libvirt leaves aliases with "ua-" alone, but knows no '.' in them; vmfile-check.c keeps them apart. */
static char *hostdev_alias(const VvVmDevice *card, const VvVmFunction *function)
{
    g_autofree char *name = g_strdelimit(g_strdup(card->name), ".", '_');

    return g_strdup_printf("ua-%s-%u", name, function->guest_function);
}

static guint count_class(const VvVm *vm, guint32 class_code, guint32 mask)
{
    guint count = 0;

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++) {
            const VvVmFunction *function = &g_array_index(card->functions, VvVmFunction, f);

            count += function->identity && (function->identity->class_code & mask) == class_code;
        }
    }
    return count;
}

gboolean vv_domxml_has_display(const VvVm *vm)
{
    for (guint i = 0; i < vm->devices->len; i++)
        if (((const VvVmDevice *)vm->devices->pdata[i])->x_vga)
            return TRUE;
    /* Not 0302, the 3D controllers of compute cards and laptops: they have no outputs. */
    return count_class(vm, 0x030000, 0xffff00) || count_class(vm, 0x038000, 0xffff00);
}

gboolean vv_domxml_has_usb(const VvVm *vm)
{
    return count_class(vm, 0x0c0300, 0xffff00) > 0;
}

static xmlNode *add_pci_controller(xmlNode *devices, guint index, const char *model)
{
    xmlNode *controller = vv_xml_add(devices, "controller");

    vv_xml_set(controller, "type", "pci");
    vv_xml_setf(controller, "index", "%u", index);
    vv_xml_set(controller, "model", model);
    return controller;
}

void vv_domxml_add_root_ports(xmlNode *devices, const VvVm *vm)
{
    add_pci_controller(devices, 0, "pcie-root");
    for (guint i = 0; i < vm->devices->len; i++)
        add_pci_controller(devices, guest_bus(i), "pcie-root-port");
}

static xmlNode *add_address(xmlNode *parent, guint32 segment, guint bus, guint slot, guint function)
{
    xmlNode *address = vv_xml_add(parent, "address");

    vv_xml_setf(address, "domain", "0x%04x", segment);
    vv_xml_setf(address, "bus", "0x%02x", bus);
    vv_xml_setf(address, "slot", "0x%02x", slot);
    vv_xml_setf(address, "function", "0x%x", function);
    return address;
}

/* A ROM file is the boot code of the card, which its function 0 runs; "none" and rombar are for all
 * functions, or the second port of a network card would still offer its own. */
static void add_rom(xmlNode *hostdev, const VvVmDevice *card, const VvVmFunction *function)
{
    gboolean none = g_str_equal(card->rom, "none");
    gboolean file = *card->rom == '/' && function->guest_function == 0;
    xmlNode *rom;

    if (!none && !file && card->rombar)
        return;
    rom = vv_xml_add(hostdev, "rom");
    /* libvirt refuses other attributes beside enabled='no'. */
    vv_xml_set(rom, "enabled", none ? "no" : NULL);
    vv_xml_set(rom, "bar", none || card->rombar ? NULL : "off");
    vv_xml_set(rom, "file", file ? card->rom : NULL);
}

/* Mass storage. With a kernel given there is nothing to boot from. */
static void add_boot(xmlNode *hostdev, const VvVm *vm, const VvVmFunction *function, guint *boot_order)
{
    if (!vm->kernel && function->identity && function->identity->class_code >> 16 == 0x01)
        vv_xml_setf(vv_xml_add(hostdev, "boot"), "order", "%u", (*boot_order)++);
}

static void add_hostdev(xmlNode *devices, const VvVm *vm, guint index, const VvVmFunction *function,
                        guint *boot_order)
{
    const VvVmDevice *card = vm->devices->pdata[index];
    g_autofree char *alias = hostdev_alias(card, function);
    xmlNode *hostdev = vv_xml_add(devices, "hostdev");
    xmlNode *guest;

    vv_xml_set(hostdev, "mode", "subsystem");
    vv_xml_set(hostdev, "type", "pci");
    vv_xml_set(hostdev, "managed", "no");
    vv_xml_set(vv_xml_add(hostdev, "driver"), "name", "vfio");
    add_address(vv_xml_add(hostdev, "source"), function->host.segment, function->host.bus,
                function->host.slot, function->host.function);
    add_boot(hostdev, vm, function, boot_order);
    vv_xml_set(vv_xml_add(hostdev, "alias"), "name", alias);
    add_rom(hostdev, card, function);
    guest = add_address(hostdev, 0, guest_bus(index), 0, function->guest_function);
    vv_xml_set(guest, "type", "pci");
    if (function->guest_function == 0 && card->functions->len > 1)
        vv_xml_set(guest, "multifunction", "on");
}

guint vv_domxml_first_boot_card(const VvVm *vm)
{
    guint order = 1;

    for (guint i = 0; i < vm->disks->len; i++)
        order += !((const VvVmDisk *)vm->disks->pdata[i])->cdrom;
    return order;
}

guint vv_domxml_boot_cards(const VvVm *vm)
{
    return count_class(vm, 0x010000, 0xff0000);
}

void vv_domxml_add_hostdevs(xmlNode *devices, const VvVm *vm)
{
    guint boot_order = vv_domxml_first_boot_card(vm);

    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++)
            add_hostdev(devices, vm, i, &g_array_index(card->functions, VvVmFunction, f), &boot_order);
    }
}

void vv_domxml_add_overrides(xmlNode *domain, const VvVm *vm)
{
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];
        VvVmFunction first = {0};
        g_autofree char *alias = hostdev_alias(card, &first);
        xmlNode *node;
        xmlNs *qemu;

        if (!card->x_vga)
            continue;
        qemu = xmlNewNs(domain, (const xmlChar *)QEMU_URI, (const xmlChar *)"qemu");
        node = vv_xml_add_ns(domain, qemu, "override");
        node = vv_xml_add_ns(node, qemu, "device");
        vv_xml_set(node, "alias", alias);
        node = vv_xml_add_ns(vv_xml_add_ns(node, qemu, "frontend"), qemu, "property");
        vv_xml_set(node, "name", "x-vga");
        vv_xml_set(node, "type", "bool");
        vv_xml_set(node, "value", "true");
        return; /* the loader allows one */
    }
}

static void add_identity(xmlNode *device, const VvIdentity *identity)
{
    vv_xml_setf(device, "vendor", "0x%04x", identity->vendor);
    vv_xml_setf(device, "device", "0x%04x", identity->device);
    vv_xml_setf(device, "subsystem-vendor", "0x%04x", identity->subsystem_vendor);
    vv_xml_setf(device, "subsystem-device", "0x%04x", identity->subsystem_device);
    vv_xml_setf(device, "class", "0x%06x", identity->class_code);
    vv_xml_set(device, "serial", identity->serial);
    vv_xml_set(device, "mac", identity->mac);
    if (identity->dsn)
        vv_xml_setf(device, "dsn", "0x%016" G_GINT64_MODIFIER "x", identity->dsn);
}

static void add_own_device(xmlNode *own, const VvVmDevice *card, const VvVmFunction *function)
{
    xmlNode *device = vv_xml_add_ns(own, own->ns, "device");
    char text[VV_ADDRESS_TEXT];

    vv_xml_set(device, "name", card->name);
    vv_xml_set(device, "address", vv_address_format(function->host, text));
    vv_xml_setf(device, "function", "%u", function->guest_function);
    if (function->identity)
        add_identity(device, function->identity);
    if (function->guest_function == 0) {
        vv_xml_set(device, "rom", card->rom);
        vv_xml_set(device, "x-vga", card->x_vga ? "yes" : "no");
    }
}

/* A word without an address is for this card only, so it gets the address of each of its functions. */
static void add_own_allow(xmlNode *own, const VvVmDevice *card, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *code = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);

    for (guint f = 0; f < card->functions->len; f++) {
        char text[VV_ADDRESS_TEXT];
        xmlNode *allow;

        vv_address_format(g_array_index(card->functions, VvVmFunction, f).host, text);
        if (equals && !g_str_equal(equals + 1, text))
            continue;
        allow = vv_xml_add_ns(own, own->ns, "allow");
        vv_xml_set(allow, "code", code);
        vv_xml_set(allow, "address", text);
    }
}

void vv_domxml_add_metadata(xmlNode *domain, const VvVm *vm)
{
    xmlNode *own = vv_xml_add(vv_xml_add(domain, "metadata"), "domain");

    xmlSetNs(own, xmlNewNs(own, (const xmlChar *)VV_METADATA_URI, (const xmlChar *)"vv"));
    vv_xml_set(own, "version", "1");
    for (guint i = 0; i < vm->devices->len; i++) {
        const VvVmDevice *card = vm->devices->pdata[i];

        for (guint f = 0; f < card->functions->len; f++)
            add_own_device(own, card, &g_array_index(card->functions, VvVmFunction, f));
        for (char **word = card->allow; *word; word++)
            add_own_allow(own, card, *word);
    }
}
