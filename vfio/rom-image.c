/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* One image of a chain: header, PCIR, and what its type adds. */

guint8 vv_rom_sum(VvRomView view, gsize length)
{
    guint8 sum = 0;

    for (gsize i = 0, end = MIN(length, view.size); i < end; i++)
        sum = (guint8)(sum + view.data[i]);
    return sum;
}

gsize vv_rom_legacy_length(VvRomView image)
{
    return (gsize)vv_rom_u8(image, 2) * VV_ROM_BLOCK;
}

/* The device list came with revision 3. Its pointer counts from the PCIR (edk2, LegacyPci.c, IsLegacyRom; the
 * ROMs of iPXE agree), and a 0 ends it. */
static void read_device_list(VvRom *rom, VvRomView image, VvRomImage *facts)
{
    gsize list = vv_rom_u16(image, facts->pcir + 0x08), at = facts->pcir + list;

    facts->first_device = rom->devices->len;
    if (facts->pcir_revision < 3 || list == 0)
        return;
    for (; vv_rom_u16(image, at) != 0; at += 2) {
        guint16 id = vv_rom_u16(image, at);
        g_array_append_val(rom->devices, id);
        facts->device_count++;
    }
    if (at + 2 > image.size)
        vv_rom_complain(rom, VV_ROM_GOOD, "device-list",
                        "the device list of the image at 0x%zx has no end inside of it", facts->offset);
}

static gboolean made_for(const VvRom *rom, const VvRomImage *facts, const VvDevice *device)
{
    if (!device)
        return TRUE;
    if (facts->vendor != device->vendor)
        return FALSE;
    gboolean fits = facts->device == device->device;
    for (guint i = 0; !fits && i < facts->device_count; i++)
        fits = g_array_index(rom->devices, guint16, facts->first_device + i) == device->device;
    return fits;
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

/* Firmware sums what byte 2 counts (SeaBIOS, optionroms.c), which is the whole image in all but a few ROMs.
 */
static void parse_legacy(VvRom *rom, VvRomView rest, gboolean no_checksum, VvRomImage *facts)
{
    gsize counted = vv_rom_legacy_length(rest);

    facts->has_checksum = !no_checksum;
    if (no_checksum || facts->length > rest.size)
        return;
    facts->checksum_ok = (counted > 0 && counted <= rest.size && vv_rom_sum(rest, counted) == 0) ||
                         (counted != facts->length && vv_rom_sum(rest, facts->length) == 0);
    if (!facts->checksum_ok)
        vv_rom_complain(rom, VV_ROM_REPAIRABLE, "checksum",
                        "the %zu bytes of the legacy image at 0x%zx do not sum to 0", facts->length,
                        facts->offset);
    if (facts->pcir_last && counted > facts->pcir_length && counted <= rest.size)
        vv_rom_complain(rom, VV_ROM_GOOD, "length-short",
                        "the legacy image at 0x%zx counts itself %zu bytes, its PCIR only %zu", facts->offset,
                        counted, facts->pcir_length);
}

static void read_pcir(VvRomView rest, gsize pcir, VvRomImage *facts)
{
    facts->pcir = pcir;
    facts->vendor = vv_rom_u16(rest, pcir + 0x04);
    facts->device = vv_rom_u16(rest, pcir + 0x06);
    facts->pcir_revision = vv_rom_u8(rest, pcir + 0x0c);
    facts->class_code = vv_rom_u32(rest, pcir + 0x0d) & 0xffffff;
    facts->pcir_length = facts->length = (gsize)vv_rom_u16(rest, pcir + 0x10) * VV_ROM_BLOCK;
    facts->rom_revision = vv_rom_u16(rest, pcir + 0x12);
    facts->type = vv_rom_u8(rest, pcir + 0x14);
    facts->pcir_last = facts->last = (vv_rom_u8(rest, pcir + 0x15) & 0x80) != 0;
}

static gboolean leads_on(VvRomView rest, gsize length)
{
    VvRomView next = vv_rom_view_from(rest, length);

    return vv_rom_has_header(next) || vv_rom_has_private_header(next);
}

/* An image that is longer for NVIDIA's drivers than for everybody else, or the other way round. Without a
 * mark of its own, a part of an image is not the last one (kernel_gsp_vbios_tu102.c, s_locateExpansionRoms).
 */
static void apply_npde(VvRomView rest, VvRomImage *facts, const VvRomNpde *npde)
{
    facts->has_npde = TRUE;
    if (npde->has_last)
        facts->last = npde->last;
    else if (npde->length > 0 && npde->length < facts->pcir_length)
        facts->last = FALSE;
    /* One that leads nowhere, where the PCIR's leads to an image, is not meant. */
    if (npde->length > 0 && (leads_on(rest, npde->length) || !leads_on(rest, facts->pcir_length)))
        facts->length = npde->length;
}

static void judge_lengths(VvRom *rom, VvRomView rest, const VvRomImage *facts)
{
    gsize length = MAX(facts->length, facts->pcir_length);

    if (facts->pcir_length == 0)
        vv_rom_complain(rom, VV_ROM_BAD, "length-zero", "the image at 0x%zx is 0 bytes long by its PCIR",
                        facts->offset);
    else if (facts->pcir + VV_ROM_PCIR_SIZE > facts->length)
        vv_rom_complain(rom, VV_ROM_BAD, "pcir-outside",
                        "the PCIR of the image at 0x%zx is at 0x%zx, behind its %zu bytes", facts->offset,
                        facts->pcir, facts->length);
    if (length > rest.size)
        vv_rom_complain(rom, VV_ROM_BAD, "truncated",
                        "the image at 0x%zx is %zu bytes long, but only %zu are there: read it again",
                        facts->offset, length, rest.size);
    if (vv_rom_u16(rest, facts->pcir + 0x0a) < VV_ROM_PCIR_SIZE)
        vv_rom_complain(rom, VV_ROM_GOOD, "pcir-short",
                        "the PCIR of the image at 0x%zx calls itself %u bytes long, not 24", facts->offset,
                        vv_rom_u16(rest, facts->pcir + 0x0a));
}

gboolean vv_rom_parse_image(VvRom *rom, VvRomView rest, const VvDevice *device, VvRomImage *facts)
{
    VvRomNpde npde = {0};

    facts->nvidia_private = vv_rom_has_private_header(rest);
    gsize pcir = facts->nvidia_private ? vv_rom_u16(rest, 0x18) : find_pcir(rom, rest, facts->offset);
    if (pcir == 0)
        return FALSE;
    read_pcir(rest, pcir, facts);
    if (vv_rom_read_npde(rest, pcir, &npde))
        apply_npde(rest, facts, &npde);
    judge_lengths(rom, rest, facts);
    if (facts->length == 0)
        return FALSE;

    VvRomView image = {rest.data, MIN(rest.size, facts->length)};
    read_device_list(rom, image, facts);
    facts->matches = made_for(rom, facts, device);
    if (facts->type == VV_ROM_TYPE_EFI && !facts->nvidia_private)
        vv_rom_parse_efi(rom, image, facts->length <= rest.size, facts);
    else if (facts->type == VV_ROM_TYPE_LEGACY && !facts->nvidia_private)
        parse_legacy(rom, rest, npde.no_checksum, facts);
    vv_rom_read_strings(rom, image, facts);
    return facts->length <= rest.size;
}
