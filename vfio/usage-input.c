/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-internal.h"

#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

/* What a person at the host needs to talk to it, and what it proves itself with. */

typedef gboolean (*IsWanted)(VvUsage *usage, const VvNode *input);

/* Is this bit set in one of the input device's bitmaps? They are words of the kernel's long in hexadecimal,
 * the lowest last (drivers/input/input.c, input_print_bitmap). */
static gboolean has_bit(VvUsage *usage, const VvNode *input, const char *bitmap, guint bit)
{
    char path[128], text[1024];

    snprintf(path, sizeof path, "sys/class/input/%s/capabilities/%s", input->name, bitmap);
    if (vv_sysfs_read_into(usage->sysfs, path, text, sizeof text) < 0)
        return FALSE;
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    guint count = g_strv_length(words), word = bit / (8 * sizeof(long));
    guint64 value = word < count ? g_ascii_strtoull(words[count - 1 - word], NULL, 16) : 0;
    return value >> bit % (8 * sizeof(long)) & 1;
}

/* As udev tells them (systemd, src/udev/udev-builtin-input_id.c): a keyboard has all of the letters. */
static gboolean is_keyboard(VvUsage *usage, const VvNode *input)
{
    return has_bit(usage, input, "key", KEY_ESC) && has_bit(usage, input, "key", KEY_Q) &&
           has_bit(usage, input, "key", KEY_S) && has_bit(usage, input, "key", KEY_ENTER);
}

static gboolean is_pointer(VvUsage *usage, const VvNode *input)
{
    gboolean moves = (has_bit(usage, input, "rel", REL_X) && has_bit(usage, input, "rel", REL_Y)) ||
                     (has_bit(usage, input, "abs", ABS_X) && has_bit(usage, input, "abs", ABS_Y));

    return moves && (has_bit(usage, input, "key", BTN_LEFT) || has_bit(usage, input, "key", BTN_TOUCH));
}

/* Bluetooth's own devices hang on no controller (drivers/hid/uhid.c, and Bluetooth is bus 0005): they come
 * and go with any Bluetooth adapter. */
static gboolean is_bluetooth(const VvNode *input)
{
    return strstr(input->place, "/uhid/0005:") || strstr(input->place, "/bluetooth/");
}

static gboolean any_place(VvUsage *usage, const char *folder, const VvDevice *device, gboolean stays)
{
    const GPtrArray *nodes = vv_usage_nodes(usage, folder);

    for (guint i = 0; i < nodes->len; i++) {
        const char *place = ((const VvNode *)nodes->pdata[i])->place;
        if (stays ? vv_usage_stays(usage, device, place) : vv_usage_is_behind(usage, device, place))
            return TRUE;
    }
    return FALSE;
}

static gboolean input_is_behind(VvUsage *usage, const VvDevice *device, const VvNode *input)
{
    return vv_usage_is_behind(usage, device, input->place) ||
           (is_bluetooth(input) && any_place(usage, "sys/class/bluetooth", device, FALSE));
}

/* What a program made up (uinput) is no keyboard that anybody could press. */
static gboolean input_stays(VvUsage *usage, const VvDevice *device, const VvNode *input)
{
    if (is_bluetooth(input))
        return any_place(usage, "sys/class/bluetooth", device, TRUE);
    return !strstr(input->place, "/devices/virtual/") && vv_usage_stays(usage, device, input->place);
}

static char *input_name(VvUsage *usage, const VvNode *input)
{
    char path[128], name[128];

    snprintf(path, sizeof path, "sys/class/input/%s/name", input->name);
    return g_strdup(vv_sysfs_read_into(usage->sysfs, path, name, sizeof name) > 0 ? name : input->name);
}

static void check_last(VvUsage *usage, const VvDevice *device, IsWanted is_wanted, const char *what,
                       VvSeverity severity, GPtrArray *reasons)
{
    const GPtrArray *inputs = vv_usage_nodes(usage, "sys/class/input");
    const VvNode *lost = NULL;

    for (guint i = 0; i < inputs->len; i++) {
        const VvNode *input = inputs->pdata[i];
        gboolean behind = input_is_behind(usage, device, input);
        if (!g_str_has_prefix(input->name, "input") || (behind && lost) ||
            (!behind && !input_stays(usage, device, input)) || !is_wanted(usage, input))
            continue;
        if (!behind)
            return;
        lost = input;
    }
    if (!lost)
        return;
    g_autofree char *name = input_name(usage, lost);
    vv_usage_add(reasons, "input-last", severity, device, "plug another one into another controller",
                 "the last %s of this host hangs on it (%s)", what, name);
}

/* The card with the serial port that the kernel's console goes to. */
static void check_console(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    const GPtrArray *ports = vv_usage_nodes(usage, "sys/class/tty");
    g_autofree char *text = vv_sysfs_read(usage->sysfs, "sys/class/tty/console/active");
    g_auto(GStrv) consoles = g_strsplit(text ? text : "", " ", -1);

    for (guint i = 0; i < ports->len; i++) {
        const VvNode *port = ports->pdata[i];
        if (g_strv_contains((const char *const *)consoles, port->name) &&
            vv_usage_is_behind(usage, device, port->place))
            vv_usage_add(reasons, "input-last", VV_SEVERITY_BLOCK, device,
                         "boot with another console=", "the kernel's console %s is a port of it", port->name);
    }
}

static void check_tpm(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    if (any_place(usage, "sys/class/tpm", device, FALSE) && !any_place(usage, "sys/class/tpm", device, TRUE))
        vv_usage_add(reasons, "tpm-last", VV_SEVERITY_BLOCK, device,
                     "take it out of what depends on it first (disk encryption, attestation)",
                     "this host's TPM is behind it, which may unlock its disks");
}

void vv_usage_check_input(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    check_last(usage, device, is_keyboard, "keyboard", VV_SEVERITY_BLOCK, reasons);
    check_last(usage, device, is_pointer, "mouse", VV_SEVERITY_WARN, reasons);
    check_console(usage, device, reasons);
    check_tpm(usage, device, reasons);
}
