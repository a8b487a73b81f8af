/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include "vfio/console.h"

#include <stdio.h>
#include <string.h>

/* Screens. The boot display is in the way (block) unless some other card that stays has a lit screen, because
 * without one the next boot's messages, and those of a crash, are seen by nobody. A lit screen that goes dark
 * is a warning only: whoever passes a GPU through means that, and the plan says which one it is. */

static gboolean is_lit(VvUsage *usage, const VvNode *connector)
{
    char path[128], status[32] = "", enabled[32] = "";

    snprintf(path, sizeof path, "sys/class/drm/%s/status", connector->name);
    vv_sysfs_read_into(usage->sysfs, path, status, sizeof status);
    snprintf(path, sizeof path, "sys/class/drm/%s/enabled", connector->name);
    vv_sysfs_read_into(usage->sysfs, path, enabled, sizeof enabled);
    return strcmp(status, "connected") == 0 && strcmp(enabled, "enabled") == 0;
}

/* simpledrm and its like draw on whatever card the firmware set up: no screen of another card. */
static gboolean is_firmware_display(const char *place)
{
    return strstr(place, "-framebuffer.") || strstr(place, "/vesa");
}

/* Connectors have names like card0-HDMI-A-1 (drivers/gpu/drm/drm_sysfs.c). */
static void find_lit(VvUsage *usage, const VvDevice *device, GPtrArray *ret_own, gboolean *ret_elsewhere)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, "sys/class/drm");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        const char *dash = g_str_has_prefix(node->name, "card") ? strchr(node->name, '-') : NULL;
        gboolean own = vv_usage_is_behind(usage, device, node->place);
        gboolean other = !is_firmware_display(node->place) && vv_usage_stays(usage, device, node->place);
        if (!dash || (!own && (!other || *ret_elsewhere)) || !is_lit(usage, node))
            continue;
        if (own)
            g_ptr_array_add(ret_own, (gpointer)(dash + 1));
        else
            *ret_elsewhere = TRUE;
    }
}

static gboolean is_boot_display(VvUsage *usage, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "boot_vga");
    gint64 boot = 0;

    return device->class_code >> 8 == 0x0300 && vv_sysfs_read_number(usage->sysfs, path, &boot) && boot == 1;
}

void vv_usage_check_display(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    g_autoptr(GPtrArray) own = g_ptr_array_new();
    gboolean elsewhere = FALSE;

    if (device->class_code >> 16 != 0x03)
        return;
    find_lit(usage, device, own, &elsewhere);
    if (is_boot_display(usage, device))
        vv_usage_add(reasons, "display-boot", elsewhere ? VV_SEVERITY_WARN : VV_SEVERITY_BLOCK, device,
                     "connect a screen to a card that stays, or make that one first in the firmware setup",
                     "this host boots with it as its display%s",
                     elsewhere ? "" : ", and no other card has a lit screen");
    if (own->len) {
        g_autofree char *names = vv_words_join(own, 4);
        vv_usage_add(reasons, "display-active", VV_SEVERITY_WARN, device, NULL, "%s %s; %s will go dark",
                     names,
                     own->len > 1 ? "are lit screens"
                     : elsewhere  ? "is a lit screen"
                                  : "is the only lit screen of this host",
                     own->len > 1 ? "they" : "it");
    }
    g_autofree char *consoles = vv_console_of(usage->sysfs, device);
    if (consoles)
        vv_usage_add(reasons, "display-active", VV_SEVERITY_WARN, device, NULL,
                     "the text console of this host is drawn by it");
}
