/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const VvLink *vv_net_find(const VvNet *net, const char *name)
{
    for (guint i = 0; i < net->links->len; i++)
        if (strcmp(g_array_index(net->links, VvLink, i).name, name) == 0)
            return &g_array_index(net->links, VvLink, i);
    return NULL;
}

/* "eth0", or "br0, which stands on eth0": new string. */
char *vv_net_name(const VvLink *link)
{
    return strcmp(link->name, link->base) == 0
               ? g_strdup(link->name)
               : g_strdup_printf("%s, which stands on %s", link->name, link->base);
}

/* "upper_br0" links are made by net/core/dev.c, netdev_adjacent_sysfs_add, within one network namespace. */
GPtrArray *vv_net_uppers(const VvNet *net, const char *name)
{
    g_autofree char *folder = g_strdup_printf("sys/class/net/%s", name);
    g_autoptr(GPtrArray) entries = vv_sysfs_list(net->usage->sysfs, folder);
    GPtrArray *uppers = g_ptr_array_new();

    for (guint i = 0; entries && i < entries->len; i++)
        if (g_str_has_prefix(entries->pdata[i], "upper_"))
            g_ptr_array_add(uppers, (gpointer)g_intern_string((char *)entries->pdata[i] + strlen("upper_")));
    return uppers;
}

static void find_links(VvNet *net)
{
    const GPtrArray *nodes = vv_usage_nodes(net->usage, "sys/class/net");

    for (guint i = 0; i < nodes->len; i++) {
        const VvNode *node = nodes->pdata[i];
        VvLink link = {g_intern_string(node->name), g_intern_string(node->name)};
        if (vv_usage_is_behind(net->usage, net->device, node->place))
            g_array_append_val(net->links, link);
    }
    for (guint i = 0; i < net->links->len; i++) {
        const VvLink below = g_array_index(net->links, VvLink, i);
        g_autoptr(GPtrArray) uppers = vv_net_uppers(net, below.name);
        for (guint j = 0; j < uppers->len; j++) {
            VvLink link = {uppers->pdata[j], below.base};
            if (!vv_net_find(net, link.name))
                g_array_append_val(net->links, link);
        }
    }
}

static void check_routes(VvNet *net)
{
    const GPtrArray *routes = vv_usage_network(net->usage)->defaults;
    g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < routes->len; i++) {
        const VvRoute *route = routes->pdata[i];
        const VvLink *link = vv_net_find(net, route->interface);
        if (!link)
            continue;
        g_autofree char *name = vv_net_name(link);
        g_autofree char *table = route->table && route->table != RT_TABLE_MAIN
                                     ? g_strdup_printf(" of table %u", route->table)
                                     : g_strdup("");
        g_autofree char *text = g_strdup_printf("the %s default route%s goes through %s",
                                                route->ip.family == AF_INET ? "IPv4" : "IPv6", table, name);
        if (g_ptr_array_find_with_equal_func(said, text, g_str_equal, NULL))
            continue;
        vv_usage_add(net->reasons, "net-default-route", VV_SEVERITY_BLOCK, net->device,
                     "route through another card first", "%s", text);
        g_ptr_array_add(said, g_steal_pointer(&text));
    }
}

static const VvRoute *find_address(const VvNet *net, const VvIp *ip)
{
    const GPtrArray *addresses = vv_usage_network(net->usage)->addresses;

    for (guint i = 0; i < addresses->len; i++) {
        const VvRoute *address = addresses->pdata[i];
        if (vv_net_find(net, address->interface) && vv_ip_matches(ip, address))
            return address;
    }
    return NULL;
}

static void check_sessions(VvNet *net)
{
    const GArray *sessions = vv_network_sessions(net->usage);
    const VvSession *first = NULL;
    guint more = 0;

    for (guint i = 0; i < sessions->len; i++) {
        const VvSession *session = &g_array_index(sessions, VvSession, i);
        if (!find_address(net, &session->local))
            continue;
        more += first != NULL;
        first = first ? first : session;
    }
    if (!first)
        return;
    g_autofree char *name = vv_net_name(vv_net_find(net, find_address(net, &first->local)->interface));
    g_autofree char *local = vv_ip_text(&first->local), *remote = vv_ip_text(&first->remote);
    g_autofree char *others = more ? g_strdup_printf(", and %u more", more) : g_strdup("");
    vv_usage_add(net->reasons, "net-session", VV_SEVERITY_BLOCK, net->device,
                 "end it, or reach this host by another card",
                 "a TCP connection runs over %s: %s port %u with %s port %u%s", name, local,
                 first->local_port, remote, first->remote_port, others);
}

static void check_servers(VvNet *net)
{
    g_autoptr(GPtrArray) servers = vv_usage_servers(net->usage);

    for (guint i = 0; i < servers->len; i++) {
        const VvServer *server = servers->pdata[i];
        g_autofree char *interface = vv_network_route_to(net->usage, &server->ip);
        const VvLink *link = interface ? vv_net_find(net, interface) : NULL;
        if (!link)
            continue;
        g_autofree char *name = vv_net_name(link), *address = vv_ip_text(&server->ip);
        vv_usage_add(net->reasons, "net-root", VV_SEVERITY_BLOCK, net->device,
                     server->is_root ? "this host runs from it" : "unmount or log out first",
                     "%s comes from %s through %s", server->what, address, name);
    }
}

static void check_up(VvNet *net)
{
    const GPtrArray *addresses = vv_usage_network(net->usage)->addresses;

    for (guint i = 0; i < addresses->len; i++) {
        const VvRoute *address = addresses->pdata[i];
        const VvLink *link = vv_net_find(net, address->interface);
        char path[64];
        gint64 flags = 0;
        if (!link || link->name != link->base || vv_ip_is_link_local(&address->ip))
            continue;
        snprintf(path, sizeof path, "sys/class/net/%.16s/flags", link->name);
        if (!vv_sysfs_read_number(net->usage->sysfs, path, &flags) || !(flags & 1))
            continue;
        g_autofree char *text = vv_ip_text(&address->ip);
        vv_usage_add(net->reasons, "net-up", VV_SEVERITY_WARN, net->device, NULL, "%s is up with %s%s",
                     link->name, vv_usage_network(net->usage)->live ? "" : "an address in ", text);
    }
}

void vv_usage_check_network(VvUsage *usage, const VvDevice *device, GPtrArray *reasons)
{
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(VvLink));
    VvNet net = {usage, device, reasons, links};
    guint before = reasons->len;

    find_links(&net);
    if (device->kind == VV_KIND_NIC && device->driver)
        vv_net_check_moved(&net);
    if (!links->len)
        return;
    check_routes(&net);
    vv_net_check_uppers(&net);
    check_sessions(&net);
    check_servers(&net);
    /* Who hears of a route or a session knows that it is up. */
    if (reasons->len == before)
        check_up(&net);
}
