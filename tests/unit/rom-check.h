/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/rom-chain.h"
#include "vfio/rom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const VvDevice gtx1080 = {.text = "0000:01:00.0", .vendor = 0x10de, .device = 0x1b80};

static inline gboolean has(const VvRom *rom, const char *code)
{
    for (guint i = 0; i < rom->problems->len; i++)
        if (strcmp(((VvRomProblem *)rom->problems->pdata[i])->code, code) == 0)
            return TRUE;
    return FALSE;
}

static inline const VvRomImage *image(const VvRom *rom, guint i)
{
    assert_true(i < rom->images->len);
    return &g_array_index(rom->images, VvRomImage, i);
}

/* What holds for any input. */
static inline void check_invariants(const VvRom *rom, gsize size)
{
    VvRomVerdict worst = VV_ROM_GOOD;
    gsize at = rom->start;

    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        worst = MAX(worst, problem->weight);
        assert_true(strlen(problem->detail) > 10);
    }
    assert_int_equal(rom->verdict, worst);
    for (guint i = 0; i < rom->images->len; i++) {
        assert_int_equal(image(rom, i)->offset, at);
        assert_true(image(rom, i)->length > 0 && image(rom, i)->length % 512 == 0);
        at += image(rom, i)->length;
    }
    assert_true(rom->end >= MIN(at, size) && rom->end <= size);
    assert_true(has(rom, "length-short") || rom->end == MAX(MIN(at, size), rom->guest_end));
    assert_true(rom->guest_end <= rom->end && rom->guest_end >= MIN(rom->start, rom->end));
    assert_true(strlen(rom->ovmf.detail) > 5 && strlen(rom->seabios.detail) > 5);
    assert_true(!rom->ovmf.runs || rom->ovmf.offset < size);
    assert_true(!rom->seabios.runs || rom->seabios.offset < size);
    if (at > size)
        assert_true(has(rom, "truncated"));
    if (rom->images->len == 0)
        assert_int_equal(rom->verdict, VV_ROM_BAD);
}

/* From memory of exactly `size` bytes, so that ASan sees a read behind it; and freed before the facts are
 * looked at. */
static inline VvRom *parse_bytes(const guint8 *data, gsize size, const VvDevice *device)
{
    guint8 *copy = g_memdup2(data, size);
    VvRom *rom = vv_rom_parse(copy, size, device);

    g_free(copy);
    check_invariants(rom, size);
    return rom;
}

static inline VvRom *parse(const GByteArray *chain, const VvDevice *device)
{
    return parse_bytes(chain->data, chain->len, device);
}
