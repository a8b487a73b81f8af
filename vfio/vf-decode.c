/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* What a driver does not tell it leaves at -1. */
#define UNKNOWN G_MAXUINT32

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

/* How many VFs the message is about: IFLA_NUM_VF, which comes before the list. 0 where it does not say. */
static guint32 count_of(struct nlmsghdr *message)
{
    const struct nlattr *attribute = nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_NUM_VF);

    return attribute && nla_len(attribute) >= (int)sizeof(guint32) ? nla_get_u32(attribute) : 0;
}

static gboolean take_list(struct nlattr *list, GArray *infos)
{
    struct nlattr *vf;
    int left;

    nla_for_each_nested(vf, list, left) if (nla_type(vf) == IFLA_VF_INFO && !take_vf(vf, infos)) return FALSE;
    return left == 0;
}

int vv_vf_decode(struct nlmsghdr *message, GArray *infos)
{
    if (message->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(message, sizeof(struct ifinfomsg)))
        return EBADMSG;
    guint32 count = count_of(message);
    struct nlattr *list = nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
    gboolean whole = !list || take_list(list, infos);
    /* The kernel puts in what there is and then writes the list's length, of which 16 bits are kept: a
     * message that is longer may have a list that seems to end early, anywhere. What a driver says nothing of
     * is not in the list either (rtnl_fill_vfinfo), but then no more than the statistics are lost. */
    if (message->nlmsg_len > G_MAXUINT16 && (!whole || infos->len < count))
        return EMSGSIZE;
    return whole ? 0 : EBADMSG;
}
