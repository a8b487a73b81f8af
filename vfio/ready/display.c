/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include <string.h>

#define PLATFORM "sys/bus/platform/devices"

/* The firmware's frame buffer, as long as no driver of the card itself has taken over
 * (drivers/firmware/sysfb.c): new string, NULL: none. */
static char *firmware_screen(const VvSysfs *sysfs)
{
    static const char *const names[] = {"simple-framebuffer.", "efi-framebuffer.", "vesa-framebuffer."};
    g_autoptr(GPtrArray) devices = vv_sysfs_list(sysfs, PLATFORM);

    for (guint i = 0; devices && i < devices->len; i++)
        for (guint j = 0; j < G_N_ELEMENTS(names); j++)
            if (g_str_has_prefix(devices->pdata[i], names[j]))
                return g_strdup(devices->pdata[i]);
    return NULL;
}

/* The memory it lies in is still claimed; the names are shown to everyone. */
static gboolean has_claim(const VvSysfs *sysfs)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/iomem", 1 << 20);

    return text && strstr(text, ": BOOTFB");
}

static VvDevice *boot_card(const VvReadyHost *ready, guint *ret_cards)
{
    const GPtrArray *devices = ready->host ? vv_host_devices(ready->host) : NULL;
    VvDevice *boot = NULL;

    for (guint i = 0; devices && i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        if (device->class_code >> 16 != 0x03)
            continue;
        (*ret_cards)++;
        vv_device_read_details(ready->sysfs, device);
        if (device->boot_vga)
            boot = device;
    }
    return boot;
}

void vv_ready_check_display(const VvReadyHost *ready, GPtrArray *rows)
{
    g_autofree char *screen = firmware_screen(ready->sysfs);
    gboolean claim = has_claim(ready->sysfs);
    guint cards = 0;
    VvDevice *boot = boot_card(ready, &cards);

    if (!screen && !claim) {
        vv_ready_add(rows, "fb", VV_READY_PASS, "the firmware's frame buffer holds no card%s%s",
                     boot ? "; boot display: " : "", boot ? boot->text : "");
        return;
    }
    /* The chipset's graphics stays with the host on most machines that have another card. */
    gboolean stays = boot && !boot->address.bus && cards > 1;
    VvReadyRow *row =
        vv_ready_add(rows, "fb", stays ? VV_READY_INFO : VV_READY_WARN, "%s is on %s (%s)",
                     screen ? screen : "the firmware's frame buffer", boot ? boot->text : "the boot display",
                     screen ? "/" PLATFORM : "BOOTFB in /proc/iomem");
    if (!stays)
        row->remedy = g_strdup(
            "make another card the primary display in the firmware setup; to give this one away, boot "
            "with initcall_blacklist=sysfb_init (video=efifb:off does not stop simpledrm)");
}
