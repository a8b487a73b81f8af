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

/* One interface with 256 VFs and their statistics is one message. */
#define ANSWER_BYTES (512 * 1024)

/* What a driver does not tell it leaves at -1. */
#define UNKNOWN G_MAXUINT32

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

/* The kernel's structure in an attribute; zeros and FALSE where it is missing or short. */
static gboolean get(struct nlattr **attributes, int type, void *ret, gsize size)
{
    const struct nlattr *attribute = attributes[type];

    memset(ret, 0, size);
    if (!attribute || (gsize)nla_len(attribute) < size)
        return FALSE;
    memcpy(ret, nla_data(attribute), size);
    return TRUE;
}

/* The first of the list: Linux has no card with two (struct ifla_vf_vlan_info, MAX_VLAN_LIST_LEN is 1). */
static void take_vlan_list(struct nlattr *list, VvVfSettings *settings)
{
    struct nlattr *entry = list ? nla_find(nla_data(list), nla_len(list), IFLA_VF_VLAN_INFO) : NULL;
    struct ifla_vf_vlan_info info;

    if (!entry || (gsize)nla_len(entry) < sizeof info)
        return;
    memcpy(&info, nla_data(entry), sizeof info);
    settings->vlan = (guint16)info.vlan;
    settings->qos = (guint8)info.qos;
    settings->proto = ntohs(info.vlan_proto);
}

static void take_switches(struct nlattr **attributes, VvVfSettings *settings)
{
    struct ifla_vf_spoofchk spoofchk;
    struct ifla_vf_trust trust;
    struct ifla_vf_link_state link;

    if (get(attributes, IFLA_VF_SPOOFCHK, &spoofchk, sizeof spoofchk) && spoofchk.setting != UNKNOWN) {
        settings->spoofchk = spoofchk.setting != 0;
        settings->fields |= VV_VF_SPOOFCHK;
    }
    if (get(attributes, IFLA_VF_TRUST, &trust, sizeof trust) && trust.setting != UNKNOWN) {
        settings->trust = trust.setting != 0;
        settings->fields |= VV_VF_TRUST;
    }
    if (get(attributes, IFLA_VF_LINK_STATE, &link, sizeof link) && link.link_state <= VV_VF_LINK_DISABLE) {
        settings->link = (VvVfLink)link.link_state;
        settings->fields |= VV_VF_LINK;
    }
}

static void take_settings(struct nlattr **attributes, VvVfSettings *settings)
{
    struct ifla_vf_mac mac;
    struct ifla_vf_vlan vlan;
    struct ifla_vf_rate rate;

    if (get(attributes, IFLA_VF_MAC, &mac, sizeof mac)) {
        memcpy(settings->mac, mac.mac, sizeof settings->mac);
        settings->fields |= VV_VF_MAC;
    }
    if (get(attributes, IFLA_VF_VLAN, &vlan, sizeof vlan)) {
        settings->vlan = (guint16)vlan.vlan;
        settings->qos = (guint8)vlan.qos;
        settings->proto = ETH_P_8021Q;
        settings->fields |= VV_VF_VLAN;
        take_vlan_list(attributes[IFLA_VF_VLAN_LIST], settings);
    }
    if (get(attributes, IFLA_VF_RATE, &rate, sizeof rate)) {
        settings->min_rate = rate.min_tx_rate;
        settings->max_rate = rate.max_tx_rate;
        settings->fields |= VV_VF_RATE;
    }
    take_switches(attributes, settings);
    vv_vf_settings_sober(settings);
}

static gboolean take_statistics(struct nlattr *nested, VvVfStatistics *ret)
{
    struct nlattr *attributes[IFLA_VF_STATS_MAX + 1] = {0};

    if (!nested || nla_parse_nested(attributes, IFLA_VF_STATS_MAX, nested, NULL) != 0)
        return FALSE;
    const struct {
        int type;
        guint64 *value;
    } counters[] = {
        {IFLA_VF_STATS_RX_PACKETS, &ret->rx_packets}, {IFLA_VF_STATS_TX_PACKETS, &ret->tx_packets},
        {IFLA_VF_STATS_RX_BYTES, &ret->rx_bytes},     {IFLA_VF_STATS_TX_BYTES, &ret->tx_bytes},
        {IFLA_VF_STATS_BROADCAST, &ret->broadcast},   {IFLA_VF_STATS_MULTICAST, &ret->multicast},
        {IFLA_VF_STATS_RX_DROPPED, &ret->rx_dropped}, {IFLA_VF_STATS_TX_DROPPED, &ret->tx_dropped},
    };
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        get(attributes, counters[i].type, counters[i].value, sizeof *counters[i].value);
    return TRUE;
}

static gboolean take_vf(struct nlattr *nested, GArray *infos)
{
    struct nlattr *attributes[IFLA_VF_MAX + 1] = {0};
    struct ifla_vf_mac mac;
    VvVfInfo info = {0};

    if (nla_parse_nested(attributes, IFLA_VF_MAX, nested, NULL) != 0 ||
        !get(attributes, IFLA_VF_MAC, &mac, sizeof mac))
        return FALSE;
    info.index = mac.vf; /* every structure begins with it */
    take_settings(attributes, &info.settings);
    info.has_statistics = take_statistics(attributes[IFLA_VF_STATS], &info.statistics);
    g_array_append_val(infos, info);
    return TRUE;
}

gboolean vv_vf_decode(struct nlmsghdr *message, GArray *infos)
{
    struct nlattr *list, *vf;
    int left;

    if (message->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(message, sizeof(struct ifinfomsg)))
        return FALSE;
    list = nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
    if (!list)
        return TRUE;
    nla_for_each_nested(vf, list, left) if (nla_type(vf) == IFLA_VF_INFO && !take_vf(vf, infos)) return FALSE;
    return left == 0;
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
    gboolean whole;
    int error;
} Answer;

static int take_answer(Message *message, void *data)
{
    Answer *answer = data;

    answer->whole = !answer->infos || vv_vf_decode(nlmsg_hdr(message), answer->infos);
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

int vv_vf_ask(int ifindex, gboolean statistics, GArray *infos)
{
    Answer answer = {.infos = infos};
    int error = exchange(vv_vf_request(ifindex, statistics), &answer);

    return error ? error : answer.whole ? 0 : EBADMSG;
}

int vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings)
{
    Answer answer = {0};
    int error = vv_seam_step();

    return error ? error : exchange(vv_vf_encode(ifindex, vf, field, settings), &answer);
}
