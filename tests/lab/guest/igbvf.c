/* Sends a frame through a virtual function of Intel's 82576: what has to be right are its registers, its
 * interrupts to the PF's driver, its DMA, and what the host set for it. */
#include "guest.h"

#include <stddef.h>

/* Intel 82576EB data sheet: registers of a VF, its mailbox, advanced transmit descriptors. */
enum {
    CTRL = 0,
    STATUS = 8,
    MAILBOX_MEMORY = 0x800,
    MAILBOX = 0xc40,
    TDBAL = 0x3800,
    TDBAH = 0x3804,
    TDLEN = 0x3808,
    TDH = 0x3810,
    TDT = 0x3818,
    TXDCTL = 0x3828,

    CTRL_RESET = 1 << 26,
    MAILBOX_REQUEST = 1,
    MAILBOX_ACKNOWLEDGE = 2,
    MAILBOX_OURS = 4,
    MAILBOX_MESSAGE = 0x10, /* of the PF; cleared by reading */
    MAILBOX_RESET_STATES = 0xc0,
    TXDCTL_ENABLE = 1 << 25,

    DATA_DESCRIPTOR = 3 << 20 | 1 << 29,
    END_OF_PACKET = 1 << 24,
    INSERT_CHECKSUM = 1 << 25,
    REPORT_STATUS = 1 << 27,
    DONE = 1,

    TRIES = 1000000,
    DEPTH = 8, /* the least: 128 bytes */
    LENGTH = 60,
};

/* The words of the protocol between Linux' igb and its VFs: drivers/net/ethernet/intel/igb/e1000_mbx.h. */
#define MESSAGE_RESET 1u
#define MESSAGE_TAKEN 0x80000000u

struct descriptor {
    uint32_t address, address_high, command_and_length;
    volatile uint32_t status;
};

/* The card sees guest memory at the addresses that this program uses. */
static struct descriptor ring[DEPTH] __attribute__((aligned(128)));
static uint8_t frame[LENGTH] __attribute__((aligned(128)));

static bool wait_for(volatile uint8_t *bar, uint32_t bits)
{
    for (unsigned tries = 0; tries < TRIES; tries++)
        if (read32(bar, MAILBOX) & bits)
            return true;
    return false;
}

/* Resets the VF and tells the PF's driver, which answers with the address that was set for it. */
static bool reset(volatile uint8_t *bar, uint8_t mac[6])
{
    write32(bar, CTRL, read32(bar, CTRL) | CTRL_RESET);
    if (!wait_for(bar, MAILBOX_RESET_STATES))
        return false;
    write32(bar, MAILBOX, MAILBOX_OURS);
    write32(bar, MAILBOX_MEMORY, MESSAGE_RESET);
    write32(bar, MAILBOX, MAILBOX_REQUEST);
    if (!wait_for(bar, MAILBOX_MESSAGE))
        return false;
    write32(bar, MAILBOX, MAILBOX_OURS);
    if (read32(bar, MAILBOX_MEMORY) != (MESSAGE_RESET | MESSAGE_TAKEN))
        return false;
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(read32(bar, MAILBOX_MEMORY + 4 + (i & 4u)) >> 8 * (i & 3));
    write32(bar, MAILBOX, MAILBOX_ACKNOWLEDGE);
    return true;
}

/* To all, of the EtherType for local experiments, as tests/lab/inside/frames.py hears it. */
static void fill_frame(const uint8_t mac[6])
{
    static const char text[] = "from-guest";

    for (unsigned i = 0; i < 6; i++) {
        frame[i] = 0xff;
        frame[6 + i] = mac[i];
    }
    frame[12] = 0x88;
    frame[13] = 0xb5;
    for (unsigned i = 0; text[i]; i++)
        frame[14 + i] = (uint8_t)text[i];
}

static bool send(volatile uint8_t *bar)
{
    ring[0] = (struct descriptor){
        .address = (uint32_t)(uintptr_t)frame,
        .command_and_length = DATA_DESCRIPTOR | END_OF_PACKET | INSERT_CHECKSUM | REPORT_STATUS | LENGTH,
        .status = LENGTH << 14,
    };
    write32(bar, TXDCTL, 0);
    write32(bar, TDBAL, (uint32_t)(uintptr_t)ring);
    write32(bar, TDBAH, 0);
    write32(bar, TDLEN, sizeof ring);
    write32(bar, TDH, 0);
    write32(bar, TDT, 0);
    write32(bar, TXDCTL, TXDCTL_ENABLE);
    __asm__ volatile("" : : : "memory");
    write32(bar, TDT, 1);
    for (unsigned tries = 0; tries < TRIES; tries++)
        if (ring[0].status & DONE)
            return true;
    return false;
}

void igbvf_touch(const struct function *f, volatile uint8_t *bar)
{
    uint32_t status = read32(bar, STATUS);
    uint8_t mac[6];

    /* What nobody answers to is not worth waiting for. */
    if (status == 0 || status == ~0u) {
        print("guest: nic %f has no registers\n", f);
        return;
    }
    if (!reset(bar, mac)) {
        print("guest: nic %f hears nothing from its PF\n", f);
        return;
    }
    print("guest: nic %f mac %02x:%02x:%02x:%02x:%02x:%02x from its PF\n", f, mac[0], mac[1], mac[2], mac[3],
          mac[4], mac[5]);
    fill_frame(mac);
    print("guest: nic %f %s\n", f, send(bar) ? "has sent a frame" : "cannot send");
}
