/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/rom-report.h"
#include "vfio/error.h"
#include "vfio/rom.h"

#include <stdio.h>

static char *output;
static char *for_address;
static gboolean replace;

const GOptionEntry vv_rom_dump_options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write it", "FILE"},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {0},
};

const GOptionEntry vv_rom_check_options[] = {
    {"for", 0, 0, G_OPTION_ARG_STRING, &for_address, "Compare with this card", "ADDRESS"},
    {0},
};

int vv_verb_rom_dump(VvContext *context, char **words, GError **error)
{
    if (!output) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "rom dump: say where to write it, with -o FILE");
        return VV_ERROR_USAGE;
    }
    VvDevice *device = vv_context_device(context, words[0], error);
    VvRomSource source;
    g_autoptr(GBytes) bytes = device ? vv_rom_read(context->sysfs, device, &source, error) : NULL;
    if (!bytes || !vv_rom_write_file(output, bytes, replace, error))
        return VV_ERROR_FAILED;

    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    printf("%s: %zu bytes from %s\nsha256 %s\n", output, size, vv_rom_source_name(source), hash);
    vv_print_rom(rom, "verdict");
    return 0;
}

int vv_verb_rom_check(VvContext *context, char **words, GError **error)
{
    VvAddress address;
    gboolean is_card = vv_address_parse(words[0], &address, NULL);
    const char *card = is_card ? words[0] : for_address;
    VvDevice *device = card ? vv_context_device(context, card, error) : NULL;
    if (card && !device)
        return VV_ERROR_FAILED;
    if (is_card && context->sysroot) {
        g_set_error(
            error, VV_ERROR, VV_ERROR_USAGE,
            "rom check: reading a card's ROM switches it on; with --sysroot only a FILE can be checked");
        return VV_ERROR_USAGE;
    }

    VvRomSource source;
    g_autoptr(GBytes) bytes =
        is_card ? vv_rom_read(context->sysfs, device, &source, error) : vv_rom_load(words[0], NULL, error);
    if (!bytes)
        return VV_ERROR_FAILED;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    if (context->json)
        vv_json_print(vv_json_rom(rom));
    else
        vv_print_rom(rom, words[0]);
    return rom->verdict == VV_ROM_GOOD ? 0 : VV_ERROR_FAILED;
}
