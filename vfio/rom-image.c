/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* One image of a chain: header, PCIR, and what its type adds. */

static gboolean sums_to_zero(VvRomView view, gsize length)
{
    guint8 sum = 0;

    for (gsize i = 0; i < length; i++)
        sum = (guint8)(sum + vv_rom_u8(view, i));
    return sum == 0;
}

/* The device list came with revision 3. Its pointer counts from the PCIR (edk2, LegacyPci.c, IsLegacyRom; the
 * ROMs of iPXE agree), and a 0 ends it. */
static gboolean made_for(VvRomView image, gsize pcir, const VvRomImage *facts, const VvDevice *device)
{
    gsize list = vv_rom_u16(image, pcir + 0x08);

    if (!device)
        return TRUE;
    if (facts->vendor != device->vendor)
        return FALSE;
    if (facts->device == device->device)
        return TRUE;
    if (vv_rom_u8(image, pcir + 0x0c) < 3 || list == 0)
        return FALSE;
    for (gsize at = pcir + list; vv_rom_u16(image, at) != 0; at += 2)
        if (vv_rom_u16(image, at) == device->device)
            return TRUE;
    return FALSE;
}

/* The PCIR of the image at `offset`, or 0 where there is none to go on with. */
static gsize find_pcir(VvRom *rom, VvRomView image, gsize offset)
{
    gsize pcir = vv_rom_u16(image, 0x18);
    gsize claimed = (gsize)vv_rom_u8(image, 2) * VV_ROM_BLOCK;

    if (image.size < VV_ROM_HEADER_SIZE) {
        vv_rom_complain(rom, VV_ROM_BAD, "truncated",
                        "only %zu bytes are left at 0x%zx, too few for an image's header", image.size,
                        offset);
        return 0;
    }
    if (pcir == 0) {
        vv_rom_complain(rom, VV_ROM_BAD, "no-pcir",
                        "the image at 0x%zx points to no PCIR: it is made for ISA, not PCI", offset);
        return 0;
    }
    if (pcir + VV_ROM_PCIR_SIZE > image.size) {
        gboolean cut = claimed > image.size;
        vv_rom_complain(
            rom, VV_ROM_BAD, cut ? "truncated" : "pcir-outside",
            "the PCIR of the image at 0x%zx should be at 0x%zx behind it, but only %zu bytes follow%s",
            offset, pcir, image.size, cut ? ": the data is cut off, read it again" : "");
        return 0;
    }
    /* edk2 ends its walk at a PCIR that is not aligned, Linux does not mind. */
    if (pcir & 3)
        vv_rom_complain(
            rom, VV_ROM_BAD, "pcir-misaligned",
            "the PCIR of the image at 0x%zx is at 0x%zx behind it, not a multiple of 4: OVMF stops there",
            offset, pcir);
    if (!vv_rom_has_header(image)) {
        vv_rom_complain(rom, VV_ROM_BAD, "no-pcir", "0x%zx behind the image at 0x%zx there is no \"PCIR\"",
                        pcir, offset);
        return 0;
    }
    return pcir;
}

/* UEFI specification, "PCI Option ROMs", table "EFI PCI Expansion ROM Header". */
static void parse_efi(VvRom *rom, VvRomView image, VvRomImage *facts)
{
    guint16 compression = vv_rom_u16(image, 0x0c);
    gsize start = vv_rom_u16(image, 0x16);

    if (vv_rom_u32(image, 4) != 0x0ef1) {
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx has 0x%08x instead of 0x00000ef1 at 4", facts->offset,
                        vv_rom_u32(image, 4));
        return;
    }
    facts->efi_subsystem = vv_rom_u16(image, 8);
    facts->efi_machine = vv_rom_u16(image, 0x0a);
    facts->efi_compressed = compression == 1;
    if (compression > 1)
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx is compressed in an unknown way, %u", facts->offset,
                        compression);
    if (start < VV_ROM_HEADER_SIZE || start >= facts->length)
        vv_rom_complain(
            rom, VV_ROM_BAD, "efi-header",
            "the program of the EFI image at 0x%zx should be at 0x%zx behind it, outside of its %zu bytes",
            facts->offset, start, facts->length);
}

/* Firmware sums what byte 2 counts (SeaBIOS, optionroms.c), which is the whole image in all but a few ROMs.
 */
static void parse_legacy(VvRom *rom, VvRomView image, gsize pcir, VvRomImage *facts)
{
    gsize claimed = (gsize)vv_rom_u8(image, 2) * VV_ROM_BLOCK;

    facts->has_checksum = !vv_rom_nvidia_no_checksum(image, pcir);
    if (!facts->has_checksum || facts->length > image.size)
        return;
    facts->checksum_ok = sums_to_zero(image, facts->length) ||
                         (claimed > 0 && claimed < facts->length && sums_to_zero(image, claimed));
    if (!facts->checksum_ok)
        vv_rom_complain(rom, VV_ROM_REPAIRABLE, "checksum",
                        "the %zu bytes of the legacy image at 0x%zx do not sum to 0", facts->length,
                        facts->offset);
}

gboolean vv_rom_parse_image(VvRom *rom, VvRomView rest, const VvDevice *device, VvRomImage *facts)
{
    gsize pcir = find_pcir(rom, rest, facts->offset);

    if (pcir == 0)
        return FALSE;
    facts->vendor = vv_rom_u16(rest, pcir + 0x04);
    facts->device = vv_rom_u16(rest, pcir + 0x06);
    facts->class_code = vv_rom_u32(rest, pcir + 0x0d) & 0xffffff;
    facts->length = (gsize)vv_rom_u16(rest, pcir + 0x10) * VV_ROM_BLOCK;
    facts->type = vv_rom_u8(rest, pcir + 0x14);
    facts->last = (vv_rom_u8(rest, pcir + 0x15) & 0x80) != 0;
    if (facts->length == 0) {
        vv_rom_complain(rom, VV_ROM_BAD, "length-zero", "the image at 0x%zx is 0 bytes long by its PCIR",
                        facts->offset);
        return FALSE;
    }
    if (pcir + VV_ROM_PCIR_SIZE > facts->length)
        vv_rom_complain(rom, VV_ROM_BAD, "pcir-outside",
                        "the PCIR of the image at 0x%zx is at 0x%zx, behind its %zu bytes", facts->offset,
                        pcir, facts->length);
    if (facts->length > rest.size)
        vv_rom_complain(rom, VV_ROM_BAD, "truncated",
                        "the image at 0x%zx is %zu bytes long, but only %zu are there: read it again",
                        facts->offset, facts->length, rest.size);
    if (vv_rom_u16(rest, pcir + 0x0a) < VV_ROM_PCIR_SIZE)
        vv_rom_complain(rom, VV_ROM_GOOD, "pcir-short",
                        "the PCIR of the image at 0x%zx calls itself %u bytes long, not 24", facts->offset,
                        vv_rom_u16(rest, pcir + 0x0a));

    VvRomView image = {rest.data, MIN(rest.size, facts->length)};
    facts->matches = made_for(image, pcir, facts, device);
    if (facts->type == VV_ROM_TYPE_EFI)
        parse_efi(rom, image, facts);
    else if (facts->type == VV_ROM_TYPE_LEGACY)
        parse_legacy(rom, image, pcir, facts);
    return facts->length <= rest.size;
}
