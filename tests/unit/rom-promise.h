/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/rom-fix.h"

#include <string.h>

/* What vfio/rom.h and vfio/rom-fix.h promise for any input whatsoever. Each returns what is broken, or NULL;
 * for unit tests and fuzzers alike. */

static inline gboolean rom_has_problem(const VvRom *rom, const char *code)
{
    for (guint i = 0; i < rom->problems->len; i++)
        if (strcmp(((const VvRomProblem *)rom->problems->pdata[i])->code, code) == 0)
            return TRUE;
    return FALSE;
}

static inline gboolean is_plain_text(const char *text, gsize size)
{
    gsize length = strnlen(text, size);

    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isprint(text[i]))
            return FALSE;
    return length < size;
}

static inline const char *broken_problems(const VvRom *rom)
{
    VvRomVerdict worst = VV_ROM_GOOD;

    for (guint i = 0; i < rom->problems->len; i++) {
        const VvRomProblem *problem = rom->problems->pdata[i];
        worst = MAX(worst, problem->weight);
        if (strlen(problem->detail) <= 10)
            return "a problem without a sentence";
    }
    if (rom->verdict != worst)
        return "the verdict is not that of the worst problem";
    if (rom->images->len == 0 && rom->verdict != VV_ROM_BAD)
        return "no image, and not bad";
    return NULL;
}

static inline const char *broken_images(const VvRom *rom, gsize size)
{
    gsize at = rom->start;

    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->offset != at)
            return "an image does not begin where the one before ends";
        if (image->length == 0 || image->length % 512 != 0)
            return "an image's length is not that of its blocks";
        if (image->first_device + image->device_count > rom->devices->len)
            return "a device list lies outside of the list";
        at += image->length;
    }
    if (at > size && !rom_has_problem(rom, "truncated"))
        return "an image reaches past the data, and it is not called truncated";
    if (rom->end > size || rom->end < MIN(at, size) || rom->guest_end > rom->end ||
        (rom->images->len > 0 && rom->guest_end < rom->start))
        return "the ends are wrong";
    return NULL;
}

static inline const char *broken_rom(const VvRom *rom, gsize size)
{
    const char *broken = broken_problems(rom);

    if (!broken)
        broken = broken_images(rom, size);
    if (broken)
        return broken;
    if (strlen(rom->ovmf.detail) < 6 || strlen(rom->seabios.detail) < 6)
        return "a firmware without a sentence";
    if ((rom->ovmf.runs && rom->ovmf.offset >= size) || (rom->seabios.runs && rom->seabios.offset >= size))
        return "a firmware runs what is not there";
    if (rom->verdict == VV_ROM_GOOD && rom->start != 0)
        return "good, and no image at the beginning";
    if (!is_plain_text(rom->version, sizeof rom->version) || !is_plain_text(rom->date, sizeof rom->date) ||
        !is_plain_text(rom->part_number, sizeof rom->part_number) ||
        !is_plain_text(rom->product, sizeof rom->product))
        return "a string that is none";
    return NULL;
}

static inline const char *broken_result(const VvRom *rom, gsize size, unsigned fixes)
{
    static const char *const never[] = {"prefix", "trailing", "padding"};

    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        if (rom_has_problem(rom, never[i]))
            return never[i];
    if (rom->verdict == VV_ROM_BAD)
        return "the result is bad";
    if (rom->start != 0 || rom->guest_end != size)
        return "the result is more than the chain";
    if (fixes & VV_ROM_FIX_CHECKSUM && rom_has_problem(rom, "checksum"))
        return "the checksum is wrong all the same";
    if (fixes & VV_ROM_FIX_LAST && rom_has_problem(rom, "no-last"))
        return "no image is the last all the same";
    if (fixes == (VV_ROM_FIX_CHECKSUM | VV_ROM_FIX_LAST) && rom->verdict != VV_ROM_GOOD)
        return "all was mended, and it is not good";
    return NULL;
}

/* Mends `bytes`, and looks at the result. `ret_fixed` (may be NULL) is whether it could be mended. */
static inline const char *broken_fix(GBytes *bytes, unsigned fixes, gboolean *ret_fixed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) changes = NULL, more = NULL;
    g_autoptr(GBytes) fixed = vv_rom_fix(bytes, fixes, &changes, &error);
    gsize size, size_before;
    const guint8 *before = g_bytes_get_data(bytes, &size_before);

    if (ret_fixed)
        *ret_fixed = fixed != NULL;
    if (!fixed)
        return error && strlen(error->message) > 10 ? NULL : "refused without a reason";
    if (error)
        return "an error, and a result";
    const guint8 *data = g_bytes_get_data(fixed, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);
    g_autoptr(VvRom) was = vv_rom_parse(before, size_before, NULL);
    const char *broken = broken_result(rom, size, fixes);
    if (broken)
        return broken;
    if (fixes == 0 && memcmp(data, before + was->start, size) != 0)
        return "a byte was changed, and nobody asked for it";
    if ((changes->len == 0) != g_bytes_equal(bytes, fixed))
        return "the changes that are told are not those that were made";
    g_autoptr(GBytes) again = vv_rom_fix(fixed, fixes, &more, NULL);
    if (!again || !g_bytes_equal(again, fixed) || more->len > 0)
        return "mending it again changes it again";
    return NULL;
}
