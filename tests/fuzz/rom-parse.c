/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/rom-promise.h"

#include <stdio.h>
#include <stdlib.h>

/* g_error() traps, and libFuzzer keeps the input only of what aborts. */
#define FAIL(...) (fprintf(stderr, __VA_ARGS__), abort())

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const VvDevice card = {.text = "0000:01:00.0", .vendor = 0x10de, .device = 0x1b80};
    g_autoptr(VvRom) alone = vv_rom_parse(data, size, NULL);
    g_autoptr(VvRom) compared = vv_rom_parse(data, size, &card);
    const char *broken = broken_rom(alone, size);

    if (!broken)
        broken = broken_rom(compared, size);
    if (broken)
        FAIL("%s", broken);
    return 0;
}
