/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/console.h"

#include <fcntl.h>
#include <linux/fb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* How long a host driver that is back may take to make its frame buffer, where it does so beside its probe.
 */
#define APPEAR_MS 1000
#define STEP_MS 20

int vv_console_framebuffer(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(sysfs, "sys/class/graphics");
    struct fb_con2fbmap map = {.console = 1};
    int first = -1, number;
    char path[32];

    for (guint i = 0; names && i < names->len; i++)
        if (sscanf(names->pdata[i], "fb%d", &number) == 1 && (first < 0 || number < first))
            first = number;
    snprintf(path, sizeof path, "dev/fb%d", first);
    int fd = first >= 0 && vv_sysfs_is_live(sysfs) ? vv_sysfs_open(sysfs, path, O_RDONLY) : -1;
    if (fd >= 0) {
        if (ioctl(fd, FBIOGET_CON2FBMAP, &map) == 0 && map.framebuffer < G_MAXINT)
            first = (int)map.framebuffer;
        close(fd);
    }
    return first;
}

/* Those that are bound to a frame buffer; there may be dummies and MDA beside them. */
static char *bound_consoles(const VvSysfs *sysfs)
{
    g_autoptr(GPtrArray) nodes = vv_sysfs_list(sysfs, "sys/class/vtconsole");
    g_autoptr(GString) found = g_string_new(NULL);

    for (guint i = 0; nodes && i < nodes->len; i++) {
        const char *node = nodes->pdata[i];
        g_autofree char *bind = g_strdup_printf("sys/class/vtconsole/%s/bind", node);
        g_autofree char *path = g_strdup_printf("sys/class/vtconsole/%s/name", node);
        g_autofree char *name = vv_sysfs_read(sysfs, path);
        gint64 bound = 0;
        if (vv_sysfs_read_number(sysfs, bind, &bound) && bound == 1 && name && strstr(name, "frame buffer"))
            g_string_append_printf(found, "%s%s", found->len ? " " : "", node);
    }
    return found->len ? g_string_free(g_steal_pointer(&found), FALSE) : NULL;
}

static gboolean is_boot_display(const VvSysfs *sysfs, const VvDevice *device)
{
    g_autofree char *path = vv_device_path(device, "boot_vga");
    gint64 boot = 0;

    return vv_sysfs_read_number(sysfs, path, &boot) && boot == 1;
}

char *vv_console_of(const VvSysfs *sysfs, const VvDevice *device)
{
    if (device->class_code >> 16 != 0x03)
        return NULL;

    g_autofree char *path = g_strdup_printf("sys/class/graphics/fb%d", vv_console_framebuffer(sysfs));
    g_autofree char *target = vv_sysfs_link_target(sysfs, path);
    g_autofree char *below = g_strdup_printf("/%s/", device->text);
    if (!target)
        return NULL;
    gboolean firmware = strstr(target, "/platform/") != NULL;
    return strstr(target, below) || (firmware && is_boot_display(sysfs, device)) ? bound_consoles(sysfs)
                                                                                 : NULL;
}

static gboolean appears(const VvSysfs *sysfs, const char *path)
{
    for (int waited = 0; !vv_sysfs_exists(sysfs, path); waited += STEP_MS) {
        if (waited >= APPEAR_MS)
            return FALSE;
        g_usleep(STEP_MS * 1000);
    }
    return TRUE;
}

int vv_console_bind(const VvSysfs *sysfs, const char *names, gboolean bound)
{
    g_auto(GStrv) words = g_strsplit(names, " ", -1);
    int first_error = 0;

    for (char **word = words; *word; word++) {
        g_autofree char *path = g_strdup_printf("sys/class/vtconsole/%s/bind", *word);
        gint64 now;
        if ((bound && !appears(sysfs, path)) || !vv_sysfs_read_number(sysfs, path, &now) || now == bound)
            continue;
        int error = vv_sysfs_write(sysfs, path, bound ? "1" : "0");
        first_error = first_error ? first_error : error;
    }
    return first_error;
}
