/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* EFI images. UEFI specification, "PCI Option ROMs", table "EFI PCI Expansion ROM Header"; what firmware
 * makes of it as in edk2, MdeModulePkg/Bus/Pci/PciBusDxe/PciOptionRomSupport.c. */

#define SUBSYSTEM_BOOT_DRIVER 0x0b
#define SUBSYSTEM_RUNTIME_DRIVER 0x0c

/* EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, 9042a9de-23dc-4a38-96fb-7aded080516a, as it lies in memory. */
static const guint8 gop_guid[16] = {0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
                                    0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a};

const char *vv_rom_machine_name(guint16 machine, char text[static 16])
{
    static const struct {
        guint16 machine;
        const char *name;
    } names[] = {
        {0x8664, "x64"}, {0xaa64, "AArch64"}, {0x0ebc, "EBC"}, {0x014c, "IA32"}, {0x5064, "RISC-V64"}};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].machine == machine)
            return names[i].name;
    g_snprintf(text, 16, "machine 0x%04x", machine);
    return text;
}

gboolean vv_rom_read_program(VvRomView program, guint16 *ret_machine, guint16 *ret_subsystem)
{
    gsize pe = vv_rom_has_tag(program, 0, "MZ", 2) ? vv_rom_u32(program, 0x3c) : 0;

    if (vv_rom_has_tag(program, 0, "VZ", 2)) {
        *ret_machine = vv_rom_u16(program, 2);
        *ret_subsystem = vv_rom_u8(program, 5);
        return program.size >= 40;
    }
    /* The subsystem is at the same place behind the signature in PE32 and PE32+. */
    if (!vv_rom_has_tag(program, pe, "PE\0\0", 4) || program.size - pe < 24 + 70)
        return FALSE;
    *ret_machine = vv_rom_u16(program, pe + 4);
    *ret_subsystem = vv_rom_u16(program, pe + 24 + 68);
    return TRUE;
}

static void judge_plain(VvRom *rom, VvRomView program, VvRomImage *facts)
{
    guint16 machine, subsystem;
    char there[16], said[16];

    if (!vv_rom_read_program(program, &machine, &subsystem)) {
        facts->efi_program = VV_ROM_PROGRAM_NONE;
        vv_rom_complain(rom, VV_ROM_BAD, "efi-program",
                        "the EFI image at 0x%zx has no PE program where it should be", facts->offset);
        return;
    }
    /* A network card's driver knows the protocol too, but only to use what a graphics card's one gives. */
    gboolean gop = facts->class_code >> 16 == 0x03 && program.size > 0 &&
                   memmem(program.data, program.size, gop_guid, sizeof gop_guid);
    facts->efi_program = gop ? VV_ROM_PROGRAM_GOP : VV_ROM_PROGRAM_DRIVER;
    if (machine != facts->efi_machine)
        vv_rom_complain(rom, VV_ROM_BAD, "efi-program",
                        "the program of the EFI image at 0x%zx is for %s, its header says %s", facts->offset,
                        vv_rom_machine_name(machine, there), vv_rom_machine_name(facts->efi_machine, said));
    else if (subsystem != facts->efi_subsystem)
        vv_rom_complain(
            rom, VV_ROM_GOOD, "efi-subsystem",
            "the program of the EFI image at 0x%zx is of subsystem 0x%02x, its header says 0x%02x",
            facts->offset, subsystem, facts->efi_subsystem);
}

/* Both sizes stand in front of the compressed bytes (UEFI specification, EFI_DECOMPRESS_PROTOCOL.GetInfo). */
static void judge_compressed(VvRom *rom, VvRomView program, VvRomImage *facts)
{
    guint32 size = vv_rom_u32(program, 0);

    if (program.size >= 8 && size <= program.size - 8)
        return;
    facts->efi_program = VV_ROM_PROGRAM_NONE;
    vv_rom_complain(
        rom, VV_ROM_BAD, "efi-program",
        "the program of the EFI image at 0x%zx should be %u bytes compressed, but only %zu follow",
        facts->offset, size, program.size);
}

static void judge_header(VvRom *rom, VvRomView image, const VvRomImage *facts)
{
    guint16 compression = vv_rom_u16(image, 0x0c);
    gsize start = vv_rom_u16(image, 0x16), size = (gsize)vv_rom_u16(image, 2) * VV_ROM_BLOCK;

    if (compression > 1)
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx is compressed in an unknown way, %u", facts->offset,
                        compression);
    if (facts->efi_subsystem != SUBSYSTEM_BOOT_DRIVER && facts->efi_subsystem != SUBSYSTEM_RUNTIME_DRIVER)
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx is of subsystem 0x%02x, which is no driver's", facts->offset,
                        facts->efi_subsystem);
    if (size > facts->pcir_length)
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx counts itself %zu bytes, its PCIR only %zu", facts->offset,
                        size, facts->pcir_length);
    if (start < VV_ROM_HEADER_SIZE || start >= size)
        vv_rom_complain(
            rom, VV_ROM_BAD, "efi-header",
            "the program of the EFI image at 0x%zx should be at 0x%zx behind it, outside of its %zu bytes",
            facts->offset, start, size);
}

void vv_rom_parse_efi(VvRom *rom, VvRomView image, gboolean whole, VvRomImage *facts)
{
    guint16 compression = vv_rom_u16(image, 0x0c);
    gsize start = vv_rom_u16(image, 0x16), size = (gsize)vv_rom_u16(image, 2) * VV_ROM_BLOCK;

    if (vv_rom_u32(image, 4) != 0x0ef1) {
        vv_rom_complain(rom, VV_ROM_BAD, "efi-header",
                        "the EFI image at 0x%zx has 0x%08x instead of 0x00000ef1 at 4", facts->offset,
                        vv_rom_u32(image, 4));
        return;
    }
    facts->efi_subsystem = vv_rom_u16(image, 8);
    facts->efi_machine = vv_rom_u16(image, 0x0a);
    facts->efi_compressed = compression == 1;
    judge_header(rom, image, facts);
    if (!whole || compression > 1 || start < VV_ROM_HEADER_SIZE || start >= MIN(size, image.size))
        return;
    VvRomView program = {image.data + start, MIN(size, image.size) - start};
    if (compression == 0)
        judge_plain(rom, program, facts);
    else
        judge_compressed(rom, program, facts);
}
