/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/vf-settings.h"

#include "vfio/error.h"

#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

/* IEEE 802.1Q: VLAN 4095 is reserved, three bits of priority. */
#define MOST_VLAN 4094
#define MOST_QOS 7

static const char *const link_names[] = {"auto", "enable", "disable"};

const char *vv_vf_link_name(VvVfLink link)
{
    return link_names[link];
}

static gboolean wants(GError **error, const char *name, const char *value, const char *what)
{
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s '%s': it is %s", name, value, what);
    return FALSE;
}

static gboolean parse_number(const char *text, guint64 most, guint64 *ret)
{
    return *text && g_ascii_string_to_unsigned(text, 10, 0, most, ret, NULL);
}

/* One for a function: not for many (bit 0 of the first byte), and all zeros mean none. */
static gboolean parse_mac(const char *text, guint8 mac[6])
{
    guint8 bytes[6];

    if (strlen(text) != 17)
        return FALSE;
    for (guint i = 0; i < 6; i++) {
        int high = g_ascii_xdigit_value(text[3 * i]), low = g_ascii_xdigit_value(text[3 * i + 1]);
        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
            return FALSE;
        bytes[i] = (guint8)(high << 4 | low);
    }
    if (bytes[0] & 1)
        return FALSE;
    memcpy(mac, bytes, sizeof bytes);
    return TRUE;
}

static gboolean parse_rate(const char *text, VvVfSettings *settings)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 2);
    guint64 most = 0, least = 0;

    if (!parts[0] || !parse_number(parts[0], G_MAXINT32, &most) ||
        (parts[1] && !parse_number(parts[1], G_MAXINT32, &least)) || (most && least > most))
        return FALSE;
    settings->max_rate = (guint32)most;
    settings->min_rate = (guint32)least;
    return TRUE;
}

static gboolean parse_switch(const char *text, gboolean *ret)
{
    *ret = strcmp(text, "on") == 0;
    return *ret || strcmp(text, "off") == 0;
}

static gboolean parse_link(const char *text, VvVfLink *ret)
{
    for (guint i = 0; i < G_N_ELEMENTS(link_names); i++)
        if (strcmp(text, link_names[i]) == 0) {
            *ret = (VvVfLink)i;
            return TRUE;
        }
    return FALSE;
}

static gboolean parse_proto(const char *text, guint16 *ret)
{
    gboolean outer = g_ascii_strcasecmp(text, "802.1ad") == 0;

    *ret = outer ? ETH_P_8021AD : ETH_P_8021Q;
    return outer || g_ascii_strcasecmp(text, "802.1q") == 0;
}

/* The numbers of a VLAN. */
static gboolean parse_vlan(VvVfSettings *settings, const char *name, const char *value, GError **error)
{
    gboolean is_qos = strcmp(name, "qos") == 0;
    guint64 number = 0;

    if (!parse_number(value, is_qos ? MOST_QOS : MOST_VLAN, &number))
        return wants(error, name, value,
                     is_qos ? "a number from 0 to 7" : "a number from 1 to 4094, or 0 for none");
    if (is_qos)
        settings->qos = (guint8)number;
    else
        settings->vlan = (guint16)number;
    if (!settings->proto)
        settings->proto = ETH_P_8021Q;
    settings->fields |= VV_VF_VLAN;
    return TRUE;
}

gboolean vv_vf_settings_parse(VvVfSettings *settings, const char *name, const char *value, GError **error)
{
    if (strcmp(name, "vlan") == 0 || strcmp(name, "qos") == 0)
        return parse_vlan(settings, name, value, error);
    if (strcmp(name, "mac") == 0) {
        settings->fields |= VV_VF_MAC;
        return parse_mac(value, settings->mac) ||
               wants(error, name, value, "one device's address, 52:54:00:12:34:56");
    }
    if (strcmp(name, "proto") == 0) {
        settings->fields |= VV_VF_VLAN;
        return parse_proto(value, &settings->proto) || wants(error, name, value, "802.1Q or 802.1ad");
    }
    if (strcmp(name, "trust") == 0) {
        settings->fields |= VV_VF_TRUST;
        return parse_switch(value, &settings->trust) || wants(error, name, value, "on or off");
    }
    if (strcmp(name, "spoofchk") == 0) {
        settings->fields |= VV_VF_SPOOFCHK;
        return parse_switch(value, &settings->spoofchk) || wants(error, name, value, "on or off");
    }
    if (strcmp(name, "rate") == 0) {
        settings->fields |= VV_VF_RATE;
        return parse_rate(value, settings) ||
               wants(error, name, value, "MAX or MAX,MIN in Mbit/s, MIN no more than MAX; 0 for none");
    }
    if (strcmp(name, "link") == 0) {
        settings->fields |= VV_VF_LINK;
        return parse_link(value, &settings->link) || wants(error, name, value, "auto, enable or disable");
    }
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "a virtual function has no setting '%s'", name);
    return FALSE;
}

