/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

/* Routes of all tables and addresses, from the kernel by netlink. Messages are looked at one by one, because
 * a router may have a million routes. */

typedef struct nl_sock Socket;
typedef struct nl_msg Message;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Socket, nl_socket_free)

static Socket *connect_route(void)
{
    g_autoptr(Socket) socket = nl_socket_alloc();

    if (!socket || nl_connect(socket, NETLINK_ROUTE) < 0)
        return NULL;
    return g_steal_pointer(&socket);
}

/* FALSE for no address, and for families that are not IP. No bytes (a default route) is ::. */
static gboolean take_ip(struct nl_addr *address, VvIp *ret)
{
    guint length = address ? nl_addr_get_len(address) : 0;

    memset(ret, 0, sizeof *ret);
    ret->family = address ? nl_addr_get_family(address) : AF_UNSPEC;
    if ((ret->family != AF_INET && ret->family != AF_INET6) || length > sizeof ret->bytes)
        return FALSE;
    memcpy(ret->bytes, nl_addr_get_binary_addr(address), length);
    return TRUE;
}

typedef struct {
    VvNetwork *network;
    VvRoute route;
} Found;

static void take_nexthop(struct rtnl_nexthop *hop, void *data)
{
    const Found *found = data;
    char interface[IF_NAMESIZE];

    if (if_indextoname((unsigned int)rtnl_route_nh_get_ifindex(hop), interface) &&
        strcmp(interface, "lo") != 0)
        vv_network_add(found->network->defaults, interface, &found->route.ip, found->route.bits,
                       found->route.table);
}

static int take_route(Message *message, void *data)
{
    struct rtnl_route *route = NULL;
    Found found = {.network = data};

    if (rtnl_route_parse(nlmsg_hdr(message), &route) < 0)
        return NL_OK;
    struct nl_addr *destination = rtnl_route_get_dst(route);
    found.route.bits = destination ? nl_addr_get_prefixlen(destination) : 0;
    found.route.table = rtnl_route_get_table(route);
    take_ip(destination, &found.route.ip);
    found.route.ip.family = rtnl_route_get_family(route);
    if (rtnl_route_get_type(route) == RTN_UNICAST && vv_route_is_default(&found.route))
        rtnl_route_foreach_nexthop(route, take_nexthop, &found);
    rtnl_route_put(route);
    return NL_OK;
}

static void take_address(struct nl_object *object, void *data)
{
    struct rtnl_addr *address = (struct rtnl_addr *)object;
    VvNetwork *network = data;
    char interface[IF_NAMESIZE];
    VvIp ip;

    if (take_ip(rtnl_addr_get_local(address), &ip) &&
        if_indextoname((unsigned int)rtnl_addr_get_ifindex(address), interface))
        vv_network_add(network->addresses, interface, &ip, ip.family == AF_INET ? 32 : 128, 0);
}

/* A dump during which routes come or go may lack others, and says so (NLM_F_DUMP_INTR). What several of them
 * tell together is enough: a route that was there a moment ago is no reason to take the card away. */
static gboolean read_routes(Socket *socket, int family)
{
    /* RTM_GETROUTE with NLM_F_DUMP gives all tables. */
    struct rtmsg request = {.rtm_family = (unsigned char)family};
    int result = -NLE_DUMP_INTR;

    for (guint tries = 0; tries < 5 && result == -NLE_DUMP_INTR; tries++) {
        if (nl_send_simple(socket, RTM_GETROUTE, NLM_F_DUMP, &request, sizeof request) < 0)
            return FALSE;
        result = nl_recvmsgs_default(socket);
    }
    return result >= 0 || result == -NLE_DUMP_INTR;
}

gboolean vv_netlink_read(VvNetwork *network)
{
    g_autoptr(Socket) socket = connect_route(), routes = connect_route();
    struct nl_cache *addresses = NULL;

    if (!socket || !routes || rtnl_addr_alloc_cache(socket, &addresses) < 0)
        return FALSE;
    nl_cache_foreach(addresses, take_address, network);
    nl_cache_free(addresses);
    nl_socket_modify_cb(routes, NL_CB_VALID, NL_CB_CUSTOM, take_route, network);
    /* A kernel without IPv6 answers that it does not know it. */
    gboolean done = read_routes(routes, AF_INET);
    read_routes(routes, AF_INET6);
    return done;
}

static void take_first(struct rtnl_nexthop *hop, void *data)
{
    char interface[IF_NAMESIZE], **ret = data;

    if (!*ret && if_indextoname((unsigned int)rtnl_route_nh_get_ifindex(hop), interface))
        *ret = g_strdup(interface);
}

char *vv_netlink_route_to(const VvIp *ip)
{
    g_autoptr(Socket) socket = connect_route();
    struct nl_addr *address = nl_addr_build(ip->family, ip->bytes, ip->family == AF_INET ? 4 : 16);
    struct rtnl_route *route = NULL;
    char *interface = NULL;

    if (socket && address && rtnl_route_lookup(socket, address, &route) == 0) {
        rtnl_route_foreach_nexthop(route, take_first, &interface);
        rtnl_route_put(route);
    }
    nl_addr_put(address);
    return interface;
}

char *vv_netlink_kind(const char *interface)
{
    g_autoptr(Socket) socket = connect_route();
    struct rtnl_link *link = NULL;
    char *kind = NULL;

    if (socket && rtnl_link_get_kernel(socket, 0, interface, &link) == 0) {
        kind = g_strdup(rtnl_link_get_type(link));
        rtnl_link_put(link);
    }
    return kind;
}
