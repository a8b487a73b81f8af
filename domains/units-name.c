/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/units.h"

#include <string.h>

/* UNIT_NAME_MAX of systemd's src/basic/unit-name.h, with the NUL. */
#define NAME_MAX_LENGTH 255

gboolean vv_unit_is_service(const char *name)
{
    gsize length = strlen(name);

    return length > strlen(".service") && length <= NAME_MAX_LENGTH && g_str_has_suffix(name, ".service") &&
           *name != '.' && *name != '-' && !g_str_has_suffix(name, "@.service") &&
           strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ":-_.\\@") == length;
}
