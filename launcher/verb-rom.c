/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/json.h"
#include "launcher/rom-report.h"
#include "vfio/error.h"
#include "vfio/rom-read.h"

#include <stdio.h>

static char *for_address;

const GOptionEntry vv_rom_check_options[] = {
    {"for", 0, 0, G_OPTION_ARG_STRING, &for_address, "Compare with this card", "ADDRESS"},
    {0},
};

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
        is_card ? vv_rom_read(context->host, vv_context_journal(context), device, NULL, &source, error)
                : vv_rom_load(words[0], NULL, error);
    if (!bytes)
        return VV_ERROR_FAILED;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    if (context->json) {
        json_object *object = vv_json_rom(rom);
        json_object_object_add(object, "source", vv_json_text(is_card ? vv_rom_source_word(source) : NULL));
        vv_json_print(object);
    } else {
        vv_print_rom(rom, words[0]);
        if (is_card)
            printf("  %-8s %s\n", "source", vv_rom_source_name(source));
    }
    return rom->verdict == VV_ROM_GOOD ? 0 : VV_ERROR_FAILED;
}
