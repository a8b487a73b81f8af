/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

/* From image to image, in two ways: as firmware goes, by the PCIR; and with NVIDIA's own lengths, which may
 * lead to more images. */

gboolean vv_rom_is_all(VvRomView view, guint8 value)
{
    return view.size > 0 && view.data[0] == value && memcmp(view.data, view.data + 1, view.size - 1) == 0;
}

/* What follows an image without the last bit, when it is not another image. */
static void judge_open_end(VvRom *rom, VvRomView rest)
{
    if (rest.size == 0)
        vv_rom_complain(
            rom, VV_ROM_REPAIRABLE, "no-last",
            "the data ends at 0x%zx, but no image is marked as the last: the mark is missing, or images are",
            rom->guest_end);
    else if (vv_rom_is_all(rest, 0xff) || vv_rom_is_all(rest, 0x00) || vv_rom_is_nvidia_private(rest))
        vv_rom_complain(rom, VV_ROM_REPAIRABLE, "no-last",
                        "no image is marked as the last, though none follows at 0x%zx", rom->guest_end);
    else
        vv_rom_complain(rom, VV_ROM_BAD, "chain-broken",
                        "another image should follow at 0x%zx, but there is 0x%04x instead of 0xaa55",
                        rom->guest_end, vv_rom_u16(rest, 0));
}

static void judge_trailing(VvRom *rom, VvRomView rest)
{
    if (rest.size == 0)
        return;
    if (vv_rom_is_all(rest, 0xff) || vv_rom_is_all(rest, 0x00))
        vv_rom_complain(rom, VV_ROM_GOOD, "padding", "%zu bytes of 0x%02x follow the last image", rest.size,
                        rest.data[0]);
    else
        vv_rom_complain(rom, VV_ROM_REPAIRABLE, "trailing", "%zu bytes follow the last image at 0x%zx%s",
                        rest.size, rom->guest_end,
                        vv_rom_is_nvidia_private(rest) ? ", NVIDIA's own images, which no guest needs" : "");
}

static const VvRomImage *final_image(const VvRom *rom)
{
    return rom->images->len > 0 ? &g_array_index(rom->images, VvRomImage, rom->images->len - 1) : NULL;
}

/* Behind an image that names no end, or that ends the chain only for one of PCIR and NPDE, there may be one.
 */
static gboolean another_follows(VvRomView rest, const VvRomImage *before)
{
    return before->pcir_last && before->last ? FALSE
           : vv_rom_u16(rest, 0) == 0xaa55   ? TRUE
                                             : before->has_npde && vv_rom_has_private_header(rest);
}

/* What is wrong with an image that no firmware sees is nobody's problem. */
static gboolean parse_unseen(VvRom *rom, VvRomView rest, VvRomImage *facts)
{
    guint problems = rom->problems->len, devices = rom->devices->len;
    VvRomVerdict verdict = rom->verdict;
    gboolean whole = vv_rom_parse_image(rom, rest, NULL, facts);

    g_ptr_array_set_size(rom->problems, (gint)problems);
    rom->verdict = verdict;
    if (!whole)
        g_array_set_size(rom->devices, devices);
    return whole;
}

/* By length from image to image, over types it does not know, as Linux does (drivers/pci/rom.c); with
 * NVIDIA's own lengths, so that all images are seen. Each has at least one block, so it ends. False where it
 * broke off, which then was complained about. */
static gboolean walk(VvRom *rom, VvRomView data, const VvDevice *device, gboolean chain_ends)
{
    for (rom->end = rom->start;;) {
        VvRomView rest = vv_rom_view_from(data, rom->end);
        VvRomImage facts = {.offset = rom->end};
        gboolean unseen = chain_ends && rom->end >= rom->guest_end;

        if (rom->images->len > 0 && !another_follows(rest, final_image(rom)))
            return TRUE;
        gboolean whole =
            unseen ? parse_unseen(rom, rest, &facts) : vv_rom_parse_image(rom, rest, device, &facts);
        if (unseen && !whole)
            return TRUE;
        if (facts.length > 0) {
            g_array_append_val(rom->images, facts);
            rom->end = MIN(rom->end + facts.length, data.size);
        }
        if (!whole)
            return FALSE;
    }
}

