/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

#include "vfio/bars.h"
#include "vfio/words.h"

#include <string.h>

#define FOUR_GIB (G_GUINT64_CONSTANT(1) << 32)

static char *above_remedy(void)
{
    return g_strdup(
        "switch on Above 4G Decoding (and Resizable BAR where the card has it), and CSM off, in the firmware "
        "setup");
}

/* Memory that it has a BAR for and no address. */
static gboolean has_unassigned(const VvSysfs *sysfs, const VvDevice *device)
{
    VvBar bars[VV_STANDARD_BARS];

    vv_bars_read(sysfs, device, bars);
    for (guint i = 0; i < VV_STANDARD_BARS; i++)
        if (bars[i].is_memory && !bars[i].is_assigned)
            return TRUE;
    return FALSE;
}

/* "pci 0000:01:00.0: BAR 1 [mem size 0x400000000 64bit pref]: failed to assign"; to 6.8 "BAR 1: failed to
 * assign [mem size 0x…]" (drivers/pci/setup-res.c). The number of the BAR; -1: it is about a bridge's window,
 * a virtual function's BAR or an I/O port. */
static int logged_bar(const char *line)
{
    const char *bar = strstr(line, ": BAR ");
    int number = bar ? g_ascii_digit_value(bar[strlen(": BAR ")]) : -1;

    return number >= 0 && number < VV_STANDARD_BARS && strstr(bar, "[mem") ? number : -1;
}

/* The kernel forgets a BAR that it found no room for: the file shows zeros as if there were none. */
static gboolean was_given_up(const VvReadyHost *ready, const VvDevice *device, const char *line)
{
    VvBar bars[VV_STANDARD_BARS];
    int number = strstr(line, device->text) ? logged_bar(line) : -1;

    return number >= 0 && vv_ready_is_passable(device) && vv_bars_read(ready->sysfs, device, bars) &&
           !bars[number].is_assigned;
}

static void add_logged(const VvReadyHost *ready, GPtrArray *names, gboolean *ret_read)
{
    g_autoptr(GPtrArray) lines = vv_ready_kernel_log(ready->sysfs, "failed to assign");
    const GPtrArray *devices = vv_host_devices(ready->host);

    *ret_read = lines != NULL;
    for (guint i = 0; lines && i < lines->len; i++)
        for (guint j = 0; j < devices->len; j++) {
            VvDevice *device = devices->pdata[j];
            if (was_given_up(ready, device, lines->pdata[i]) && !g_ptr_array_find(names, device->text, NULL))
                g_ptr_array_add(names, device->text);
        }
}

static void check_unassigned(const VvReadyHost *ready, GPtrArray *rows)
{
    const GPtrArray *devices = vv_host_devices(ready->host);
    g_autoptr(GPtrArray) names = g_ptr_array_new(), others = g_ptr_array_new();
    gboolean read = FALSE;
    VvReadyRow *row;

    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        if (device->kind != VV_KIND_BRIDGE && has_unassigned(ready->sysfs, device))
            g_ptr_array_add(vv_ready_is_passable(device) ? names : others, device->text);
    }
    add_logged(ready, names, &read);
    g_autofree char *list = vv_words_join(names->len ? names : others, 4);
    if (names->len || others->len) {
        row = vv_ready_add(rows, "bars", names->len ? VV_READY_FAIL : VV_READY_WARN,
                           "%s %s no address for a BAR (/sys/bus/pci/devices/*/resource)", list,
                           (names->len ? names : others)->len == 1 ? "has" : "have");
        row->remedy = above_remedy();
    } else
        row = vv_ready_add(rows, "bars", VV_READY_PASS,
                           "every BAR has its address (/sys/bus/pci/devices/*/resource)");
    if (!read)
        row->root = g_strdup("BARs that the kernel's log says it gave up");
}

/* The firmware's windows; root alone sees their addresses (kernel/resource.c, r_show). */
static gboolean has_high_window(const VvSysfs *sysfs, gboolean *ret_shown)
{
    g_autofree char *text = vv_sysfs_read_all(sysfs, "proc/iomem", 1 << 20);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        guint64 start = g_ascii_strtoull(*line, NULL, 16);
        *ret_shown = *ret_shown || start;
        if (start >= FOUR_GIB && strstr(*line, "PCI Bus "))
            return TRUE;
    }
    return FALSE;
}

static gboolean has_high_bar(const VvSysfs *sysfs, const VvDevice *device)
{
    VvBar bars[VV_STANDARD_BARS];

    vv_bars_read(sysfs, device, bars);
    for (guint i = 0; i < VV_STANDARD_BARS; i++)
        if (bars[i].is_memory && bars[i].first >= FOUR_GIB)
            return TRUE;
    return FALSE;
}

static void check_above(const VvReadyHost *ready, GPtrArray *rows)
{
    const GPtrArray *devices = vv_host_devices(ready->host);
    gboolean shown = FALSE, has_gpu = FALSE;
    VvReadyRow *row;

    for (guint i = 0; i < devices->len; i++) {
        const VvDevice *device = devices->pdata[i];
        has_gpu |= device->kind == VV_KIND_GPU && device->address.bus;
        if (!has_high_bar(ready->sysfs, device))
            continue;
        vv_ready_add(rows, "above4g", VV_READY_PASS, "BARs lie above 4 GiB (%s)", device->text);
        return;
    }
    if (has_high_window(ready->sysfs, &shown)) {
        vv_ready_add(rows, "above4g", VV_READY_PASS,
                     "the firmware has room above 4 GiB, no BAR needs it (/proc/iomem)");
        return;
    }
    row = vv_ready_add(rows, "above4g", has_gpu ? VV_READY_WARN : VV_READY_INFO, "no BAR lies above 4 GiB%s",
                       shown ? ", and the firmware has no room there (/proc/iomem)" : "");
    if (has_gpu)
        row->remedy = above_remedy();
    if (!shown)
        row->root = g_strdup("whether there is room above 4 GiB");
}

/* resourceN_resize is there where the card has the capability (drivers/pci/pci-sysfs.c). */
static void check_resizable(const VvReadyHost *ready, GPtrArray *rows)
{
    const GPtrArray *devices = vv_host_devices(ready->host);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        VvDevice *device = devices->pdata[i];
        for (guint bar = 0; bar < VV_STANDARD_BARS; bar++) {
            g_autofree char *attribute = g_strdup_printf("resource%u_resize", bar);
            g_autofree char *path = vv_device_path(device, attribute);
            if (vv_ready_is_passable(device) && vv_sysfs_exists(ready->sysfs, path)) {
                g_ptr_array_add(names, device->text);
                break;
            }
        }
    }
    g_autofree char *list = vv_words_join(names, 3);
    if (names->len)
        vv_ready_add(rows, "rebar", VV_READY_INFO, "BARs of %s can be resized (resourceN_resize)", list);
    else
        vv_ready_add(rows, "rebar", VV_READY_INFO,
                     "no card shows a BAR that can be resized (resourceN_resize)");
}

void vv_ready_check_bars(const VvReadyHost *ready, GPtrArray *rows)
{
    if (!ready->host) {
        vv_ready_add(rows, "bars", VV_READY_INFO, "there is no PCI bus to read (/sys/bus/pci/devices)");
        return;
    }
    check_unassigned(ready, rows);
    check_above(ready, rows);
    check_resizable(ready, rows);
}
