/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/rom-chain.h"
#include "vfio/rom.h"

#include <string.h>

/* ROMs that no package carries, built. Each is sound in its own way, or says what it is. */

#define NPDE_AT ((PCIR + 0x18 + 15) & ~15)

/* NVIDIA's extension for the image at `at`: sub-image length in blocks, its own last mark, flags. */
static inline void put_npde(GByteArray *chain, gsize at, guint16 blocks, gboolean last, guint8 flags)
{
    gsize npde = (at + PCIR + 0x18 + 15) / 16 * 16;

    put_tag(chain, npde, "NPDE");
    put16(chain, npde + 4, 0x101);
    put16(chain, npde + 6, 0x0c);
    put16(chain, npde + 8, blocks);
    chain->data[npde + 0x0a] = last ? 0x80 : 0;
    chain->data[npde + 0x0b] = flags;
}

static inline void put_text(GByteArray *chain, gsize at, const char *text)
{
    put_tag(chain, at, text);
    chain->data[at + strlen(text)] = 0;
}

/* In NVIDIA's own format: no firmware takes it for an image. */
static inline gsize append_private(GByteArray *chain, guint16 signature, const char *tag, guint16 blocks,
                                   gboolean last)
{
    gsize at = append_image(chain, 0xe0, blocks, last);

    put16(chain, at, signature);
    put_tag(chain, at + PCIR, tag);
    return at;
}

/* An EFI image whose program lies open: a PE of this machine, which knows the Graphics Output Protocol. */
static inline gsize append_plain_efi(GByteArray *chain, guint16 machine, gboolean last)
{
    static const guint8 gop[] = {0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
                                 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a};
    gsize at = append_image(chain, 3, 3, last), program = at + EFI_PROGRAM, pe = program + 0x80;

    put16(chain, at + 0x0a, machine);
    put16(chain, at + 0x0c, 0);
    put_tag(chain, program, "MZ");
    put32(chain, program + 0x3c, 0x80);
    put32(chain, pe, 0x4550);
    put16(chain, pe + 4, machine);
    put16(chain, pe + 24, 0x20b);
    put16(chain, pe + 24 + 68, 0x0b);
    memcpy(chain->data + at + 0x200, gop, sizeof gop);
    return at;
}

static inline GByteArray *card_plain_efi(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 2, FALSE);
    append_plain_efi(chain, 0x8664, TRUE);
    return chain;
}

/* The PCIR of the first image takes a private one along; only NPDE tells them apart. */
static inline GByteArray *card_npde(void)
{
    GByteArray *chain = g_byte_array_new();

    gsize at = append_image(chain, 0, 2, FALSE);
    put16(chain, at + PCIR + 0x10, 3);
    put_npde(chain, at, 2, FALSE, 0);
    make_sum(chain, 0, 1024);
    at = append_private(chain, 0x4e56, "NPDS", 1, FALSE);
    put_npde(chain, at, 1, FALSE, 0);
    at = append_image(chain, 3, 3, TRUE);
    put_npde(chain, at, 3, TRUE, 0);
    return chain;
}

/* The chain ends for firmware, and goes on with images of NVIDIA's own. */
static inline GByteArray *card_private(void)
{
    GByteArray *chain = card();

    put_npde(chain, CARD_EFI, 3, FALSE, 1);
    gsize at = append_private(chain, 0x4e56, "NPDS", 1, FALSE);
    put_npde(chain, at, 1, FALSE, 0);
    append_private(chain, 0xbb77, "RGIS", 2, TRUE);
    return chain;
}

/* NVIDIA's table of tables (BIT), with the version in its entry 'i'. */
static inline GByteArray *card_bit(void)
{
    static const guint8 version[] = {0x00, 0x17, 0x04, 0x86, 0x80};
    GByteArray *chain = card();

    memcpy(chain->data + 0x90,
           "\xff\xb8"
           "BIT",
           5);
    chain->data[0x90 + 9] = 6;
    chain->data[0x90 + 10] = 2;
    put_tag(chain, 0x90 + 12, "2");
    put_tag(chain, 0x90 + 18, "i");
    put16(chain, 0x90 + 20, 5);
    put16(chain, 0x90 + 22, 0x100);
    memcpy(chain->data + 0x100, version, sizeof version);
    make_sum(chain, 0, 1024);
    return chain;
}