static void add_vlan(GString *text, const VvVfSettings *settings)
{
    g_string_append_printf(text, "vlan=%u qos=%u ", settings->vlan, settings->qos);
    if (settings->proto == ETH_P_8021AD)
        g_string_append(text, "proto=802.1ad ");
}

char *vv_vf_settings_to_text(const VvVfSettings *settings)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const guint8 *mac = settings->mac;

    if (settings->fields & VV_VF_MAC)
        g_string_append_printf(text, "mac=%02x:%02x:%02x:%02x:%02x:%02x ", mac[0], mac[1], mac[2], mac[3],
                               mac[4], mac[5]);
    if (settings->fields & VV_VF_VLAN)
        add_vlan(text, settings);
    if (settings->fields & VV_VF_TRUST)
        g_string_append_printf(text, "trust=%s ", settings->trust ? "on" : "off");
    if (settings->fields & VV_VF_SPOOFCHK)
        g_string_append_printf(text, "spoofchk=%s ", settings->spoofchk ? "on" : "off");
    if (settings->fields & VV_VF_RATE)
        g_string_append_printf(text, "rate=%u,%u ", settings->max_rate, settings->min_rate);
    if (settings->fields & VV_VF_LINK)
        g_string_append_printf(text, "link=%s ", link_names[settings->link]);
    g_strchomp(text->str);
    return g_strdup(text->str);
}

gboolean vv_vf_settings_from_text(const char *text, VvVfSettings *ret, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    VvVfSettings settings = {0};

    for (char **word = words; *word; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);
        if (**word && !vv_vf_settings_parse(&settings, pair[0], pair[1] ? pair[1] : "", error))
            return FALSE;
    }
    *ret = settings;
    return TRUE;
}

void vv_vf_settings_copy(VvVfSettings *to, const VvVfSettings *from, guint fields)
{
    guint some = fields & from->fields;

    if (some & VV_VF_MAC)
        memcpy(to->mac, from->mac, sizeof to->mac);
    if (some & VV_VF_VLAN) {
        to->vlan = from->vlan;
        to->qos = from->qos;
        to->proto = from->proto;
    }
    if (some & VV_VF_TRUST)
        to->trust = from->trust;
    if (some & VV_VF_SPOOFCHK)
        to->spoofchk = from->spoofchk;
    if (some & VV_VF_RATE) {
        to->min_rate = from->min_rate;
        to->max_rate = from->max_rate;
    }
    if (some & VV_VF_LINK)
        to->link = from->link;
    to->fields |= some;
}

void vv_vf_settings_sober(VvVfSettings *settings)
{
    if (settings->mac[0] & 1)
        settings->fields &= ~(guint)VV_VF_MAC;
    if (settings->vlan > MOST_VLAN)
        settings->vlan = 0;
    if (settings->qos > MOST_QOS)
        settings->qos = 0;
    if (settings->proto != ETH_P_8021AD)
        settings->proto = ETH_P_8021Q;
    if (settings->max_rate > G_MAXINT32)
        settings->max_rate = 0;
    if (settings->min_rate > G_MAXINT32 || (settings->max_rate && settings->min_rate > settings->max_rate))
        settings->min_rate = 0;
}

static gboolean same_vlan(const VvVfSettings *a, const VvVfSettings *b)
{
    /* Without a VLAN there is nothing for the other two to belong to. */
    return a->vlan == b->vlan && (a->vlan == 0 || (a->qos == b->qos && a->proto == b->proto));
}

guint vv_vf_settings_differ(const VvVfSettings *now, const VvVfSettings *wanted)
{
    guint same = 0;

    if (memcmp(now->mac, wanted->mac, sizeof now->mac) == 0)
        same |= VV_VF_MAC;
    if (same_vlan(now, wanted))
        same |= VV_VF_VLAN;
    if (now->trust == wanted->trust)
        same |= VV_VF_TRUST;
    if (now->spoofchk == wanted->spoofchk)
        same |= VV_VF_SPOOFCHK;
    if (now->max_rate == wanted->max_rate && now->min_rate == wanted->min_rate)
        same |= VV_VF_RATE;
    if (now->link == wanted->link)
        same |= VV_VF_LINK;
    return wanted->fields & ~(same & now->fields);
}

const VvVfInfo *vv_vf_info_find(const GArray *infos, guint index)
{
    for (guint i = 0; i < infos->len; i++)
        if (g_array_index(infos, VvVfInfo, i).index == index)
            return &g_array_index(infos, VvVfInfo, i);
    return NULL;
}
