/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include <string.h>

static void problem_free(gpointer data)
{
    VvRomProblem *problem = data;

    g_free(problem->detail);
    g_free(problem);
}

void vv_rom_complain(VvRom *rom, VvRomVerdict weight, const char *code, const char *format, ...)
{
    VvRomProblem *problem = g_new0(VvRomProblem, 1);
    va_list arguments;

    va_start(arguments, format);
    problem->detail = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    problem->code = code;
    problem->weight = weight;
    g_ptr_array_add(rom->problems, problem);
    rom->verdict = MAX(rom->verdict, weight);
}

/* Only images that firmware runs are compared; the vendors' private ones carry what they like. One image that
 * names another device of the same vendor is common where another one fits. */
static void judge_ids(VvRom *rom, const VvDevice *device)
{
    const VvRomImage *other = NULL;
    gboolean fits = FALSE, vendor_differs = FALSE;

    for (guint i = 0; device && i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->type > VV_ROM_TYPE_EFI || image->nvidia_private)
            continue;
        fits |= image->matches;
        vendor_differs |= image->vendor != device->vendor;
        if (!image->matches && (!other || image->vendor != device->vendor))
            other = image;
    }
    rom->match = fits && !vendor_differs ? VV_ROM_MATCH_YES : other ? VV_ROM_MATCH_NO : VV_ROM_MATCH_UNKNOWN;
    if (!other)
        return;
    gboolean remark = fits && !vendor_differs;
    vv_rom_complain(rom, remark ? VV_ROM_GOOD : VV_ROM_BAD, remark ? "foreign-device" : "foreign",
                    "the image at 0x%zx is made for %04x:%04x, the card is %04x:%04x", other->offset,
                    other->vendor, other->device, device->vendor, device->device);
}

static void parse(VvRom *rom, VvRomView data, const VvDevice *device)
{
    if (data.size == 0) {
        vv_rom_complain(rom, VV_ROM_BAD, "empty", "there are no bytes");
        return;
    }
    if (vv_rom_is_all(data, 0xff) || vv_rom_is_all(data, 0x00)) {
        gboolean ones = data.data[0] == 0xff;
        vv_rom_complain(
            rom, VV_ROM_BAD, ones ? "all-ff" : "all-00",
            "all %zu bytes are 0x%02x: the card did not answer, it was asleep or its memory was switched off",
            data.size, data.data[0]);
        return;
    }
    gsize start = vv_rom_find_start(data);
    if (start == G_MAXSIZE) {
        vv_rom_complain(
            rom, VV_ROM_BAD, "no-signature",
            "no image begins at any 512th of the %zu bytes; the first two are %02x %02x instead of 55 aa",
            data.size, vv_rom_u8(data, 0), vv_rom_u8(data, 1));
        return;
    }
    rom->start = start;
    if (start > 0)
        vv_rom_complain(
            rom, VV_ROM_REPAIRABLE, "prefix",
            "%zu bytes stand before the first image, %s: firmware sees no ROM unless they are cut off", start,
            vv_rom_prefix_name(data));
    vv_rom_walk(rom, data, device);
    judge_ids(rom, device);
}

VvRom *vv_rom_parse(const guint8 *data, gsize size, const VvDevice *device)
{
    VvRom *rom = g_new0(VvRom, 1);

    rom->images = g_array_new(FALSE, TRUE, sizeof(VvRomImage));
    rom->problems = g_ptr_array_new_with_free_func(problem_free);
    rom->devices = g_array_new(FALSE, FALSE, sizeof(guint16));
    VvRomView view = {data, size};
    parse(rom, view, device);
    vv_rom_judge_firmware(rom, view, device);
    return rom;
}

void vv_rom_free(VvRom *rom)
{
    if (!rom)
        return;
    g_array_unref(rom->images);
    g_ptr_array_unref(rom->problems);
    g_array_unref(rom->devices);
    g_free(rom);
}

gboolean vv_rom_has_efi(const VvRom *rom, guint16 machine)
{
    for (guint i = 0; i < rom->images->len; i++) {
        const VvRomImage *image = &g_array_index(rom->images, VvRomImage, i);
        if (image->type == VV_ROM_TYPE_EFI && image->efi_machine == machine)
            return TRUE;
    }
    return FALSE;
}

const char *vv_rom_verdict_name(VvRomVerdict verdict)
{
    static const char *const names[] = {"good", "repairable", "bad"};

    return names[verdict];
}

const char *vv_rom_type_name(guint8 type, char text[static 16])
{
    if (type == VV_ROM_TYPE_LEGACY)
        return "legacy";
    if (type == VV_ROM_TYPE_OPEN_FIRMWARE)
        return "Open Firmware";
    if (type == VV_ROM_TYPE_EFI)
        return "EFI";
    g_snprintf(text, 16, "vendor 0x%02x", type);
    return text;
}
