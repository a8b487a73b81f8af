/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-promise.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void extract_each(GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);

    for (guint i = 0; i < MIN(rom->images->len + 1, 4); i++) {
        g_autoptr(GBytes) image = vv_rom_extract(bytes, i, NULL);
        if (image && g_bytes_get_size(image) != g_array_index(rom->images, VvRomImage, i).length)
            g_error("image %u was not extracted whole", i);
    }
    g_autoptr(GBytes) efi = vv_rom_extract(bytes, G_MAXUINT, NULL);
    if (!efi && rom->ovmf.runs && rom->verdict == VV_ROM_GOOD)
        g_error("OVMF runs an EFI image that could not be extracted");
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);

    for (unsigned fixes = 0; fixes <= (VV_ROM_FIX_CHECKSUM | VV_ROM_FIX_LAST); fixes++) {
        const char *broken = broken_fix(bytes, fixes, NULL);
        if (broken)
            g_error("fixes %u: %s", fixes, broken);
    }
    extract_each(bytes);
    return 0;
}
