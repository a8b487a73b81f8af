/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"
#include "launcher/rom-report.h"
#include "vfio/error.h"
#include "vfio/rom-read.h"

#include <stdio.h>

static char *output, *source_word;
static gboolean replace;
static char **allow;

const GOptionEntry vv_rom_dump_options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
     "Where to write it (default: VENDOR-DEVICE_ADDRESS.rom in this folder)", "FILE"},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {"source", 0, 0, G_OPTION_ARG_STRING, &source_word, "auto (default), vfio, sysfs, acpi or debugfs",
     "SOURCE"},
    {"allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &allow, "Read it although the host uses the card so",
     "CODE[=ADDRESS]"},
    {0},
};

static gboolean check_source(GError **error)
{
    static const char *const words[] = {"auto", "vfio", "sysfs", "acpi", "debugfs", NULL};

    if (!source_word || g_strv_contains(words, source_word))
        return TRUE;
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                "rom dump: --source %s: it is auto, vfio, sysfs, acpi or debugfs", source_word);
    return FALSE;
}

/* Colons would be in the way in many places where a file is named. */
static char *default_name(const VvDevice *device)
{
    g_autofree char *address = g_strdelimit(g_strdup(device->text), ":", '-');

    return g_strdup_printf("%04x-%04x_%s.rom", device->vendor, device->device, address);
}

int vv_verb_rom_dump(VvContext *context, char **words, GError **error)
{
    const VvRomReadOptions options = {source_word, (const char *const *)allow};
    VvRomSource source;

    if (!check_source(error) || !vv_check_allow(allow, error))
        return VV_ERROR_USAGE;
    VvDevice *device = vv_context_device(context, words[0], error);
    g_autoptr(GBytes) bytes =
        device ? vv_rom_read(context->host, vv_context_journal(context), device, &options, &source, error)
               : NULL;
    g_autofree char *name = !bytes ? NULL : output ? g_strdup(output) : default_name(device);
    if (!bytes || !vv_rom_write_file(name, bytes, replace, error))
        return VV_ERROR_FAILED;

    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    g_autofree char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, device);
    printf("%s: %zu bytes from %s\n", name, size, vv_rom_source_name(source));
    if (vv_rom_source_meaning(source))
        printf("note: %s\n", vv_rom_source_meaning(source));
    printf("sha256 %s\n", hash);
    vv_print_rom(rom, "verdict");
    return 0;
}
