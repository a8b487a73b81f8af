/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "asked-host.h"

#include "vfio/child.h"
#include "vfio/group.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdio.h>
#include <string.h>

Asked asked;
static const FakeHost *live;

void asked_reset(void)
{
    asked = (Asked){.console_framebuffer = -1};
    live = NULL;
}

void asked_go_live(FakeHost *fake)
{
    live = fake;
}

gboolean __real_vv_sysfs_is_live(const VvSysfs *sysfs);
gboolean __wrap_vv_sysfs_is_live(const VvSysfs *sysfs)
{
    return live ? TRUE : __real_vv_sysfs_is_live(sysfs);
}

gboolean __wrap_vv_sysfs_device_number(const VvSysfs *sysfs, const char *path, gboolean *ret_is_block,
                                       guint *ret_major, guint *ret_minor);
gboolean __wrap_vv_sysfs_device_number(const VvSysfs *sysfs, const char *path, gboolean *ret_is_block,
                                       guint *ret_major, guint *ret_minor)
{
    g_autofree char *link = vv_sysfs_link_target(sysfs, path);
    g_autofree char *plain = g_strconcat("/", path, NULL);

    for (const AskedNode *node = live ? asked.nodes : NULL; node && node->path; node++) {
        if (strcmp(node->path, link ? link : plain) != 0)
            continue;
        *ret_is_block = node->is_block;
        *ret_major = node->major;
        *ret_minor = node->minor;
        return TRUE;
    }
    return FALSE;
}

int __real_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags);
int __wrap_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags);
int __wrap_vv_sysfs_open(const VvSysfs *sysfs, const char *path, int flags)
{
    if (g_strcmp0(path, asked.busy_path) != 0 || !(flags & (O_EXCL | O_RDWR)))
        return __real_vv_sysfs_open(sysfs, path, flags);
    errno = EBUSY;
    return -1;
}

gboolean __wrap_vv_netlink_read(VvNetwork *network);
gboolean __wrap_vv_netlink_read(VvNetwork *network)
{
    for (const VvRoute *route = asked.defaults; route && route->interface; route++)
        vv_network_add(network->defaults, route->interface, &route->ip, route->bits, route->table);
    for (const VvRoute *address = asked.addresses; address && address->interface; address++)
        vv_network_add(network->addresses, address->interface, &address->ip, address->bits, 0);
    return asked.netlink_answers;
}

char *__wrap_vv_netlink_route_to(const VvIp *ip);
char *__wrap_vv_netlink_route_to(const VvIp *ip)
{
    return NULL;
}

char *__wrap_vv_netlink_kind(const char *interface);
char *__wrap_vv_netlink_kind(const char *interface)
{
    return g_strdup(asked.kind);
}

const GPtrArray *__wrap_vv_usage_foreign_links(VvUsage *usage);
const GPtrArray *__wrap_vv_usage_foreign_links(VvUsage *usage)
{
    VvNetwork *network = vv_usage_network(usage);

    if (!network->foreign)
        network->foreign = g_ptr_array_new();
    for (const VvForeignLink *link = network->foreign->len ? NULL : asked.foreign; link && link->name; link++)
        g_ptr_array_add(network->foreign, (gpointer)link);
    return network->foreign;
}

/* Interface 7 is eth0; there is no other. */
char *__wrap_if_indextoname(unsigned int index, char *name);
char *__wrap_if_indextoname(unsigned int index, char *name)
{
    return index == 7 ? strcpy(name, "eth0") : NULL;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    if (request != FBIOGET_CON2FBMAP || asked.console_framebuffer == -1)
        return -1;
    va_start(arguments, request);
    va_arg(arguments, struct fb_con2fbmap *)->framebuffer = (guint32)asked.console_framebuffer;
    va_end(arguments);
    return 0;
}

gboolean __real_vv_child_ask(const VvSysfs *sysfs, VvAnswerFn answer, gpointer data, guint deadline_ms,
                             GString *text);
gboolean __wrap_vv_child_ask(const VvSysfs *sysfs, VvAnswerFn answer, gpointer data, guint deadline_ms,
                             GString *text);
gboolean __wrap_vv_child_ask(const VvSysfs *sysfs, VvAnswerFn answer, gpointer data, guint deadline_ms,
                             GString *text)
{
    if (!asked.child_says)
        return __real_vv_child_ask(sysfs, answer, data, deadline_ms, text);
    g_string_append(text, asked.child_says);
    return TRUE;
}

gboolean __real_vv_group_in_use(const VvSysfs *sysfs, int group);
gboolean asked_group_in_use(const VvSysfs *sysfs, int group)
{
    return __real_vv_group_in_use(sysfs, group);
}
