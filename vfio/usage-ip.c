/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

gboolean vv_ip_parse(const char *text, VvIp *ret)
{
    const char *start = text + (*text == '[');
    /* CIFS puts the number of the interface behind a link-local address: fe80::1%2. */
    gsize length = strcspn(start, "],/ %");
    g_autofree char *whole = g_strndup(start, length);
    char *colon = strchr(whole, ':');

    ret->family = AF_INET6;
    if (inet_pton(AF_INET6, whole, ret->bytes) == 1)
        return TRUE;
    if (colon)
        *colon = '\0';
    ret->family = AF_INET;
    return inet_pton(AF_INET, whole, ret->bytes) == 1;
}

char *vv_ip_text(const VvIp *ip)
{
    char text[INET6_ADDRSTRLEN];

    return g_strdup(inet_ntop(ip->family, ip->bytes, text, sizeof text));
}

gboolean vv_ip_matches(const VvIp *ip, const VvRoute *route)
{
    guint bytes = route->bits / 8, rest = route->bits % 8;

    if (ip->family != route->ip.family || memcmp(ip->bytes, route->ip.bytes, bytes) != 0)
        return FALSE;
    return !rest || (ip->bytes[bytes] ^ route->ip.bytes[bytes]) >> (8 - rest) == 0;
}

gboolean vv_ip_is_link_local(const VvIp *ip)
{
    return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

/* Tunnels divide "everywhere" into two halves to win over a default route without replacing it; 2000::/3 is
 * all of the internet with IPv6. */
gboolean vv_route_is_default(const VvRoute *route)
{
    return route->ip.family == AF_INET ? route->bits <= 1 : route->bits <= 3;
}

static void route_free(gpointer data)
{
    VvRoute *route = data;

    g_free(route->interface);
    g_free(route);
}

void vv_network_add(GPtrArray *routes, const char *interface, const VvIp *ip, guint bits, guint32 table)
{
    VvRoute *route = g_new0(VvRoute, 1);

    route->interface = g_strdup(interface);
    route->ip = *ip;
    route->bits = bits;
    route->table = table;
    g_ptr_array_add(routes, route);
}

/* proc/net has IPv4 addresses as one number in memory order, IPv6 as four, and v4 within v6 as ::ffff:… */
static gboolean parse_hex(const char *text, VvIp *ret)
{
    gsize words = strlen(text) / 8;
    guint8 bytes[16];

    if (words != 1 && words != 4)
        return FALSE;
    for (gsize i = 0; i < words; i++) {
        char word[9] = "";
        memcpy(word, text + 8 * i, 8);
        guint32 value = (guint32)g_ascii_strtoull(word, NULL, 16);
        memcpy(bytes + 4 * i, &value, 4);
    }
    gboolean mapped = words == 4 && memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
    ret->family = words == 1 || mapped ? AF_INET : AF_INET6;
    memcpy(ret->bytes, mapped ? bytes + 12 : bytes, mapped ? 4 : 4 * words);
    return TRUE;
}

/* Calls `take` for each line, without keeping a file that may have 100,000 of them. */
static void for_each_line(VvUsage *usage, const char *path, void (*take)(VvNetwork *, const char *line))
{
    int fd = vv_sysfs_open(usage->sysfs, path, 0);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    char line[512];

    while (file && fgets(line, sizeof line, file))
        take(usage->network, line);
    if (file)
        fclose(file);
}

/* Documentation/networking/proc_net_tcp.rst; state 01 is TCP_ESTABLISHED. */
static void take_session(VvNetwork *network, const char *line)
{
    char local[40], remote[40];
    unsigned int local_port, remote_port, state;
    VvSession session = {0};

    if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%x %x", local, &local_port, remote, &remote_port,
               &state) != 5 ||
        state != 1 || !parse_hex(local, &session.local) || !parse_hex(remote, &session.remote))
        return;
    session.local_port = (guint16)local_port;
    session.remote_port = (guint16)remote_port;
    g_array_append_val(network->sessions, session);
}

const GArray *vv_network_sessions(VvUsage *usage)
{
    VvNetwork *network = vv_usage_network(usage);

    if (!network->sessions) {
        network->sessions = g_array_new(FALSE, FALSE, sizeof(VvSession));
        for_each_line(usage, "proc/net/tcp", take_session);
        for_each_line(usage, "proc/net/tcp6", take_session);
    }
    return network->sessions;
}

