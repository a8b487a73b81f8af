/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/attach-internal.h"
#include "vfio/error.h"

#include <string.h>

/* Slots of the i440fx's own bus that are not for us: host bridge, PIIX3, and the VGA, which libvirt puts into
 * slot 2 if it can (qemuDomainValidateDevicePCISlotsPIIX3 in src/qemu/qemu_domain_address.c). */
#define FIRST_SLOT_I440FX 3
#define IGD_SLOT 2
#define BUSES 256

typedef enum { BUS_NONE, BUS_PCI_ROOT, BUS_PCI_BRIDGE, BUS_PCIE_ROOT, BUS_ROOT_PORT, BUS_OTHER } BusKind;

typedef struct {
    BusKind kind[BUSES];
    gboolean fixed[BUSES]; /* nothing can be plugged in while the guest runs */
    guint32 slots[BUSES];  /* a bit for each that is taken */
    guint last;
} Buses;

static BusKind kind_of(const char *model)
{
    static const struct {
        const char *model;
        BusKind kind;
    } kinds[] = {{"pci-root", BUS_PCI_ROOT},
                 {"pci-bridge", BUS_PCI_BRIDGE},
                 {"pcie-root", BUS_PCIE_ROOT},
                 {"pcie-root-port", BUS_ROOT_PORT}};

    for (gsize i = 0; model && i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(model, kinds[i].model))
            return kinds[i].kind;
    return BUS_OTHER;
}

static void read_controller(Buses *buses, const xmlNode *node)
{
    g_autofree char *index = vv_xml_get(node, "index"), *model = vv_xml_get(node, "model");
    const xmlNode *target = vv_xml_child(node, "target", NULL);
    guint64 number = 0;

    if (!vv_attach_is(node, "controller") || !vv_xml_has(node, "type", "pci") || !index ||
        !g_ascii_string_to_unsigned(index, 10, 0, BUSES - 1, &number, NULL))
        return;
    buses->kind[number] = kind_of(model);
    buses->fixed[number] = target && vv_xml_has(target, "hotplug", "off");
    buses->last = MAX(buses->last, (guint)number);
}

static void read_buses(Buses *buses, const xmlNode *root)
{
    const xmlNode *devices = vv_xml_child(root, "devices", NULL);

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        VvAddress at;

        read_controller(buses, node);
        if (vv_attach_guest(node, &at) && at.segment == 0)
            buses->slots[at.bus] |= 1U << at.slot;
    }
}

/* What libvirt has written of it goes before what the machine's name lets guess: distributions have names of
 * their own ("ubuntu-q35", "pc-q35-rhel9.2.0"). */
static gboolean is_pcie(const xmlNode *root, const char *machine)
{
    g_autofree Buses *buses = g_new0(Buses, 1);

    read_buses(buses, root);
    if (buses->kind[0] == BUS_PCIE_ROOT || buses->kind[0] == BUS_PCI_ROOT)
        return buses->kind[0] == BUS_PCIE_ROOT;
    return machine && strstr(machine, "q35");
}

gboolean vv_attach_machine(const xmlNode *root, gboolean *ret_pcie, GError **error)
{
    const xmlNode *type = vv_xml_child(vv_xml_child(root, "os", NULL), "type", NULL);
    g_autofree char *arch = type ? vv_xml_get(type, "arch") : NULL;
    g_autofree char *machine = type ? vv_xml_get(type, "machine") : NULL;

    if (!vv_xml_has(root, "type", "kvm") && !vv_xml_has(root, "type", "qemu"))
        return vv_attach_refuse(error, "the domain is not one of QEMU's");
    if (arch && !g_str_equal(arch, "x86_64") && !g_str_equal(arch, "i686"))
        return vv_attach_refuse(
            error, "the domain is a machine of another architecture than x86, whose PCI buses this "
                   "program does not know");
    *ret_pcie = is_pcie(root, machine);
    if (machine && !*ret_pcie && !g_str_has_prefix(machine, "pc") && !g_str_has_prefix(machine, "ubuntu"))
        return vv_attach_refuse(error, "the domain's machine type is neither q35 nor i440fx");
    return TRUE;
}

