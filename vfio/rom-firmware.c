/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include <stdarg.h>

/* Two firmwares, each with a walk of its own: what one of them runs the other may not even see. QEMU pads a
 * romfile to a power of two with zeros, which is how VvRomView reads what lies outside. */

static void G_GNUC_PRINTF(2, 3) say(VvRomFirmware *firmware, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(firmware->detail, sizeof firmware->detail, format, arguments);
    va_end(arguments);
}

static gboolean sees_no_rom(VvRomFirmware *firmware, VvRomView data)
{
    if (vv_rom_u16(data, 0) == 0xaa55)
        return FALSE;
    say(firmware, "sees no ROM: it begins with %02x %02x, not 55 aa", vv_rom_u8(data, 0), vv_rom_u8(data, 1));
    return TRUE;
}

static const VvRomImage *image_at(const VvRom *rom, gsize offset)
{
    guint low = 0, high = rom->images->len;

    while (low < high) {
        guint middle = (low + high) / 2;
        if (g_array_index(rom->images, VvRomImage, middle).offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rom->images->len && g_array_index(rom->images, VvRomImage, low).offset == offset
               ? &g_array_index(rom->images, VvRomImage, low)
               : NULL;
}

/* Is it for x64? OVMF asks the program itself, and not the header before it (seen with edk2 2022.11; older
 * ones asked both); what is in a compressed one only the header says here. */
static gboolean is_x64(VvRomFirmware *firmware, VvRomView rest, gsize at, gsize start, gsize size)
{
    guint16 machine = vv_rom_u16(rest, 0x0a), subsystem;
    VvRomView program = {rest.data + start, size - start};
    gboolean found = vv_rom_u16(rest, 0x0c) == 1
                         ? program.size >= 8 && vv_rom_u32(program, 0) <= program.size - 8
                         : vv_rom_read_program(program, &machine, &subsystem);
    char text[16];

    if (!found)
        say(firmware, "the EFI image at 0x%zx has no program that it can load", at);
    else if (machine != VV_ROM_MACHINE_X64)
        say(firmware, "the EFI image at 0x%zx is for %s, not x64", at, vv_rom_machine_name(machine, text));
    return found && machine == VV_ROM_MACHINE_X64;
}

/* Would OVMF's LocalLoadFile2 load this one? `rest` begins at it. */
static gboolean loads(VvRomFirmware *firmware, VvRomView rest, gsize at, gsize length)
{
    guint16 subsystem = vv_rom_u16(rest, 8);
    gsize size = (gsize)vv_rom_u16(rest, 2) * VV_ROM_BLOCK, start = vv_rom_u16(rest, 0x16);

    if (vv_rom_u32(rest, 4) != 0x0ef1 || (subsystem != 0x0b && subsystem != 0x0c) ||
        vv_rom_u16(rest, 0x0c) > 1 || size > length || start >= size)
        say(firmware, "the header of the EFI image at 0x%zx is wrong", at);
    else if (size > rest.size)
        say(firmware, "the EFI image at 0x%zx is cut off", at);
    else
        return is_x64(firmware, rest, at, start, size);
    return FALSE;
}

/* edk2, PciOptionRomSupport.c: LoadOpRomImage and ProcessOpRomImage. Behind the first image it looks for the
 * next one at every block. It goes by the PCIR alone. */
static void judge_ovmf(const VvRom *rom, VvRomFirmware *firmware, VvRomView data)
{
    gsize bar = VV_ROM_BLOCK * 4;

    while (bar < data.size)
        bar *= 2;
    if (sees_no_rom(firmware, data))
        return;
    say(firmware, "there is no EFI image");
    for (gsize at = 0; at < data.size;) {
        VvRomView rest = vv_rom_view_from(data, at);
        gsize pcir = vv_rom_u16(rest, 0x18), length = (gsize)vv_rom_u16(rest, pcir + 0x10) * VV_ROM_BLOCK;
        gboolean last = (vv_rom_u8(rest, pcir + 0x15) & 0x80) != 0;

        if (vv_rom_u16(rest, 0) != 0xaa55) {
            at += VV_ROM_BLOCK;
            continue;
        }
        if (pcir == 0 || (pcir & 3) || at + pcir + VV_ROM_PCIR_SIZE > bar ||
            !vv_rom_has_tag(rest, pcir, "PCIR", 4) || at + length > bar) {
            say(firmware, "it stops at 0x%zx, where the image's header or PCIR is wrong", at);
            return;
        }
        if (length == 0 && !last) {
            say(firmware, "it hangs at 0x%zx, on an image of 0 bytes", at);
            return;
        }
        if (vv_rom_u8(rest, pcir + 0x14) == VV_ROM_TYPE_EFI && loads(firmware, rest, at, length)) {
            const VvRomImage *image = image_at(rom, at);
            firmware->offset = at;
            firmware->runs = TRUE;
            say(firmware, "runs the EFI image at 0x%zx%s", at,
                image && image->efi_program == VV_ROM_PROGRAM_GOP ? ", a graphics driver (GOP)" : "");
            return;
        }
        if (last)
            return;
        at += length;
    }
}

static void judge_legacy(VvRomFirmware *firmware, VvRomView rest, gsize at)
{
    gsize length = vv_rom_legacy_length(rest);
    guint8 sum = vv_rom_sum(rest, length);

    firmware->offset = at;
    firmware->runs = length > 0 && sum == 0;
    if (firmware->runs)
        say(firmware, "runs the legacy image at 0x%zx", at);
    else if (length == 0)
        say(firmware, "the legacy image at 0x%zx counts itself 0 bytes", at);
    else
        say(firmware, "the first %zu bytes of the legacy image at 0x%zx sum to 0x%02x, not 0", length, at,
            sum);
}

/* SeaBIOS, src/optionroms.c: map_pcirom and is_valid_rom. It takes the first legacy image with the card's own
 * ids, knows no device list, and stops where no image follows. */
static void judge_seabios(VvRomFirmware *firmware, VvRomView data, const VvDevice *device)
{
    if (sees_no_rom(firmware, data))
        return;
    say(firmware, "there is no legacy image");
    for (gsize at = 0; at < data.size;) {
        VvRomView rest = vv_rom_view_from(data, at);
        gsize pcir = vv_rom_u16(rest, 0x18), length = (gsize)vv_rom_u16(rest, pcir + 0x10) * VV_ROM_BLOCK;
        guint16 vendor = vv_rom_u16(rest, pcir + 4), id = vv_rom_u16(rest, pcir + 6);

        if (vv_rom_u16(rest, 0) != 0xaa55 || !vv_rom_has_tag(rest, pcir, "PCIR", 4)) {
            say(firmware, "it stops at 0x%zx, where no image with a PCIR follows", at);
            return;
        }
        if (vv_rom_u8(rest, pcir + 0x14) == VV_ROM_TYPE_LEGACY) {
            if (!device || (device->vendor == vendor && device->device == id)) {
                judge_legacy(firmware, rest, at);
                return;
            }
            say(firmware, "the PCIR of the legacy image at 0x%zx names %04x:%04x, not this card", at, vendor,
                id);
        }
        if (vv_rom_u8(rest, pcir + 0x15) & 0x80)
            return;
        if (length == 0) {
            say(firmware, "it hangs at 0x%zx, on an image of 0 bytes", at);
            return;
        }
        at += length;
    }
}

void vv_rom_judge_firmware(VvRom *rom, VvRomView data, const VvDevice *device)
{
    judge_ovmf(rom, &rom->ovmf, data);
    judge_seabios(&rom->seabios, data, device);
}
