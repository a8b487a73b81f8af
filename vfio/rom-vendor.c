/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* What vendors put around the standard chain. NVIDIA's formats as in Linux, drivers/gpu/nova-core/vbios.rs
 * and drivers/gpu/drm/nouveau/nvkm/subdev/bios/, and NVIDIA's open-gpu-kernel-modules, pci_exp_table.h and
 * kernel_gsp_vbios_tu102.c. */

#define NVGI VV_ROM_TAG('N', 'V', 'G', 'I')
#define RFRD VV_ROM_TAG('R', 'F', 'R', 'D')
#define NPDE VV_ROM_TAG('N', 'P', 'D', 'E')
#define PCIR VV_ROM_TAG('P', 'C', 'I', 'R')
#define NPDS VV_ROM_TAG('N', 'P', 'D', 'S')
#define RGIS VV_ROM_TAG('R', 'G', 'I', 'S')

/* The tag of the structure that a header points to; 0 where it lies outside of `image`. */
static guint32 structure_tag(VvRomView image)
{
    gsize pcir = vv_rom_u16(image, 0x18);

    return pcir != 0 && pcir + VV_ROM_PCIR_SIZE <= image.size ? vv_rom_u32(image, pcir) : 0;
}

gboolean vv_rom_has_header(VvRomView image)
{
    return vv_rom_u16(image, 0) == 0xaa55 && structure_tag(image) == PCIR;
}

gboolean vv_rom_is_nvidia_private(VvRomView image)
{
    guint16 signature = vv_rom_u16(image, 0);

    return signature == 0x4e56 || signature == 0xbb77;
}

gboolean vv_rom_has_private_header(VvRomView image)
{
    guint32 tag = structure_tag(image);

    return vv_rom_is_nvidia_private(image) && (tag == PCIR || tag == NPDS || tag == RGIS);
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

gboolean vv_rom_read_npde(VvRomView image, gsize pcir, VvRomNpde *ret)
{
    gsize at = (pcir + vv_rom_u16(image, pcir + 0x0a) + 15) & ~(gsize)15;
    guint16 revision = vv_rom_u16(image, at + 4), size = vv_rom_u16(image, at + 6);

    if (vv_rom_u16(image, pcir + 4) != 0x10de || vv_rom_u32(image, at) != NPDE ||
        (revision != 0x100 && revision != 0x101))
        return FALSE;
    *ret = (VvRomNpde){
        .length = (gsize)vv_rom_u16(image, at + 8) * VV_ROM_BLOCK,
        .has_last = size >= 0x0b,
        .last = size >= 0x0b && (vv_rom_u8(image, at + 0x0a) & 0x80) != 0,
        .no_checksum = size >= 0x0c && (vv_rom_u8(image, at + 0x0b) & 0x04) != 0,
    };
    return TRUE;
}
