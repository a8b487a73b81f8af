/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-read.h"

#include <string.h>

/* By VvRomSource. */
static const struct {
    const char *word, *name, *meaning;
} sources[] = {
    [VV_ROM_SOURCE_SYSFS] = {"sysfs", "the card itself, through sysfs", NULL},
    [VV_ROM_SOURCE_SHADOW] = {"shadow", "the firmware's copy in RAM (shadow)",
                              "the card's own code may have changed it since the host booted, so it need not "
                              "be what the card holds"},
    [VV_ROM_SOURCE_VFIO] = {"vfio", "the card itself, through VFIO", NULL},
    [VV_ROM_SOURCE_ACPI] = {"acpi", "the firmware's ACPI table VFCT",
                            "it is what the firmware hands to the driver, and often lacks the EFI image"},
    [VV_ROM_SOURCE_DEBUGFS] = {"debugfs", "the host driver's own copy, through debugfs",
                               "the driver keeps what it needs itself, which often lacks the EFI image"},
};

const char *vv_rom_source_word(VvRomSource source)
{
    return sources[source].word;
}

const char *vv_rom_source_name(VvRomSource source)
{
    return sources[source].name;
}

const char *vv_rom_source_meaning(VvRomSource source)
{
    return sources[source].meaning;
}

gboolean vv_rom_source_parse(const char *word, VvRomSource *ret)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
        if (strcmp(sources[i].word, word) == 0) {
            *ret = (VvRomSource)i;
            return TRUE;
        }
    return FALSE;
}

gboolean vv_rom_source_comparable(VvRomSource a, VvRomSource b)
{
    gboolean a_card = a == VV_ROM_SOURCE_SYSFS || a == VV_ROM_SOURCE_VFIO;
    gboolean b_card = b == VV_ROM_SOURCE_SYSFS || b == VV_ROM_SOURCE_VFIO;

    return a == b || (a_card && b_card);
}
