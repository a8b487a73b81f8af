/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-promise.h"

#include <stdio.h>
#include <stdlib.h>

/* g_error() traps, and libFuzzer keeps the input only of what aborts. */
#define FAIL(...) (fprintf(stderr, __VA_ARGS__), abort())

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void extract_each(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);

    for (guint i = 0; i < MIN(rom->images->len + 1, 4); i++) {
        g_autoptr(GBytes) image = vv_rom_extract(bytes, i, NULL);
        if (image && g_bytes_get_size(image) != g_array_index(rom->images, VvRomImage, i).length)
            FAIL("image %u was not extracted whole", i);
    }
    g_autoptr(GBytes) efi = vv_rom_extract(bytes, G_MAXUINT, NULL);
    if (!efi && rom->ovmf.runs && rom->verdict == VV_ROM_GOOD)
        FAIL("OVMF runs an EFI image that could not be extracted");
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);

    for (unsigned fixes = 0; fixes <= (VV_ROM_FIX_CHECKSUM | VV_ROM_FIX_LAST); fixes++) {
        const char *broken = broken_fix(bytes, fixes, NULL);
        if (broken)
            FAIL("fixes %u: %s", fixes, broken);
    }
    extract_each(bytes);
    return 0;
}
