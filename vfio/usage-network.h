/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/usage-internal.h"

/* An IP address; family AF_INET (4 bytes) or AF_INET6 (16). */
typedef struct {
    int family;
    guint8 bytes[16];
} VvIp;

/* A route, or (as `bits` is the width then) an address of an interface. */
typedef struct {
    char *interface;
    VvIp ip;
    guint bits;    /* of the prefix */
    guint32 table; /* of a route; 0: not known */
} VvRoute;

/* An established TCP connection. */
typedef struct {
    VvIp local, remote;
    guint16 local_port, remote_port;
} VvSession;

/* An interface of another network namespace that has to do with ours. */
typedef struct {
    char *name, *kind; /* "eth0", "macvlan"; kind NULL: hardware */
    char *whose;       /* a process or a path by which that namespace is known */
    char *parent;      /* the device it belongs to: "0000:04:00.0", NULL */
    int lower;         /* number of the interface of our namespace that it stands on, 0: none */
} VvForeignLink;

struct VvNetwork {
    gboolean live;        /* from the kernel by netlink, else from text in proc/net */
    GPtrArray *defaults;  /* VvRoute: default routes of all tables */
    GPtrArray *addresses; /* VvRoute: of all interfaces */
    GPtrArray *routes;    /* VvRoute: all, on a recorded machine only */
    GArray *sessions;     /* VvSession, NULL: not read yet */
    GPtrArray *foreign;   /* VvForeignLink, NULL: not read yet */
};

VvNetwork *vv_usage_network(VvUsage *usage);
const GArray *vv_network_sessions(VvUsage *usage);
/* The interface that a packet to this address would leave by: new string or NULL. */
char *vv_network_route_to(VvUsage *usage, const VvIp *ip);

/* VvForeignLink *. Owned by the usage. */
const GPtrArray *vv_usage_foreign_links(VvUsage *usage);

/* rtnetlink(7). FALSE when it does not answer. */
gboolean vv_netlink_read(VvNetwork *network);
char *vv_netlink_route_to(const VvIp *ip);
/* "macvlan" and the like: new string; NULL for hardware. */
char *vv_netlink_kind(const char *interface);

/* Is this a prefix that stands for "everywhere"? */
gboolean vv_route_is_default(const VvRoute *route);
void vv_network_add(GPtrArray *routes, const char *interface, const VvIp *ip, guint bits, guint32 table);

/* "192.168.1.5", "2001:db8::1", also in brackets and with a port behind it. */
gboolean vv_ip_parse(const char *text, VvIp *ret);
char *vv_ip_text(const VvIp *ip);
gboolean vv_ip_matches(const VvIp *ip, const VvRoute *route);
/* Addresses that every interface has by itself. */
gboolean vv_ip_is_link_local(const VvIp *ip);

/* Where the data of a network file system or disk comes from. */
typedef struct {
    char *what; /* "/srv (nfs4)" */
    gboolean is_root;
    VvIp ip;
} VvServer;

/* To be freed. */
GPtrArray *vv_usage_servers(VvUsage *usage);

/* An interface of the function, or one that stands on it: a bridge, a bond, a VLAN. */
typedef struct {
    const char *name; /* interned */
    const char *base; /* the function's own interface below it; the same for those themselves */
} VvLink;

/* What is found for one PCI function. */
typedef struct {
    VvUsage *usage;
    const VvDevice *device;
    GPtrArray *reasons;
    GArray *links; /* VvLink; the function's own come first */
} VvNet;

/* NULL: it has nothing to do with the function. */
const VvLink *vv_net_find(const VvNet *net, const char *name);
/* "eth0", or "br0, which stands on eth0": new string. */
char *vv_net_name(const VvLink *link);
/* Names of what stands on an interface directly (interned). To be freed. */
GPtrArray *vv_net_uppers(const VvNet *net, const char *name);
void vv_net_check_uppers(VvNet *net);
void vv_net_check_moved(VvNet *net);
