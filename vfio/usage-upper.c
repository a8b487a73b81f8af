/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* What stands on an interface, and where it went. */

/* "bridge " from the kernel, or as far as DEVTYPE of the uevent says, or "": new string. */
static char *kind_of(const VvNet *net, const char *name)
{
    char path[64], uevent[512];
    g_autofree char *kind = vv_usage_network(net->usage)->live ? vv_netlink_kind(name) : NULL;

    /* One device for all of its bridges (net/openvswitch). */
    if (strcmp(name, "ovs-system") == 0)
        return g_strdup("Open vSwitch ");
    if (kind)
        return g_strdup_printf("%s ", kind);
    snprintf(path, sizeof path, "sys/class/net/%.16s/uevent", name);
    const char *type = vv_sysfs_read_into(net->usage->sysfs, path, uevent, sizeof uevent) > 0
                           ? strstr(uevent, "DEVTYPE=")
                           : NULL;
    return type ? g_strdup_printf("%.*s ", (int)strcspn(type + 8, "\n"), type + 8) : g_strdup("");
}

static void check_uppers(VvNet *net)
{
    for (guint i = 0; i < net->links->len; i++) {
        const VvLink link = g_array_index(net->links, VvLink, i);
        if (link.name != link.base)
            break;
        g_autofree char *path = g_strdup_printf("sys/class/net/%s/master", link.name);
        g_autofree char *master = vv_sysfs_link_name(net->usage->sysfs, path);
        g_autoptr(GPtrArray) uppers = vv_net_uppers(net, link.name);
        if (master && !g_ptr_array_find_with_equal_func(uppers, master, g_str_equal, NULL))
            g_ptr_array_add(uppers, master);
        for (guint j = 0; j < uppers->len; j++) {
            const char *upper = uppers->pdata[j];
            g_autofree char *kind = kind_of(net, upper);
            g_autofree char *remedy = g_strdup_printf("take %s out of it first", link.name);
            if (g_strcmp0(master, upper) == 0)
                vv_usage_add(net->reasons, "net-upper", VV_SEVERITY_BLOCK, net->device, remedy,
                             "%s is a port of the %s%s", link.name, *kind ? kind : "interface ", upper);
            else
                vv_usage_add(net->reasons, "net-upper", VV_SEVERITY_BLOCK, net->device, "remove that first",
                             "the %s%s stands on %s", *kind ? kind : "interface ", upper, link.name);
        }
    }
}

/* A container's macvlan or VLAN. */
static void check_foreign_uppers(VvNet *net)
{
    const GPtrArray *foreign = vv_usage_foreign_links(net->usage);

    for (guint i = 0; i < foreign->len; i++) {
        const VvForeignLink *above = foreign->pdata[i];
        char name[IF_NAMESIZE];
        const VvLink *link =
            above->lower && if_indextoname((unsigned int)above->lower, name) ? vv_net_find(net, name) : NULL;
        if (!link)
            continue;
        g_autofree char *below = vv_net_name(link);
        vv_usage_add(net->reasons, "net-upper", VV_SEVERITY_BLOCK, net->device, "stop that container",
                     "the %s %s in the network namespace of %s stands on %s",
                     above->kind ? above->kind : "interface", above->name, above->whose, below);
    }
}

/* PPP over Ethernet is above an interface without a link to it (drivers/net/ppp/pppoe.c, pppoe_seq_show). */
static void check_pppoe(VvNet *net)
{
    g_autofree char *text = vv_sysfs_read_all(net->usage->sysfs, "proc/net/pppoe", 65536);
    char *save = NULL, name[32];

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        const VvLink *link = sscanf(line, "%*s %*s %31s", name) == 1 ? vv_net_find(net, name) : NULL;
        if (link)
            vv_usage_add(net->reasons, "net-upper", VV_SEVERITY_BLOCK, net->device, "hang up first",
                         "a PPPoE session runs over %s", name);
    }
}

void vv_net_check_uppers(VvNet *net)
{
    check_uppers(net);
    check_foreign_uppers(net);
    check_pppoe(net);
}

/* The folder stays when its interface moves to another network namespace, whose entries are hidden from ours
 * (net/core/net-sysfs.c, net_ns_type_operations). */
static gboolean is_moved_away(const VvNet *net, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "net", NULL);
    g_autoptr(GPtrArray) entries = vv_sysfs_list(net->usage->sysfs, path);

    return entries && !entries->len;
}

static const char *find_new_home(const VvNet *net)
{
    const GPtrArray *foreign = vv_usage_foreign_links(net->usage);

    for (guint i = 0; i < foreign->len; i++) {
        const VvForeignLink *link = foreign->pdata[i];
        if (g_strcmp0(link->parent, net->device->text) == 0)
            return link->whose;
    }
    return NULL;
}

void vv_net_check_moved(VvNet *net)
{
    g_autofree char *folder = vv_device_path(net->device, NULL);
    g_autoptr(GPtrArray) entries = vv_sysfs_list(net->usage->sysfs, folder);
    gboolean moved = is_moved_away(net, folder);

    for (guint i = 0; entries && i < entries->len && !moved; i++) {
        g_autofree char *child = g_build_filename(folder, entries->pdata[i], NULL);
        moved = g_str_has_prefix(entries->pdata[i], "virtio") && is_moved_away(net, child);
    }
    if (!moved)
        return;
    const char *whose = find_new_home(net);
    vv_usage_add(net->reasons, "net-up", VV_SEVERITY_BLOCK, net->device,
                 "stop that container, or move the interface back",
                 "its interface was moved into %s%s; how it is used there does not show",
                 whose ? "the network namespace of " : "another network namespace", whose ? whose : "");
}
