/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/rom-chain.h"
#include "tests/unit/rom-promise.h"
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
    return rom_has_problem(rom, code);
}

static inline const VvRomImage *image(const VvRom *rom, guint i)
{
    assert_true(i < rom->images->len);
    return &g_array_index(rom->images, VvRomImage, i);
}

/* From memory of exactly `size` bytes, so that ASan sees a read behind it; and freed before the facts are
 * looked at. */
static inline VvRom *parse_bytes(const guint8 *data, gsize size, const VvDevice *device)
{
    guint8 *copy = g_memdup2(data, size);
    VvRom *rom = vv_rom_parse(copy, size, device);

    g_free(copy);
    const char *broken = broken_rom(rom, size);
    if (broken)
        fail_msg("%s", broken);
    return rom;
}

static inline VvRom *parse(const GByteArray *chain, const VvDevice *device)
{
    return parse_bytes(chain->data, chain->len, device);
}