/* fib_route_seq_show: the main table only. Without a gateway the interface has an address in that network,
 * which is as near as text comes to the address. Flag 0x200 is RTF_REJECT. */
static void take_route(VvNetwork *network, const char *line)
{
    char interface[32], destination[16], mask_text[16];
    unsigned int gateway, flags;
    VvIp ip, mask;

    if (sscanf(line, "%31s %8[0-9A-F] %x %x %*d %*d %*d %8[0-9A-F]", interface, destination, &gateway, &flags,
               mask_text) != 5 ||
        !parse_hex(destination, &ip) || !parse_hex(mask_text, &mask) || flags & 0x200)
        return;
    guint bits = 0;
    while (bits < 32 && mask.bytes[bits / 8] >> (7 - bits % 8) & 1)
        bits++;
    vv_network_add(network->routes, interface, &ip, bits, 0);
    if (!gateway && bits)
        vv_network_add(network->addresses, interface, &ip, bits, 0);
}

static gboolean parse_hex6(const char *text, VvIp *ret)
{
    ret->family = AF_INET6;
    for (guint i = 0; i < 16; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]),
            low = high < 0 ? -1 : g_ascii_xdigit_value(text[2 * i + 1]);
        if (low < 0)
            return FALSE;
        ret->bytes[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

/* net/ipv6/route.c, rt6_info_route. */
static void take_route6(VvNetwork *network, const char *line)
{
    char destination[40], interface[32];
    unsigned int bits, flags;
    VvIp ip;

    if (sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x %31s", destination, &bits, &flags, interface) == 4 &&
        parse_hex6(destination, &ip) && bits <= 128 && !(flags & 0x200) && strcmp(interface, "lo") != 0)
        vv_network_add(network->routes, interface, &ip, bits, 0);
}

/* net/ipv6/addrconf.c, if6_seq_show. */
static void take_address6(VvNetwork *network, const char *line)
{
    char address[40], interface[32];
    VvIp ip;

    if (sscanf(line, "%32s %*x %*x %*x %*x %31s", address, interface) == 2 && parse_hex6(address, &ip))
        vv_network_add(network->addresses, interface, &ip, 128, 0);
}

static void read_text(VvUsage *usage)
{
    VvNetwork *network = usage->network;

    /* What netlink said before it failed would be said twice. */
    g_ptr_array_set_size(network->defaults, 0);
    g_ptr_array_set_size(network->addresses, 0);
    for_each_line(usage, "proc/net/route", take_route);
    for_each_line(usage, "proc/net/ipv6_route", take_route6);
    for_each_line(usage, "proc/net/if_inet6", take_address6);
    for (guint i = 0; i < network->routes->len; i++) {
        const VvRoute *route = network->routes->pdata[i];
        if (vv_route_is_default(route))
            vv_network_add(network->defaults, route->interface, &route->ip, route->bits, 0);
    }
}

VvNetwork *vv_usage_network(VvUsage *usage)
{
    if (usage->network)
        return usage->network;

    VvNetwork *network = usage->network = g_new0(VvNetwork, 1);
    network->defaults = g_ptr_array_new_with_free_func(route_free);
    network->addresses = g_ptr_array_new_with_free_func(route_free);
    network->routes = g_ptr_array_new_with_free_func(route_free);
    network->live = vv_sysfs_is_live(usage->sysfs) && vv_netlink_read(network);
    if (!network->live)
        read_text(usage);
    return network;
}

void vv_network_free(VvNetwork *network)
{
    if (!network)
        return;
    g_ptr_array_unref(network->defaults);
    g_ptr_array_unref(network->addresses);
    g_ptr_array_unref(network->routes);
    g_clear_pointer(&network->sessions, g_array_unref);
    g_clear_pointer(&network->foreign, g_ptr_array_unref);
    g_free(network);
}

char *vv_network_route_to(VvUsage *usage, const VvIp *ip)
{
    const VvNetwork *network = vv_usage_network(usage);
    const VvRoute *best = NULL;

    if (network->live)
        return vv_netlink_route_to(ip);
    for (guint i = 0; i < network->routes->len; i++) {
        const VvRoute *route = network->routes->pdata[i];
        if (vv_ip_matches(ip, route) && (!best || route->bits > best->bits))
            best = route;
    }
    return best ? g_strdup(best->interface) : NULL;
}
