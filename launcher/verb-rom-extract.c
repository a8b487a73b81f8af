/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/command.h"
#include "launcher/rom-report.h"
#include "vfio/error.h"
#include "vfio/rom-fix.h"

#include <stdio.h>

static char *output;
static int number;
static gboolean efi, replace;

const GOptionEntry vv_rom_extract_options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write it", "FILE"},
    {"image", 0, 0, G_OPTION_ARG_INT, &number, "Which image, as `rom check` counts them from 1", "N"},
    {"efi", 0, 0, G_OPTION_ARG_NONE, &efi, "The first EFI image", NULL},
    {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a file that is there", NULL},
    {0},
};

static gboolean check_options(GError **error)
{
    if (!output)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "rom extract: say where to write it, with -o FILE");
    else if (number < 0 || (number > 0) == efi)
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE,
                    "rom extract: say which image, with --image N (from 1) or with --efi");
    else
        return TRUE;
    return FALSE;
}

int vv_verb_rom_extract(VvContext *context G_GNUC_UNUSED, char **words, GError **error)
{
    if (!check_options(error))
        return VV_ERROR_USAGE;
    g_autoptr(GBytes) bytes = vv_rom_load(words[0], NULL, error);
    if (!bytes)
        return VV_ERROR_FAILED;
    g_autoptr(GBytes) image = vv_rom_extract(bytes, efi ? G_MAXUINT : (guint)number - 1, error);
    if (!image) {
        g_prefix_error(error, "%s: ", words[0]);
        return VV_ERROR_FAILED;
    }
    if (!vv_rom_write_file(output, image, replace, error))
        return VV_ERROR_FAILED;
    printf("%s: %zu bytes\n", output, g_bytes_get_size(image));
    return 0;
}
