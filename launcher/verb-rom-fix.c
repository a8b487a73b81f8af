/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/command.h"
#include "launcher/json.h"
#include "launcher/rom-report.h"
#include "vfio/error.h"
#include "vfio/rom-fix.h"

#include <stdio.h>
#include <sys/stat.h>

static char *output;
static gboolean replace, checksum, last;

const GOptionEntry vv_rom_fix_options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write it; never the file itself", "FILE"},
    {"checksum", 0, 0, G_OPTION_ARG_NONE, &checksum, "Change a byte of a legacy image so that it sums to 0",
     NULL},
    {"last", 0, 0, G_OPTION_ARG_NONE, &last, "Mark the final image as the last, where none is", NULL},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {0},
};

/* Not under another name either: what was there before could not be had back. */
static gboolean is_same_file(const char *path, const struct stat *input)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_dev == input->st_dev && status.st_ino == input->st_ino;
}

static void report(const VvContext *context, const VvRom *rom, const GPtrArray *changes)
{
    json_object *object = context->json ? vv_json_rom(rom) : NULL;
    json_object *array = object ? json_object_new_array() : NULL;

    for (guint i = 0; i < changes->len; i++)
        if (array)
            json_object_array_add(array, vv_json_text(changes->pdata[i]));
        else
            puts(changes->pdata[i]);
    if (object) {
        json_object_object_add(object, "changes", array);
        vv_json_print(object);
        return;
    }
    if (changes->len == 0)
        puts("nothing to mend: it is a copy");
    vv_print_rom(rom, output);
}

int vv_verb_rom_fix(VvContext *context, char **words, GError **error)
{
    unsigned fixes = (checksum ? VV_ROM_FIX_CHECKSUM : 0) | (last ? VV_ROM_FIX_LAST : 0);
    g_autoptr(GPtrArray) changes = NULL;
    struct stat status;

    if (!output) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "rom fix: say where to write it, with -o FILE");
        return VV_ERROR_USAGE;
    }
    g_autoptr(GBytes) bytes = vv_rom_load(words[0], &status, error);
    if (!bytes)
        return VV_ERROR_FAILED;
    if (is_same_file(output, &status)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "rom fix: %s and %s are the same file; a ROM is never mended in place", words[0], output);
        return VV_ERROR_USAGE;
    }
    g_autoptr(GBytes) fixed = vv_rom_fix(bytes, fixes, &changes, error);
    if (!fixed) {
        g_prefix_error(error, "%s: ", words[0]);
        return VV_ERROR_FAILED;
    }
    if (!vv_rom_write_file(output, fixed, replace, error))
        return VV_ERROR_FAILED;
    gsize size;
    const guint8 *data = g_bytes_get_data(fixed, &size);
    g_autoptr(VvRom) rom = vv_rom_parse(data, size, NULL);
    report(context, rom, changes);
    return rom->verdict == VV_ROM_GOOD ? 0 : VV_ERROR_FAILED;
}