static inline GByteArray *card_atom(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 4, FALSE);
    put16(chain, 0x18, 0x160);
    memmove(chain->data + 0x160, chain->data + PCIR, 0x18);
    memset(chain->data + PCIR, 0, 0x18);
    put16(chain, 0x164, 0x1002);
    put16(chain, 0x166, 0x73bf);
    put_tag(chain, 0x1e, "IBM");
    chain->data[0x2f] = 4;
    put_tag(chain, 0x30, " 761295520");
    put16(chain, 0x48, 0x200);
    put_text(chain, 0x50, "10/29/20 05:16");
    put16(chain, 0x6e, 0x94);
    put_text(chain, 0x94, "113-D4120100-100");
    put_text(chain, 0xc0, "ATOMBIOSBK-AMD VER020.001.000.038.015697");
    put_tag(chain, 0x204, "ATOM");
    chain->data[0x21] = 0;
    make_sum(chain, 0, 2048);
    gsize at = append_plain_efi(chain, 0x8664, TRUE);
    put16(chain, at + PCIR + 4, 0x1002);
    put16(chain, at + PCIR + 6, 0x73bf);
    return chain;
}

static inline GByteArray *card_device_list(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 1, TRUE);
    chain->data[PCIR + 0x0c] = 3;
    put16(chain, PCIR + 6, 0x1b81);
    put16(chain, PCIR + 8, 0x2f);
    put16(chain, PCIR + 0x2f, 0x1b82);
    put16(chain, PCIR + 0x31, 0x1b80);
    put16(chain, PCIR + 0x33, 0);
    make_sum(chain, 0, 512);
    return chain;
}

static inline GByteArray *card_intel(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 2, TRUE);
    put16(chain, PCIR + 4, 0x8086);
    put_tag(chain, 0x100, "$VBT SKYLAKE        ");
    put32(chain, 0x100 + 28, 0x30);
    put_tag(chain, 0x130, "BIOS_DATA_BLOCK ");
    put16(chain, 0x140, 209);
    put16(chain, 0x1a, 0x180);
    put_tag(chain, 0x180, "$PnP");
    put16(chain, 0x190, 0x1c0);
    put_text(chain, 0x1c0, " Built in a test ");
    make_sum(chain, 0, 1024);
    return chain;
}

static inline GByteArray *card_open_firmware(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 1, 1, FALSE);
    append_image(chain, 0x70, 1, FALSE);
    append_plain_efi(chain, 0xaa64, FALSE);
    append_plain_efi(chain, 0x8664, TRUE);
    return chain;
}

static inline GByteArray *card_no_last(void)
{
    GByteArray *chain = card();

    chain->data[CARD_EFI + PCIR + 0x15] = 0;
    append_bytes(chain, 512, 0xff);
    return chain;
}

/* A near jump at 3, and a sum that is wrong by one. */
static inline GByteArray *card_checksum(void)
{
    GByteArray *chain = card();

    chain->data[3] = 0xe9;
    chain->data[300]++;
    append_bytes(chain, 512, 0x17);
    return chain;
}

static inline GByteArray *card_prefix_1(void)
{
    return prefixed(1, 0x604);
}

static inline GByteArray *card_prefix_3(void)
{
    return prefixed(3, 0x1804);
}

static inline GByteArray *card_prefix_unknown(void)
{
    return prefixed(9, 0x600);
}

static const struct {
    const char *name;
    GByteArray *(*build)(void);
    VvRomVerdict verdict;
    guint images;
} built_chains[] = {
    {"card", card, VV_ROM_GOOD, 3},
    {"plain-efi", card_plain_efi, VV_ROM_GOOD, 2},
    {"npde", card_npde, VV_ROM_GOOD, 3},
    {"private", card_private, VV_ROM_REPAIRABLE, 5},
    {"bit", card_bit, VV_ROM_GOOD, 3},
    {"atom", card_atom, VV_ROM_GOOD, 2},
    {"device-list", card_device_list, VV_ROM_GOOD, 1},
    {"intel", card_intel, VV_ROM_GOOD, 1},
    {"open-firmware", card_open_firmware, VV_ROM_GOOD, 4},
    {"no-last", card_no_last, VV_ROM_REPAIRABLE, 3},
    {"checksum", card_checksum, VV_ROM_REPAIRABLE, 3},
    {"prefix-1", card_prefix_1, VV_ROM_REPAIRABLE, 3},
    {"prefix-3", card_prefix_3, VV_ROM_REPAIRABLE, 3},
    {"prefix-unknown", card_prefix_unknown, VV_ROM_REPAIRABLE, 3},
};
