/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* What vendors put around the standard chain. NVIDIA's formats as in Linux, drivers/gpu/nova-core/vbios.rs
 * and drivers/gpu/drm/nouveau/nvkm/subdev/bios/, and NVIDIA's open-gpu-kernel-modules. */

#define NVGI VV_ROM_TAG('N', 'V', 'G', 'I')
#define RFRD VV_ROM_TAG('R', 'F', 'R', 'D')
#define NPDE VV_ROM_TAG('N', 'P', 'D', 'E')

gboolean vv_rom_has_header(VvRomView image)
{
    gsize pcir = vv_rom_u16(image, 0x18);

    return vv_rom_u16(image, 0) == 0xaa55 && pcir != 0 && pcir + VV_ROM_PCIR_SIZE <= image.size &&
           vv_rom_u32(image, pcir) == VV_ROM_TAG('P', 'C', 'I', 'R');
}

/* The header at the start of NVIDIA's flash says, in three versions, where the ROM begins behind it. */
static gsize nvidia_start(VvRomView rom)
{
    guint8 version = vv_rom_u8(rom, 5);

    if (version == 1 || version == 2)
        return vv_rom_u32(rom, (vv_rom_u32(rom, 4) >> 16 & 0x7fff) + 4);
    if (version == 3) {
        gsize directory = (gsize)vv_rom_u32(rom, vv_rom_u32(rom, 8) & 0xfffff) + 4096;
        if (vv_rom_u32(rom, directory) == RFRD)
            return vv_rom_u32(rom, directory + 8);
    }
    return 0;
}

gsize vv_rom_find_start(VvRomView rom)
{
    /* An image that begins where it should is never searched for elsewhere, however broken it is. */
    if (vv_rom_u16(rom, 0) == 0xaa55)
        return 0;
    if (vv_rom_u32(rom, 0) == NVGI) {
        gsize start = nvidia_start(rom);
        if (start > 0 && vv_rom_has_header(vv_rom_view_from(rom, start)))
            return start;
    }
    for (gsize start = VV_ROM_BLOCK; start < rom.size; start += VV_ROM_BLOCK)
        if (vv_rom_has_header(vv_rom_view_from(rom, start)))
            return start;
    return G_MAXSIZE;
}

const char *vv_rom_prefix_name(VvRomView rom)
{
    return vv_rom_u32(rom, 0) == NVGI ? "NVIDIA's flash header (NVGI)" : "an unknown header";
}

gboolean vv_rom_is_nvidia_private(VvRomView image)
{
    guint16 signature = vv_rom_u16(image, 0);

    return signature == 0x4e56 || signature == 0xbb77;
}

gboolean vv_rom_nvidia_no_checksum(VvRomView image, gsize pcir)
{
    gsize npde = (pcir + vv_rom_u16(image, pcir + 0x0a) + 15) & ~(gsize)15;
    guint16 revision = vv_rom_u16(image, npde + 4);

    return vv_rom_u16(image, pcir + 4) == 0x10de && vv_rom_u32(image, npde) == NPDE &&
           (revision == 0x100 || revision == 0x101) && vv_rom_u16(image, npde + 6) >= 0x0c &&
           (vv_rom_u8(image, npde + 0x0b) & 0x04) != 0;
}
