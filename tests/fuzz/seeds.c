/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the ROMs that the unit tests build into a folder: where fuzzing began. Not needed to fuzz, what it
 * wrote is in tests/fuzz/corpus.
 *
 *   seeds FOLDER */
#include "tests/unit/rom-chains.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS(built_chains); i++) {
        g_autoptr(GByteArray) chain = built_chains[i].build();
        g_autofree char *path = g_build_filename(argv[1], built_chains[i].name, NULL);
        g_autoptr(GError) error = NULL;
        if (!g_file_set_contents(path, (const char *)chain->data, (gssize)chain->len, &error)) {
            fprintf(stderr, "seeds: %s\n", error->message);
            return 1;
        }
    }
    if (argc != 2)
        fprintf(stderr, "usage: seeds FOLDER\n");
    return argc == 2 ? 0 : 2;
}
