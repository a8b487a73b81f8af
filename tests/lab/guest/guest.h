/* The tiny guest: a program without an operating system that says which PCI devices it was given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct function {
    uint8_t bus, slot, number;
    uint16_t vendor, device;
    uint32_t class_code; /* class, subclass and interface */
};

/* machine.c: ports, PCI configuration, serial port, power */
uint32_t pci_read(const struct function *f, unsigned offset);
void pci_write(const struct function *f, unsigned offset, uint32_t value);
uint32_t port_read(uint16_t port);
void port_write(uint16_t port, uint32_t value);
/* The address of memory BAR `index`, decoding switched on; NULL when it is no memory BAR or beyond 4 GiB. */
volatile uint8_t *pci_map(const struct function *f, unsigned index);
void power_prepare(void);
bool power_button_pressed(void);
void power_off(void);
void sleep_prepare(void);
void sleep_tick(void); /* until the next timer interrupt, about 55 ms */
/* printf with %s %c %u %x and a width with leading zeros; %f takes a function and prints 00:00.0 */
void print(const char *format, ...);

static inline uint32_t read32(volatile uint8_t *base, unsigned offset)
{
    return *(volatile uint32_t *)(base + offset);
}

static inline void write32(volatile uint8_t *base, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(base + offset) = value;
}

/* hotplug.c: greets what comes, lets go of what is to go; `walk` shows every function to `what` */
void hotplug_poll(void (*walk)(void (*what)(const struct function *f)));

/* devices.c, nvme.c, igbvf.c: touch the device and print a line or two about it */
void device_touch(const struct function *f);
void device_rom(const struct function *f);
void nvme_touch(const struct function *f);
void igbvf_touch(const struct function *f, volatile uint8_t *bar);
