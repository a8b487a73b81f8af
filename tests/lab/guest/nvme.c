/* Reads an NVMe drive's serial number and the first block of each of its namespaces by DMA: what a wrong
 * IOMMU mapping cannot fake. */
#include "guest.h"

#include <stddef.h>

/* NVM Express 1.4: controller registers (3.1), commands (4.2), completions (4.6). */
enum {
    CAP = 0,
    CAP_HIGH = 4,
    VS = 8,
    CC = 0x14,
    CSTS = 0x1c,
    AQA = 0x24,
    ASQ = 0x28,
    ACQ = 0x30,
    DOORBELL = 0x1000,
    DEPTH = 2,
    MOST_NAMESPACES = 8
};

struct command {
    uint32_t opcode_and_id, nsid, reserved[2], metadata[2], prp[4], word10, word11, word12, word13, word14,
        word15;
};

struct completion {
    uint32_t result, reserved, head_and_queue;
    volatile uint32_t id_and_status;
};

struct queue {
    struct command *commands;
    struct completion *completions;
    unsigned tail, head, phase, number;
};

/* The controller sees guest memory at the addresses that this program uses. */
static struct command commands[2][4096 / sizeof(struct command)] __attribute__((aligned(4096)));
static struct completion completions[2][4096 / sizeof(struct completion)] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));

static bool wait_ready(volatile uint8_t *bar, uint32_t wanted)
{
    for (unsigned tries = 0; tries < 1000000; tries++)
        if ((read32(bar, CSTS) & 1) == wanted)
            return true;
    return false;
}

/* Two entries per queue, so each command waits for the one before it. */
static bool run(volatile uint8_t *bar, struct queue *q, struct command command)
{
    unsigned stride = 4u << (read32(bar, CAP_HIGH) & 0xf);
    struct completion *done = &q->completions[q->head];

    command.opcode_and_id |= (q->tail + 1) << 16;
    q->commands[q->tail] = command;
    q->tail = (q->tail + 1) % DEPTH;
    __asm__ volatile("" : : : "memory");
    write32(bar, DOORBELL + 2 * q->number * stride, q->tail);
    for (unsigned tries = 0; tries < 1000000; tries++) {
        if ((done->id_and_status >> 16 & 1) != q->phase)
            continue;
        q->head = (q->head + 1) % DEPTH;
        q->phase ^= q->head == 0;
        write32(bar, DOORBELL + (2 * q->number + 1) * stride, q->head);
        return done->id_and_status >> 17 == 0;
    }
    return false;
}

static struct queue make_queue(unsigned number)
{
    struct queue q = {commands[number], completions[number], 0, 0, 1, number};

    for (unsigned i = 0; i < DEPTH; i++)
        q.completions[i].id_and_status = 0;
    return q;
}

static void print_text(const uint8_t *text, unsigned length)
{
    while (length && text[length - 1] == ' ')
        length--;
    for (unsigned i = 0; i < length && text[i] >= ' ' && text[i] < 0x7f; i++)
        print("%c", text[i]);
}

static bool start(volatile uint8_t *bar, struct queue *admin)
{
    write32(bar, CC, 0);
    if (!wait_ready(bar, 0))
        return false;
    *admin = make_queue(0);
    write32(bar, AQA, (DEPTH - 1) << 16 | (DEPTH - 1));
    write32(bar, ASQ, (uint32_t)(uintptr_t)admin->commands);
    write32(bar, ASQ + 4, 0);
    write32(bar, ACQ, (uint32_t)(uintptr_t)admin->completions);
    write32(bar, ACQ + 4, 0);
    /* Entries of 16 and 64 bytes, pages of 4 KiB, enabled. */
    write32(bar, CC, 4 << 20 | 6 << 16 | 1);
    return wait_ready(bar, 1);
}

/* What 1 asks for: the controller; 2: the namespaces that it shows (5.15.1, Identify CNS). */
static bool identify(volatile uint8_t *bar, struct queue *admin, uint32_t what)
{
    return run(bar, admin,
               (struct command){.opcode_and_id = 0x06, .prp = {(uint32_t)(uintptr_t)page}, .word10 = what});
}

static bool make_io_queue(volatile uint8_t *bar, struct queue *admin, struct queue *io)
{
    uint32_t shape = (DEPTH - 1) << 16 | 1;

    *io = make_queue(1);
    return run(bar, admin,
               (struct command){.opcode_and_id = 0x05,
                                .prp = {(uint32_t)(uintptr_t)io->completions},
                                .word10 = shape,
                                .word11 = 1}) &&
           run(bar, admin,
               (struct command){.opcode_and_id = 0x01,
                                .prp = {(uint32_t)(uintptr_t)io->commands},
                                .word10 = shape,
                                .word11 = 1 << 16 | 1});
}

static bool read_first_block(volatile uint8_t *bar, struct queue *io, uint32_t nsid)
{
    return run(bar, io,
               (struct command){.opcode_and_id = 0x02, .nsid = nsid, .prp = {(uint32_t)(uintptr_t)page}});
}

/* The list is in the page that the blocks are read to. */
static void read_namespaces(const struct function *f, volatile uint8_t *bar, struct queue *admin)
{
    uint32_t nsids[MOST_NAMESPACES];
    struct queue io;
    unsigned count = 0;

    if (!identify(bar, admin, 2))
        return;
    for (; count < MOST_NAMESPACES && read32(page, 4 * count); count++)
        nsids[count] = read32(page, 4 * count);
    print("guest: nvme %f namespaces %u\n", f, count);
    if (!count || !make_io_queue(bar, admin, &io))
        return;
    for (unsigned i = 0; i < count; i++) {
        if (!read_first_block(bar, &io, nsids[i]))
            continue;
        print("guest: nvme %f namespace %u block 0: ", f, nsids[i]);
        print_text(page, 64);
        print("\n");
    }
}

void nvme_touch(const struct function *f)
{
    volatile uint8_t *bar = pci_map(f, 0);
    struct queue admin;
    uint32_t version;

    if (!bar) {
        print("guest: pci %f bar 0 is out of reach\n", f);
        return;
    }
    version = read32(bar, VS);
    print("guest: nvme %f version %u.%u", f, version >> 16, version >> 8 & 0xff);
    if (!start(bar, &admin) || !identify(bar, &admin, 1)) {
        print(" does not answer\n");
        return;
    }
    print(" serial ");
    print_text(page + 4, 20);
    print("\n");
    read_namespaces(f, bar, &admin);
    write32(bar, CC, 0);
}
