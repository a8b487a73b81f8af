/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include <stdlib.h>

/* AMD's ACPI table VFCT: what is found lies in the table. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const VvDevice device = {.address = {.bus = 1}, .vendor = 0x1002, .device = 0x67df};
    VvRomView image;

    if (vv_rom_find_vfct((VvRomView){data, size}, &device, &image) &&
        (image.size == 0 || image.data < data || image.size > size ||
         (gsize)(image.data - data) > size - image.size))
        abort();
    return 0;
}