/* The image at `at` as every firmware counts it, by the PCIR alone. False where there is none. */
static gboolean count_standard(VvRomView data, gsize at, gsize *ret_length, gboolean *ret_last)
{
    VvRomView rest = vv_rom_view_from(data, at);
    gsize pcir = vv_rom_u16(rest, 0x18), legacy = vv_rom_legacy_length(rest);

    *ret_length = (gsize)vv_rom_u16(rest, pcir + 0x10) * VV_ROM_BLOCK;
    if (!vv_rom_has_header(rest) || *ret_length == 0)
        return FALSE;
    *ret_last = (vv_rom_u8(rest, pcir + 0x15) & 0x80) != 0;
    /* edk2 takes the longer one, and SeaBIOS what byte 2 counts. */
    if (*ret_last && vv_rom_u8(rest, pcir + 0x14) == VV_ROM_TYPE_LEGACY && legacy <= rest.size)
        *ret_length = MAX(*ret_length, legacy);
    return TRUE;
}

/* G_MAXSIZE where that leads to an image that is marked as the last one; else where it stops. `ret_end` is
 * behind the last image that was seen. */
static gsize walk_standard(VvRomView data, gsize at, gsize *ret_end)
{
    gboolean last = FALSE;

    for (gsize length; !last && count_standard(data, at, &length, &last); at += length)
        *ret_end = MIN(at + length, data.size);
    return last ? G_MAXSIZE : at;
}

/* The first image that firmware sees, and NVIDIA's counting does not; G_MAXSIZE: none. */
static gsize find_unlisted(const VvRom *rom, VvRomView data)
{
    gboolean last = FALSE;
    guint i = 0;

    for (gsize at = rom->start, length; !last && count_standard(data, at, &length, &last); at += length) {
        while (i < rom->images->len && g_array_index(rom->images, VvRomImage, i).offset < at)
            i++;
        if (i == rom->images->len || g_array_index(rom->images, VvRomImage, i).offset != at)
            return at;
    }
    return G_MAXSIZE;
}

static void judge_end(VvRom *rom, VvRomView data, gsize stop)
{
    VvRomView rest = vv_rom_view_from(data, stop);
    gsize unlisted = find_unlisted(rom, data);

    if (unlisted != G_MAXSIZE)
        vv_rom_complain(rom, VV_ROM_BAD, "lengths-differ",
                        "firmware goes by the PCIR and finds an image at 0x%zx, in the middle of one by "
                        "NVIDIA's own lengths",
                        unlisted);
    else if (stop == G_MAXSIZE)
        judge_trailing(rom, vv_rom_view_from(data, rom->guest_end));
    else if (stop >= rom->end || vv_rom_is_nvidia_private(rest))
        judge_open_end(rom, rest);
    else
        vv_rom_complain(rom, VV_ROM_BAD, "chain-broken",
                        "firmware goes by the PCIR and finds no image at 0x%zx; only NVIDIA's own lengths "
                        "lead on from there",
                        stop);
}

void vv_rom_walk(VvRom *rom, VvRomView data, const VvDevice *device)
{
    rom->guest_end = rom->start;
    gsize stop = walk_standard(data, rom->start, &rom->guest_end);
    gboolean complete = walk(rom, data, device, stop == G_MAXSIZE);
    /* What is one image for NVIDIA's drivers in the guest is not cut in two. */
    for (guint i = rom->images->len; i > 0; i--) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i - 1);
        if (image->offset < rom->guest_end) {
            rom->guest_end = MIN(MAX(rom->guest_end, image->offset + image->length), data.size);
            break;
        }
    }
    rom->end = MAX(rom->end, rom->guest_end);
    if (complete)
        judge_end(rom, data, stop);
}
