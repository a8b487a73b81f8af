/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* Versions and names, only from places that somebody has written down. */

/* Copies what is printable from `offset` on, without spaces around it. Untouched when that is nothing. */
static gboolean copy_text(VvRomView image, gsize offset, char *text, gsize size)
{
    gsize length = 0;

    while (vv_rom_u8(image, offset) == ' ')
        offset++;
    while (length < size - 1 && g_ascii_isprint(vv_rom_u8(image, offset + length)))
        length++;
    while (length > 0 && vv_rom_u8(image, offset + length - 1) == ' ')
        length--;
    if (length == 0)
        return FALSE;
    memcpy(text, image.data + offset, length);
    text[length] = '\0';
    return TRUE;
}

/* Where `tag` is between `from` and `to`; G_MAXSIZE: nowhere. */
static gsize find(VvRomView image, gsize from, gsize to, const char *tag, gsize length)
{
    to = MIN(to, image.size);
    const guint8 *found = from < to ? memmem(image.data + from, to - from, tag, length) : NULL;

    return found ? (gsize)(found - image.data) : G_MAXSIZE;
}

/* Linux, drivers/gpu/drm/amd/amdgpu/atom.c: atom_get_vbios_pn, _date and _version. */
static void read_atom(VvRom *rom, VvRomView image)
{
    static const char anchor[] = "ATOMBIOSBK-AMD VER";
    gsize header = vv_rom_u16(image, 0x48), strings = vv_rom_u16(image, 0x6e);
    gsize part = vv_rom_u8(image, 0x2f) ? strings : 0x80;

    if (!vv_rom_has_tag(image, 0x30, " 761295520", 10) || header == 0 ||
        (!vv_rom_has_tag(image, header + 4, "ATOM", 4) && !vv_rom_has_tag(image, header + 4, "MOTA", 4)))
        return;
    rom->atom = TRUE;
    copy_text(image, 0x50, rom->date, sizeof rom->date);
    if (part != 0)
        copy_text(image, part + (vv_rom_u8(image, part) == 0), rom->part_number, sizeof rom->part_number);
    gboolean placed = strings > 0 && strings < header;
    gsize at = find(image, placed ? strings : 3, placed ? header : 1024, anchor, sizeof anchor - 1);
    if (at != G_MAXSIZE)
        copy_text(image, at + sizeof anchor - 1, rom->version, 33);
}

/* Linux, drivers/gpu/drm/nouveau/nvkm/subdev/bios/base.c and bit.c: entry 'i' of the BIT. */
static gboolean read_bit(VvRom *rom, VvRomView image)
{
    gsize bit = find(image, 0, image.size,
                     "\xff\xb8"
                     "BIT",
                     5);
    guint8 count = bit == G_MAXSIZE ? 0 : vv_rom_u8(image, bit + 10);

    for (gsize i = 0, at = bit + 12; i < count; i++, at += vv_rom_u8(image, bit + 9)) {
        gsize v = vv_rom_u16(image, at + 4);
        if (vv_rom_u8(image, at) != 'i' || vv_rom_u16(image, at + 2) < 4 || v + 5 > image.size)
            continue;
        g_snprintf(rom->version, sizeof rom->version, "%02x.%02x.%02x.%02x.%02x", vv_rom_u8(image, v + 3),
                   vv_rom_u8(image, v + 2), vv_rom_u8(image, v + 1), vv_rom_u8(image, v),
                   vv_rom_u8(image, v + 4));
        return TRUE;
    }
    return FALSE;
}

/* What the card shows at power on, where the form leaves no doubt: "Version 86.04.17.00.80". */
static void read_nvidia_text(VvRom *rom, VvRomView image)
{
    static const char before[] = "Version ";
    gsize at = find(image, 0, image.size, before, sizeof before - 1);

    if (at == G_MAXSIZE)
        return;
    at += sizeof before - 1;
    for (gsize i = 0; i < 14; i++) {
        guint8 c = vv_rom_u8(image, at + i);
        if (i % 3 == 2 ? c != '.' : !g_ascii_isxdigit(c))
            return;
    }
    copy_text(image, at, rom->version, 15);
}

/* Linux, drivers/gpu/drm/i915/display/intel_vbt_defs.h: struct vbt_header and bdb_header. */
static void read_vbt(VvRom *rom, VvRomView image)
{
    char name[21];
    gsize vbt = find(image, 0, image.size, "$VBT", 4);

    if (vbt == G_MAXSIZE || !copy_text(image, vbt, name, sizeof name))
        return;
    gsize bdb = vbt + vv_rom_u32(image, vbt + 28);
    if (vv_rom_has_tag(image, bdb, "BIOS_DATA_BLOCK", 15))
        g_snprintf(rom->version, sizeof rom->version, "%s, BDB %u", name, vv_rom_u16(image, bdb + 16));
}

/* Plug and Play BIOS Specification 1.0A, 3.2: the expansion header, and where it names its strings. */
static void read_pnp(VvRom *rom, VvRomView image)
{
    gsize header = vv_rom_u16(image, 0x1a), product;

    if (header == 0 || !vv_rom_has_tag(image, header, "$PnP", 4))
        return;
    product = vv_rom_u16(image, header + 0x10);
    if (product != 0)
        copy_text(image, product, rom->product, sizeof rom->product);
}

void vv_rom_read_strings(VvRom *rom, VvRomView image, const VvRomImage *facts)
{
    if (facts->type != VV_ROM_TYPE_LEGACY || facts->nvidia_private)
        return;
    if (!rom->product[0])
        read_pnp(rom, image);
    if (rom->version[0] || rom->atom)
        return;
    if (facts->vendor == 0x1002)
        read_atom(rom, image);
    else if (facts->vendor == 0x10de && !read_bit(rom, image))
        read_nvidia_text(rom, image);
    else if (facts->vendor == 0x8086 && facts->class_code >> 16 == 3)
        read_vbt(rom, image);
}
