/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/link.h"

#include "vfio/siblings.h"

#include <string.h>

typedef struct {
    gint64 width, max_width;
    double speed, max_speed; /* GT/s */
} Link;

/* "8.0 GT/s PCIe"; "Unknown" where the card does not say: 0. */
static double read_speed(const VvSysfs *sysfs, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = vv_sysfs_read(sysfs, path);

    return text ? g_ascii_strtod(text, NULL) : 0;
}

/* A width of 255 is what the kernel makes of registers that do not answer. */
static gint64 read_width(const VvSysfs *sysfs, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    gint64 width = 0;

    return vv_sysfs_read_number(sysfs, path, &width) && width > 0 && width <= 32 ? width : 0;
}

static gboolean read_link(const VvSysfs *sysfs, const char *folder, Link *ret)
{
    ret->width = read_width(sysfs, folder, "current_link_width");
    ret->max_width = read_width(sysfs, folder, "max_link_width");
    ret->speed = read_speed(sysfs, folder, "current_link_speed");
    ret->max_speed = read_speed(sysfs, folder, "max_link_speed");
    return ret->width && ret->max_width && ret->speed > 0 && ret->max_speed > 0;
}

static gboolean is_asleep(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "power/runtime_status");
    g_autofree char *status = vv_sysfs_read(sysfs, path);

    return status && strcmp(status, "suspended") == 0;
}

static char *speed_text(double speed)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    return g_strdup_printf("%s GT/s", g_ascii_formatd(number, sizeof number, "%.3g", speed));
}

static void add_narrow(const VvDevice *device, const Link *card, const Link *port, const char *port_name,
                       GPtrArray *rows)
{
    gboolean by_port = port && port->max_width <= card->width;
    VvReadyRow *row = vv_ready_add(rows, "link", VV_READY_WARN, "%s runs with x%d, and can x%d%s%s%s",
                                   device->text, (int)card->width, (int)card->max_width,
                                   by_port ? "; the port " : "", by_port ? port_name : "",
                                   by_port ? " has no more"
                                   : port  ? ", as its port can more"
                                           : "");

    row->remedy =
        g_strdup(by_port ? "put it into a slot with more lanes"
                         : "seat the card anew, do without a riser, and see whether another slot or drive "
                           "takes some of its lanes (the board's manual)");
}

static void add_slow(const VvDevice *device, const Link *card, const Link *port, const char *port_name,
                     GPtrArray *rows)
{
    gboolean by_port = port && port->max_speed <= card->speed;
    gboolean idles = device->kind == VV_KIND_GPU;
    g_autofree char *now = speed_text(card->speed), *most = speed_text(card->max_speed);
    VvReadyRow *row;

    row = vv_ready_add(rows, "link", by_port || idles ? VV_READY_INFO : VV_READY_WARN,
                       "%s runs at %s, and can %s%s%s%s", device->text, now, most,
                       by_port ? "; the port " : "", by_port ? port_name : "",
                       by_port ? " is no faster"
                       : idles ? "; graphics cards slow down when idle"
                               : "");
    if (!by_port && !idles)
        row->remedy =
            g_strdup("set this slot's speed (Gen) to Auto in the firmware setup, and do without a riser");
}

void vv_ready_check_link(const VvReadyHost *ready, const VvDevice *device, GPtrArray *rows)
{
    g_autofree char *folder = vv_device_path(device, NULL);
    Link card, port = {0};
    VvAddress above;
    g_autofree char *port_name = NULL;
    gboolean has_port = FALSE;

    if (is_asleep(ready->sysfs, device)) {
        vv_ready_add(rows, "link", VV_READY_INFO, "%s sleeps; its link was not looked at", device->text);
        return;
    }
    if (!read_link(ready->sysfs, folder, &card))
        return;
    if (ready->host && vv_bus_bridge(ready->host, device, &above)) {
        port_name = vv_address_dup(above);
        g_autofree char *port_folder = g_strdup_printf("sys/bus/pci/devices/%s", port_name);
        has_port = read_link(ready->sysfs, port_folder, &port);
    }
    if (card.width < card.max_width)
        add_narrow(device, &card, has_port ? &port : NULL, port_name, rows);
    if (card.speed < card.max_speed)
        add_slow(device, &card, has_port ? &port : NULL, port_name, rows);
    if (card.width >= card.max_width && card.speed >= card.max_speed) {
        g_autofree char *now = speed_text(card.speed);
        vv_ready_add(rows, "link", VV_READY_PASS, "%s runs with x%d at %s, all that it can", device->text,
                     (int)card.width, now);
    }
}