static gboolean is_free(const Buses *buses, const Buses *live, guint bus, guint slot)
{
    if (buses->slots[bus] & (1U << slot))
        return FALSE;
    return !live ||
           (live->kind[bus] == buses->kind[bus] && !live->fixed[bus] && !(live->slots[bus] & (1U << slot)));
}

static gboolean place_pcie(const Buses *buses, const Buses *live, VvGuestPlace *ret, GError **error)
{
    for (guint bus = 1; bus < BUSES; bus++)
        if (buses->kind[bus] == BUS_ROOT_PORT && !buses->slots[bus] && is_free(buses, live, bus, 0)) {
            ret->address = (VvAddress){.bus = (guint8)bus};
            return TRUE;
        }
    if (live)
        return vv_attach_refuse(error,
                                "the running guest has no free root port, and a port cannot be added to it; "
                                "attach without --live, and the guest has the card after its next start");
    if (buses->last + 1 >= BUSES)
        return vv_attach_refuse(error, "the domain has no free root port and no number for another");
    ret->new_port = TRUE;
    ret->address = (VvAddress){.bus = (guint8)(buses->last + 1)};
    return TRUE;
}

static gboolean place_pci(const Buses *buses, const Buses *live, VvGuestPlace *ret, GError **error)
{
    for (guint bus = 0; bus < BUSES; bus++) {
        guint first = bus == 0 ? FIRST_SLOT_I440FX : 1;

        if (bus > 0 && buses->kind[bus] != BUS_PCI_BRIDGE)
            continue;
        for (guint slot = first; slot < 32; slot++)
            if (is_free(buses, live, bus, slot)) {
                ret->address = (VvAddress){.bus = (guint8)bus, .slot = (guint8)slot};
                return TRUE;
            }
    }
    return vv_attach_refuse(error, "all PCI slots of the domain are taken; add a pci-bridge to it");
}

static gboolean place_igd(const Buses *buses, VvGuestPlace *ret, GError **error)
{
    if (buses->slots[0] & (1U << IGD_SLOT))
        return vv_attach_refuse(
            error, "legacy-igd: the guest's slot 00:02 is taken, mostly by its emulated display; "
                   "remove that first");
    ret->address = (VvAddress){.slot = IGD_SLOT};
    return TRUE;
}

gboolean vv_attach_place(const xmlNode *root, const xmlNode *live, const VvAttach *attach, VvGuestPlace *ret,
                         GError **error)
{
    g_autofree Buses *buses = g_new0(Buses, 1), *live_buses = live ? g_new0(Buses, 1) : NULL;
    gboolean pcie;

    if (!vv_attach_machine(root, &pcie, error))
        return FALSE;
    if (attach->pcie && !pcie)
        return vv_attach_refuse(error, "pcie=1 needs a q35 machine, and the domain is an i440fx");
    if (attach->legacy_igd && pcie)
        return vv_attach_refuse(error, "legacy-igd needs an i440fx machine, and the domain is a q35");
    read_buses(buses, root);
    if (live)
        read_buses(live_buses, live);
    *ret = (VvGuestPlace){0};
    if (attach->legacy_igd)
        return place_igd(buses, ret, error);
    return pcie ? place_pcie(buses, live_buses, ret, error) : place_pci(buses, live_buses, ret, error);
}

gboolean vv_attach_bus_in_use(const xmlNode *devices, guint bus, const GArray *without)
{
    for (const xmlNode *node = devices->children; node; node = node->next) {
        VvAddress at, host;
        gboolean leaves = FALSE;

        if (!vv_attach_guest(node, &at) || at.segment != 0 || at.bus != bus)
            continue;
        for (guint i = 0; vv_attach_host(node, &host) && i < without->len; i++)
            leaves |= vv_address_equal(host, g_array_index(without, VvAddress, i));
        if (!leaves)
            return TRUE;
    }
    return FALSE;
}
