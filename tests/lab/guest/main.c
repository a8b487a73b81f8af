/* Walks the PCI buses, says what is there, proves that it can be used, and waits for the power button. */
#include "guest.h"

#include <stddef.h>

enum { MULTIBOOT_HAS_COMMAND_LINE = 1 << 2 };

struct multiboot {
    uint32_t flags, memory_low, memory_high, boot_device, command_line;
};

typedef void visit(const struct function *f);

static void walk_bus(unsigned bus, visit *what);

static void walk_function(unsigned bus, unsigned slot, unsigned number, visit *what)
{
    struct function f = {.bus = (uint8_t)bus, .slot = (uint8_t)slot, .number = (uint8_t)number};
    uint32_t id = pci_read(&f, 0);

    if ((id & 0xffff) == 0xffff)
        return;
    f.vendor = id & 0xffff;
    f.device = (uint16_t)(id >> 16);
    f.class_code = pci_read(&f, 8) >> 8;
    what(&f);
    /* Header type 1 is a bridge; its secondary bus is what the firmware chose. */
    if ((pci_read(&f, 0x0c) >> 16 & 0x7f) == 1) {
        unsigned secondary = pci_read(&f, 0x18) >> 8 & 0xff;

        if (secondary > bus)
            walk_bus(secondary, what);
    }
}

static void walk_bus(unsigned bus, visit *what)
{
    for (unsigned slot = 0; slot < 32; slot++) {
        struct function f = {.bus = (uint8_t)bus, .slot = (uint8_t)slot};

        if ((pci_read(&f, 0) & 0xffff) == 0xffff)
            continue;
        bool several = pci_read(&f, 0x0c) >> 16 & 0x80;
        for (unsigned number = 0; number < (several ? 8 : 1); number++)
            walk_function(bus, slot, number, what);
    }
}

static void list(const struct function *f)
{
    print("guest: pci %f %04x:%04x class %06x\n", f, f->vendor, f->device, f->class_code);
}

static void touch(const struct function *f)
{
    device_rom(f);
    device_touch(f);
}

static void walk_all(visit *what)
{
    walk_bus(0, what);
}

static bool asked_for(const struct multiboot *info, const char *word)
{
    const char *line = (const char *)(uintptr_t)info->command_line;

    if (!(info->flags & MULTIBOOT_HAS_COMMAND_LINE))
        return false;
    for (; *line; line++) {
        size_t i = 0;

        while (word[i] && line[i] == word[i])
            i++;
        if (!word[i])
            return true;
    }
    return false;
}

void guest_main(const struct multiboot *info)
{
    walk_bus(0, list);
    walk_bus(0, touch);
    power_prepare();
    sleep_prepare();
    print("guest: ready\n");
    while (!power_button_pressed() && !asked_for(info, " poweroff")) {
        sleep_tick();
        /* Only where it is asked for: other machines have other things at these ports. */
        if (asked_for(info, " hotplug"))
            hotplug_poll(walk_all);
    }
    print("guest: off\n");
    power_off();
}
