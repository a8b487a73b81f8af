/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Builds expansion ROMs, after PCI Firmware Specification 3.x, 5.1. */

#define PCIR 0x1c
#define EFI_PROGRAM 0x60

static inline void put16(GByteArray *chain, gsize at, guint16 value)
{
    chain->data[at] = (guint8)value;
    chain->data[at + 1] = (guint8)(value >> 8);
}

static inline void put32(GByteArray *chain, gsize at, guint32 value)
{
    put16(chain, at, (guint16)value);
    put16(chain, at + 2, (guint16)(value >> 16));
}

static inline void put_tag(GByteArray *chain, gsize at, const char *tag)
{
    for (gsize i = 0; tag[i]; i++)
        chain->data[at + i] = (guint8)tag[i];
}

static inline void append_bytes(GByteArray *chain, gsize count, guint8 value)
{
    for (gsize i = 0; i < count; i++)
        g_byte_array_append(chain, &value, 1);
}

/* Makes `count` bytes from `at` on sum to 0 by the last of them. */
static inline void make_sum(GByteArray *chain, gsize at, gsize count)
{
    guint8 sum = 0;

    for (gsize i = at; i < at + count - 1; i++)
        sum = (guint8)(sum + chain->data[i]);
    chain->data[at + count - 1] = (guint8)-sum;
}

/* Appends a sound image of 10de:1b80 and returns where it begins. */
static inline gsize append_image(GByteArray *chain, guint8 type, guint16 blocks, gboolean last)
{
    gsize at = chain->len, length = (gsize)blocks * 512;

    for (gsize i = 0; i < length; i++)
        append_bytes(chain, 1, i < 0x80 ? 0 : (guint8)(i * 7 + type));
    put16(chain, at, 0xaa55);
    put16(chain, at + 0x18, PCIR);
    put_tag(chain, at + PCIR, "PCIR");
    put16(chain, at + PCIR + 0x04, 0x10de);
    put16(chain, at + PCIR + 0x06, 0x1b80);
    put16(chain, at + PCIR + 0x0a, 0x18);
    chain->data[at + PCIR + 0x0f] = 0x03; /* class 030000 */
    put16(chain, at + PCIR + 0x10, blocks);
    chain->data[at + PCIR + 0x14] = type;
    chain->data[at + PCIR + 0x15] = last ? 0x80 : 0;
    if (type == 3) {
        put16(chain, at + 0x02, blocks);
        put32(chain, at + 0x04, 0x0ef1);
        put16(chain, at + 0x08, 0x0b);
        put16(chain, at + 0x0a, 0x8664);
        put16(chain, at + 0x0c, 1);
        put16(chain, at + 0x16, EFI_PROGRAM);
        put32(chain, at + EFI_PROGRAM, (guint32)length - EFI_PROGRAM - 8); /* compressed, and not */
        put32(chain, at + EFI_PROGRAM + 4, (guint32)length * 2);
    } else {
        chain->data[at + 0x02] = (guint8)blocks;
    }
    if (type == 0)
        make_sum(chain, at, length);
    return at;
}

/* As on a real card: legacy, NVIDIA's private 0xe0, EFI (facts/rom.md). */
static inline GByteArray *card(void)
{
    GByteArray *chain = g_byte_array_new();

    append_image(chain, 0, 2, FALSE);
    append_image(chain, 0xe0, 1, FALSE);
    append_image(chain, 3, 3, TRUE);
    return chain;
}
#define CARD_EFI (3 * 512)
#define CARD_SIZE (6 * 512)

static inline GByteArray *filled(gsize size, guint8 value)
{
    GByteArray *chain = g_byte_array_new();

    append_bytes(chain, size, value);
    return chain;
}

/* NVIDIA's three headers, and one that leads nowhere, so that the search finds the image. */
static inline GByteArray *prefixed(guint8 version, gsize start)
{
    g_autoptr(GByteArray) chain = card();
    GByteArray *file = filled(start, 0x5a);

    put_tag(file, 0, "NVGI");
    put32(file, 4, (guint32)version << 8);
    if (version == 1 || version == 2) {
        put32(file, 4, 0x40U << 16 | (guint32)version << 8);
        put32(file, 0x44, (guint32)start);
    } else if (version == 3) {
        put32(file, 8, 0x80);
        put32(file, 0x80, 0x200);
        put_tag(file, 0x200 + 4096, "RFRD");
        put32(file, 0x200 + 4096 + 8, (guint32)start);
    }
    g_byte_array_append(file, chain->data, chain->len);
    return file;
}
