/* One register or two of every kind of device in the lab: enough to know that its memory is really there. */
#include "guest.h"

#include <stddef.h>

struct toucher {
    uint32_t class_code, class_mask;
    unsigned bar;
    void (*touch)(const struct function *f, volatile uint8_t *bar);
};

/* Intel 8257x: device status, and the receive address that holds the MAC. */
static void touch_nic(const struct function *f, volatile uint8_t *bar)
{
    uint32_t low, high;

    if (f->vendor != 0x8086)
        return;
    if (f->device == 0x10ca) {
        igbvf_touch(f, bar);
        return;
    }
    low = read32(bar, 0x5400);
    high = read32(bar, 0x5404);
    print("guest: nic %f mac %02x:%02x:%02x:%02x:%02x:%02x status %08x\n", f, low & 0xff, low >> 8 & 0xff,
          low >> 16 & 0xff, low >> 24, high & 0xff, high >> 8 & 0xff, read32(bar, 8));
}

static void touch_xhci(const struct function *f, volatile uint8_t *bar)
{
    uint32_t first = read32(bar, 0);

    print("guest: usb %f version %x.%x operational at %x\n", f, first >> 24, first >> 16 & 0xff,
          first & 0xff);
}

/* MegaRAID: the outbound scratch pad holds the firmware's state, ready is 0xb. */
static void touch_hba(const struct function *f, volatile uint8_t *bar)
{
    print("guest: hba %f state %x\n", f, read32(bar, 0xb0) >> 28);
}

/* Bochs display interface: its version register, and a word of the frame buffer written and read. */
static void touch_gpu(const struct function *f, volatile uint8_t *bar)
{
    volatile uint8_t *registers = pci_map(f, 2);
    uint32_t before = read32(bar, 0);
    bool kept;

    write32(bar, 0, ~before);
    kept = read32(bar, 0) == ~before;
    write32(bar, 0, before);
    print("guest: gpu %f dispi %04x memory %s\n", f, registers ? read32(registers, 0x500) & 0xffff : 0,
          kept ? "good" : "bad");
}

static void touch_audio(const struct function *f, volatile uint8_t *bar)
{
    print("guest: audio %f version %u.%u capabilities %04x\n", f, bar[3], bar[2], read32(bar, 0) & 0xffff);
}

static void touch_edu(const struct function *f, volatile uint8_t *bar)
{
    if (f->vendor == 0x1234)
        print("guest: edu %f id %08x\n", f, read32(bar, 0));
}

static const struct toucher touchers[] = {
    {0x020000, 0xffff00, 0, touch_nic},   {0x0c0330, 0xffffff, 0, touch_xhci},
    {0x010400, 0xffff00, 1, touch_hba},   {0x030000, 0xff0000, 0, touch_gpu},
    {0x040300, 0xffff00, 0, touch_audio}, {0x00ff00, 0xffff00, 0, touch_edu},
};

void device_touch(const struct function *f)
{
    if (f->class_code == 0x010802) {
        nvme_touch(f);
        return;
    }
    for (unsigned i = 0; i < sizeof touchers / sizeof touchers[0]; i++) {
        const struct toucher *t = &touchers[i];
        volatile uint8_t *bar;

        if ((f->class_code & t->class_mask) != t->class_code)
            continue;
        bar = pci_map(f, t->bar);
        if (bar)
            t->touch(f, bar);
        else
            print("guest: pci %f bar %u is out of reach\n", f, t->bar);
    }
}

/* The length of all images of a ROM (PCI Firmware 3.3, 5.1): each says its own, and whether it is the last.
 */
static uint32_t rom_length(volatile uint8_t *rom, uint32_t size)
{
    uint32_t at = 0;

    while (at + 0x1a <= size && rom[at] == 0x55 && rom[at + 1] == 0xaa) {
        uint32_t data = at + (rom[at + 0x18] | (uint32_t)rom[at + 0x19] << 8), length;

        if (data + 0x16 > size)
            break;
        length = (rom[data + 0x10] | (uint32_t)rom[data + 0x11] << 8) * 512;
        if (!length)
            break;
        at += length;
        if (rom[data + 0x15] & 0x80)
            break;
    }
    return at < size ? at : size;
}

/* The CRC-32 that gzip and cksum -a crc32 know, so that the host can compare it with a file. */
static uint32_t crc32(volatile uint8_t *data, uint32_t length)
{
    uint32_t crc = 0xffffffffu;

    for (uint32_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

void device_rom(const struct function *f)
{
    uint32_t before, mask, size, length;
    volatile uint8_t *rom;

    if ((pci_read(f, 0x0c) >> 16 & 0x7f) != 0)
        return;
    before = pci_read(f, 0x30);
    pci_write(f, 0x30, 0xfffff800u);
    mask = pci_read(f, 0x30) & 0xfffff800u;
    pci_write(f, 0x30, before);
    if (!mask)
        return;
    size = ~mask + 1;
    rom = (volatile uint8_t *)(uintptr_t)(before & 0xfffff800u);
    if (!rom) {
        print("guest: rom %f size %u without an address\n", f, size);
        return;
    }
    pci_write(f, 4, (pci_read(f, 4) & 0xffff) | 2);
    pci_write(f, 0x30, before | 1);
    length = rom_length(rom, size);
    print("guest: rom %f size %u images %u crc32 %08x\n", f, size, length, crc32(rom, length));
    pci_write(f, 0x30, before);
}
