/* Devices that come and go while the guest runs, by QEMU's registers for ACPI's PCI hot-plug
 * (docs/specs/acpi_pci_hotplug.rst there), which a q35 has at 0x0cc0. A guest with ACPI has them driven by
 * code in the machine's tables. */
#include "guest.h"

enum { HOTPLUG = 0xcc0, INJECTED = 0, REMOVAL = 4, EJECT = 8, SELECT = 16, BUSES = 32 };

static bool find_bridge(uint8_t bus, struct function *bridge)
{
    for (unsigned slot = 0; slot < 32; slot++)
        for (unsigned number = 0; number < 8; number++) {
            *bridge = (struct function){.slot = (uint8_t)slot, .number = (uint8_t)number};
            if ((pci_read(bridge, 0) & 0xffff) != 0xffff && (pci_read(bridge, 0x0c) >> 16 & 0x7f) == 1 &&
                (pci_read(bridge, 0x18) >> 8 & 0xff) == bus)
                return true;
        }
    return false;
}

/* The firmware left the ports a window for what may come; nobody has given the newcomer a part of it. */
static void place(const struct function *f)
{
    struct function bridge;

    if (!find_bridge(f->bus, &bridge))
        return;
    pci_write(&bridge, 4, (pci_read(&bridge, 4) & 0xffff) | 6);
    pci_write(f, 0x10, (pci_read(&bridge, 0x20) & 0xfff0) << 16);
    if ((pci_read(f, 0x10) & 6) == 4)
        pci_write(f, 0x14, 0);
}

static void greet(const struct function *f)
{
    if (f->bus == 0 || pci_read(f, 0x10) & ~0xfu)
        return;
    print("guest: plugged in %f %04x:%04x\n", f, f->vendor, f->device);
    place(f);
    device_touch(f);
}

void hotplug_poll(void (*walk)(void (*what)(const struct function *f)))
{
    for (unsigned bus = 0; bus < BUSES; bus++) {
        uint32_t slots;

        port_write(HOTPLUG + SELECT, bus);
        if (port_read(HOTPLUG + INJECTED))
            walk(greet);
        port_write(HOTPLUG + SELECT, bus);
        slots = port_read(HOTPLUG + REMOVAL);
        if (!slots)
            continue;
        print("guest: lets go of %x\n", slots);
        for (unsigned slot = 0; slot < 32; slot++)
            if (slots & 1u << slot)
                port_write(HOTPLUG + EJECT, 1u << slot);
    }
}
