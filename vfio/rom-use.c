/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/rom-internal.h"

#include "vfio/usage.h"

#include <string.h>

/* The usage of a device is known in milliseconds, or not at all: what takes longer hangs. */
#define USAGE_MS 10000

/* What only matters when a card is taken away, and not while its ROM is switched on for a moment. */
static gboolean is_harmless(const VvReason *reason)
{
    static const char *const codes[] = {"display-boot", "disk-data", "claimed", "sriov-parent",
                                        "input-last",   "tpm-last",  NULL};

    return g_strv_contains(codes, reason->code);
}

GPtrArray *vv_rom_uses(const VvHost *host, VvDevice *device, const char *const *allow)
{
    GPtrArray *uses = g_ptr_array_new_with_free_func((GDestroyNotify)vv_reason_free);
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    g_autoptr(VvUsage) usage = vv_usage_new(host);

    g_ptr_array_add(devices, device);
    vv_usage_collect(usage, devices, USAGE_MS, uses);
    for (guint i = uses->len; i > 0; i--) {
        VvReason *use = uses->pdata[i - 1];
        /* A plan only warns of a lit screen, because who gives a card away means that; a reader does not. */
        use->can_allow = TRUE;
        if (is_harmless(use) || vv_reason_is_allowed(use, allow))
            g_ptr_array_remove_index(uses, i - 1);
    }
    return uses;
}
