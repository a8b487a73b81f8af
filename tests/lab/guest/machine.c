/* What a PC gives a program without an operating system. */
#include "guest.h"

#include <stdarg.h>
#include <stddef.h>

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint16_t in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

uint32_t port_read(uint16_t port)
{
    return in32(port);
}

void port_write(uint16_t port, uint32_t value)
{
    out32(port, value);
}

/* Configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2): 256 bytes of every function, on every chipset. */
static void pci_select(const struct function *f, unsigned offset)
{
    out32(0xcf8, 0x80000000u | (uint32_t)f->bus << 16 | (uint32_t)f->slot << 11 | (uint32_t)f->number << 8 |
                     (offset & 0xfc));
}

uint32_t pci_read(const struct function *f, unsigned offset)
{
    pci_select(f, offset);
    return in32(0xcfc);
}

void pci_write(const struct function *f, unsigned offset, uint32_t value)
{
    pci_select(f, offset);
    out32(0xcfc, value);
}

volatile uint8_t *pci_map(const struct function *f, unsigned index)
{
    uint32_t low = pci_read(f, 0x10 + 4 * index);
    bool wide = (low & 6) == 4;

    if ((low & 1) || (low & ~0xfu) == 0)
        return NULL;
    if (wide && pci_read(f, 0x14 + 4 * index) != 0)
        return NULL;
    /* Memory decoding and bus mastering; the status half is written as zero, which clears nothing. */
    pci_write(f, 4, (pci_read(f, 4) & 0xffff) | 6);
    return (volatile uint8_t *)(uintptr_t)(low & ~0xfu);
}

static void put(char c)
{
    while (!(in8(0x3fd) & 0x20))
        ;
    out8(0x3f8, (uint8_t)c);
}

static void put_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

static void put_number(uint32_t value, unsigned base, unsigned width)
{
    char digits[10];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value || count < width);
    while (count)
        put(digits[--count]);
}

static void put_function(const struct function *f)
{
    put_number(f->bus, 16, 2);
    put(':');
    put_number(f->slot, 16, 2);
    put('.');
    put_number(f->number, 16, 1);
}

void print(const char *format, ...)
{
    va_list values;
    char one[2] = "";

    va_start(values, format);
    for (; *format; format++) {
        unsigned width = 1;

        if (*format != '%') {
            one[0] = *format;
            put_text(one);
            continue;
        }
        format++;
        if (*format == '0') {
            width = (unsigned)(format[1] - '0');
            format += 2;
        }
        switch (*format) {
        case 's':
            put_text(va_arg(values, const char *));
            break;
        case 'c':
            put((char)va_arg(values, int));
            break;
        case 'u':
            put_number(va_arg(values, uint32_t), 10, width);
            break;
        case 'x':
            put_number(va_arg(values, uint32_t), 16, width);
            break;
        case 'f':
            put_function(va_arg(values, const struct function *));
            break;
        }
    }
    va_end(values);
}

/* ACPI PM1 registers (ACPI 6.4, 4.8.3) at the address that the chipset's power function holds in register
 * 0x40. */
static uint16_t power_base;

enum { PM1_STATUS = 0, PM1_ENABLE = 2, PM1_CONTROL = 4, POWER_BUTTON = 1 << 8, SLEEP_ENABLE = 1 << 13 };

void power_prepare(void)
{
    static const struct function q35 = {.slot = 0x1f}, piix4 = {.slot = 1, .number = 3};
    const struct function *f = pci_read(&piix4, 0) == 0x71138086u ? &piix4 : &q35;

    power_base = pci_read(f, 0x40) & 0xff80;
    out16(power_base + PM1_STATUS, POWER_BUTTON);
    /* QEMU only notes the button when its interrupt is enabled. */
    out16(power_base + PM1_ENABLE, POWER_BUTTON);
}

bool power_button_pressed(void)
{
    return in16(power_base + PM1_STATUS) & POWER_BUTTON;
}

/* Sleep type 0 is S5 in QEMU's tables. */
void power_off(void)
{
    out16(power_base + PM1_CONTROL, SLEEP_ENABLE);
}

struct __attribute__((packed)) gate {
    uint16_t low, selector, flags, high;
};

void timer_interrupt(void);

/* Waiting must not cost a core: the program under test runs on the same two. */
void sleep_prepare(void)
{
    static struct gate table[256];
    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } pointer = {sizeof table - 1, (uint32_t)(uintptr_t)table};
    uint32_t handler = (uint32_t)(uintptr_t)timer_interrupt;

    for (unsigned i = 0; i < 256; i++)
        table[i] = (struct gate){handler & 0xffff, 0x08, 0x8e00, handler >> 16};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    /* Both interrupt controllers: vectors 0x20 and 0x28, everything masked but the timer. */
    out8(0x20, 0x11), out8(0xa0, 0x11);
    out8(0x21, 0x20), out8(0xa1, 0x28);
    out8(0x21, 4), out8(0xa1, 2);
    out8(0x21, 1), out8(0xa1, 1);
    out8(0x21, 0xfe), out8(0xa1, 0xff);
    /* Channel 0 in mode 2 with the longest period. */
    out8(0x43, 0x34), out8(0x40, 0), out8(0x40, 0);
}

void sleep_tick(void)
{
    __asm__ volatile("sti; hlt; cli");
}
