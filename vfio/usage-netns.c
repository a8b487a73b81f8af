/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/usage-network.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Interfaces in other network namespaces: sysfs shows none of them, and no link to one that stands on ours. A
 * thread of its own enters each namespace (only its own changes, setns(2)) and asks there. Needs
 * CAP_SYS_ADMIN; without it nothing is found. */

typedef struct nl_sock Socket;
typedef struct nl_msg Message;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Socket, nl_socket_free)

typedef struct {
    int fd;
    const char *whose;
    gint32 our_id; /* the number by which that namespace knows ours; -1: it has none */
    GPtrArray *links;
} Visit;

static void link_free(gpointer data)
{
    VvForeignLink *link = data;

    g_free(link->name);
    g_free(link->kind);
    g_free(link->whose);
    g_free(link->parent);
    g_free(link);
}

static char *string_of(struct nlattr *attribute)
{
    return attribute ? g_strndup(nla_data(attribute), strnlen(nla_data(attribute), (gsize)nla_len(attribute)))
                     : NULL;
}

static char *kind_of(struct nlattr *info)
{
    struct nlattr *attributes[IFLA_INFO_MAX + 1] = {0};

    return info && nla_parse_nested(attributes, IFLA_INFO_MAX, info, NULL) == 0
               ? string_of(attributes[IFLA_INFO_KIND])
               : NULL;
}

static int take_link(Message *message, void *data)
{
    const Visit *visit = data;
    struct nlattr *attributes[IFLA_MAX + 1] = {0};

    if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct ifinfomsg), attributes, IFLA_MAX, NULL) < 0)
        return NL_SKIP;
    struct nlattr *id = attributes[IFLA_LINK_NETNSID], *lower = attributes[IFLA_LINK];
    VvForeignLink *link = g_new0(VvForeignLink, 1);
    link->name = string_of(attributes[IFLA_IFNAME]);
    link->kind = kind_of(attributes[IFLA_LINKINFO]);
    link->whose = g_strdup(visit->whose);
    link->parent = string_of(attributes[IFLA_PARENT_DEV_NAME]);
    link->lower =
        id && lower && visit->our_id >= 0 && nla_get_s32(id) == visit->our_id ? nla_get_s32(lower) : 0;
    if (link->name && (link->parent || link->lower))
        g_ptr_array_add(visit->links, link);
    else
        link_free(link);
    return NL_OK;
}

static int take_id(Message *message, void *data)
{
    struct nlattr *attributes[NETNSA_MAX + 1] = {0};

    if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct rtgenmsg), attributes, NETNSA_MAX, NULL) == 0 &&
        attributes[NETNSA_NSID])
        *(gint32 *)data = nla_get_s32(attributes[NETNSA_NSID]);
    return NL_OK;
}

static gint32 ask_our_id(void)
{
    g_autoptr(Socket) socket = nl_socket_alloc();
    Message *message = nlmsg_alloc_simple(RTM_GETNSID, 0);
    struct rtgenmsg family = {.rtgen_family = AF_UNSPEC};
    gint32 id = -1;

    /* The main thread is still where we came from. */
    if (socket && message && nl_connect(socket, NETLINK_ROUTE) == 0 &&
        nlmsg_append(message, &family, sizeof family, NLMSG_ALIGNTO) == 0 &&
        nla_put_u32(message, NETNSA_PID, (guint32)getpid()) == 0) {
        nl_socket_disable_auto_ack(socket);
        nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_id, &id);
        if (nl_send_auto(socket, message) >= 0)
            nl_recvmsgs_default(socket);
    }
    nlmsg_free(message);
    return id;
}

static gpointer visit(gpointer data)
{
    Visit *visit = data;
    struct ifinfomsg request = {.ifi_family = AF_UNSPEC};

    if (setns(visit->fd, CLONE_NEWNET) != 0)
        return NULL;
    visit->our_id = ask_our_id();
    g_autoptr(Socket) socket = nl_socket_alloc();
    if (!socket || nl_connect(socket, NETLINK_ROUTE) != 0)
        return NULL;
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_link, visit);
    if (nl_send_simple(socket, RTM_GETLINK, NLM_F_DUMP, &request, sizeof request) >= 0)
        nl_recvmsgs_default(socket);
    return NULL;
}

static gboolean enter(VvUsage *usage, const char *path, const char *whose, GPtrArray *links)
{
    Visit data = {vv_sysfs_open(usage->sysfs, path, O_RDONLY), whose, -1, links};

    if (data.fd < 0)
        return FALSE;
    g_thread_join(g_thread_new("netns", visit, &data));
    close(data.fd);
    return TRUE;
}

static void enter_processes(VvUsage *usage, GHashTable *seen, GPtrArray *links)
{
    const GPtrArray *processes = vv_usage_processes(usage);

    for (guint i = 0; i < processes->len; i++) {
        char path[64];
        int pid = GPOINTER_TO_INT(processes->pdata[i]);
        snprintf(path, sizeof path, "proc/%d/ns/net", pid);
        g_autofree char *name = vv_sysfs_link_target(usage->sysfs, path);
        if (!name || g_hash_table_contains(seen, name))
            continue;
        g_autofree char *whose = vv_usage_process_name(usage, pid);
        if (enter(usage, path, whose, links))
            g_hash_table_add(seen, g_steal_pointer(&name));
    }
}

/* Those that no process is in, as "ip netns add" makes them. */
static void enter_mounts(VvUsage *usage, GHashTable *seen, GPtrArray *links)
{
    const GPtrArray *mounts = vv_usage_mounts(usage);

    for (guint i = 0; i < mounts->len; i++) {
        const VvMount *mount = mounts->pdata[i];
        if (!mount->whose && strcmp(mount->type, "nsfs") == 0 && mount->root &&
            g_str_has_prefix(mount->root, "net:") && g_hash_table_add(seen, g_strdup(mount->root)))
            enter(usage, mount->target + 1, mount->target, links);
    }
}

const GPtrArray *vv_usage_foreign_links(VvUsage *usage)
{
    VvNetwork *network = vv_usage_network(usage);

    if (network->foreign)
        return network->foreign;
    network->foreign = g_ptr_array_new_with_free_func(link_free);
    char *own = vv_sysfs_link_target(usage->sysfs, "proc/self/ns/net");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (own)
        g_hash_table_add(seen, own);
    if (own && vv_sysfs_is_live(usage->sysfs)) {
        enter_processes(usage, seen, network->foreign);
        enter_mounts(usage, seen, network->foreign);
    }
    return network->foreign;
}
