/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-netlink.h"

#include "vfio/seam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <string.h>

/* One interface is one message, which may be longer than the attributes in it (vv_vf_decode). */
#define ANSWER_BYTES (512 * 1024)

typedef struct nl_sock Socket;
typedef struct nl_msg Message;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Socket, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, nlmsg_free)

static Message *new_message(int type, int ifindex)
{
    g_autoptr(Message) message = nlmsg_alloc_size(4096);
    const struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};

    if (!message || !nlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, NLM_F_REQUEST) ||
        nlmsg_append(message, (void *)&info, sizeof info, NLMSG_ALIGNTO) != 0)
        return NULL;
    return g_steal_pointer(&message);
}

Message *vv_vf_request(int ifindex, gboolean statistics)
{
    g_autoptr(Message) message = new_message(RTM_GETLINK, ifindex);
    guint32 mask = RTEXT_FILTER_VF | (statistics ? 0 : RTEXT_FILTER_SKIP_STATS);

    return message && nla_put_u32(message, IFLA_EXT_MASK, mask) == 0 ? g_steal_pointer(&message) : NULL;
}

static int put_vlan(Message *message, guint vf, const VvVfSettings *settings)
{
    const struct ifla_vf_vlan vlan = {vf, settings->vlan, settings->qos};
    const struct ifla_vf_vlan_info info = {vf, settings->vlan, settings->qos, htons(settings->proto)};

    /* Kernels before 4.9 know only the first. */
    if (settings->proto != ETH_P_8021AD)
        return nla_put(message, IFLA_VF_VLAN, sizeof vlan, &vlan);
    struct nlattr *list = nla_nest_start(message, IFLA_VF_VLAN_LIST);
    int error = list ? nla_put(message, IFLA_VF_VLAN_INFO, sizeof info, &info) : -1;
    if (!error)
        nla_nest_end(message, list);
    return error;
}

static int put_field(Message *message, guint vf, VvVfField field, const VvVfSettings *settings)
{
    struct ifla_vf_mac mac = {.vf = vf};
    const struct ifla_vf_trust trust = {vf, (guint32)settings->trust};
    const struct ifla_vf_spoofchk spoofchk = {vf, (guint32)settings->spoofchk};
    const struct ifla_vf_rate rate = {vf, settings->min_rate, settings->max_rate};
    const struct ifla_vf_link_state link = {vf, settings->link};

    memcpy(mac.mac, settings->mac, sizeof settings->mac);
    switch (field) {
    case VV_VF_MAC:
        return nla_put(message, IFLA_VF_MAC, sizeof mac, &mac);
    case VV_VF_VLAN:
        return put_vlan(message, vf, settings);
    case VV_VF_TRUST:
        return nla_put(message, IFLA_VF_TRUST, sizeof trust, &trust);
    case VV_VF_SPOOFCHK:
        return nla_put(message, IFLA_VF_SPOOFCHK, sizeof spoofchk, &spoofchk);
    case VV_VF_RATE:
        return nla_put(message, IFLA_VF_RATE, sizeof rate, &rate);
    default:
        return nla_put(message, IFLA_VF_LINK_STATE, sizeof link, &link);
    }
}

Message *vv_vf_encode(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings)
{
    g_autoptr(Message) message = new_message(RTM_SETLINK, ifindex);
    struct nlattr *list = message ? nla_nest_start(message, IFLA_VFINFO_LIST) : NULL;
    struct nlattr *info = list ? nla_nest_start(message, IFLA_VF_INFO) : NULL;

    if (!info || put_field(message, vf, field, settings) != 0)
        return NULL;
    nla_nest_end(message, info);
    nla_nest_end(message, list);
    return g_steal_pointer(&message);
}

typedef struct {
    GArray *infos; /* NULL: only whether it worked is of interest */
    int unread;    /* why `infos` is not what was said */
    int error;
} Answer;

static int take_answer(Message *message, void *data)
{
    Answer *answer = data;

    answer->unread = answer->infos ? vv_vf_decode(nlmsg_hdr(message), answer->infos) : 0;
    return NL_OK;
}

static int take_error(struct sockaddr_nl *from G_GNUC_UNUSED, struct nlmsgerr *error, void *data)
{
    Answer *answer = data;

    answer->error = -error->error;
    return NL_STOP;
}

/* Frees the message. */
static int exchange(Message *message, Answer *answer)
{
    g_autoptr(Message) own = message;
    g_autoptr(Socket) socket = nl_socket_alloc();

    if (!own || !socket)
        return ENOMEM;
    if (nl_connect(socket, NETLINK_ROUTE) != 0)
        return EIO;
    nl_socket_set_msg_buf_size(socket, ANSWER_BYTES);
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_answer, answer);
    nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, take_error, answer);
    if (nl_send_auto(socket, own) < 0)
        return EIO;
    /* With an answer there is an acknowledgement behind it, which ends the waiting. */
    int result = nl_wait_for_ack(socket);
    return answer->error ? answer->error : result < 0 ? EIO : 0;
}

static int ask(int ifindex, gboolean statistics, GArray *infos)
{
    Answer answer = {.infos = infos, .unread = EBADMSG};
    int error = exchange(vv_vf_request(ifindex, statistics), &answer);

    return error ? error : answer.unread;
}

int vv_vf_ask(int ifindex, gboolean statistics, GArray *infos)
{
    int error = ask(ifindex, statistics, infos);

    if (error != EMSGSIZE || !statistics)
        return error;
    g_array_set_size(infos, 0);
    return ask(ifindex, FALSE, infos);
}

int vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings)
{
    Answer answer = {0};
    int error = vv_seam_step();

    return error ? error : exchange(vv_vf_encode(ifindex, vf, field, settings), &answer);
}
