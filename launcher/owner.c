/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/devices.h"

char *vv_owner_text(const VvEntry *entry)
{
    return entry->owner_name ? g_strdup_printf("domain %s", entry->owner_name) : g_strdup(entry->owner);
}
