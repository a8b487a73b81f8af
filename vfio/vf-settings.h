/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* What a PF's driver enforces for one of its VFs, and what it has counted: over rtnetlink(7), as
 * ndo_get_vf_config and ndo_set_vf_* of the driver answer (include/linux/netdevice.h). All of it is lost when
 * the number of VFs changes. */

/* Which parts of VvVfSettings are meant. */
typedef enum {
    VV_VF_MAC = 1 << 0,
    VV_VF_VLAN = 1 << 1, /* with qos and proto */
    VV_VF_TRUST = 1 << 2,
    VV_VF_SPOOFCHK = 1 << 3,
    VV_VF_RATE = 1 << 4, /* min_rate and max_rate */
    VV_VF_LINK = 1 << 5,
} VvVfField;

/* IFLA_VF_LINK_STATE_* of linux/if_link.h. */
typedef enum { VV_VF_LINK_AUTO, VV_VF_LINK_ENABLE, VV_VF_LINK_DISABLE } VvVfLink;

typedef struct {
    guint fields;      /* VvVfField: read: what the driver tells; wanted: what is to be set */
    guint8 mac[6];     /* all zeros: the PF has set none, the guest may choose */
    guint16 vlan;      /* 1-4094; 0: none */
    guint8 qos;        /* priority, 0-7 */
    guint16 proto;     /* 0x8100 (802.1Q, the usual one) or 0x88a8 (802.1ad); host byte order */
    gboolean trust;    /* the guest may use promiscuous mode and change its MAC */
    gboolean spoofchk; /* frames with another source address are dropped */
    guint32 min_rate;  /* Mbit/s; 0: none */
    guint32 max_rate;  /* Mbit/s; 0: no limit */
    VvVfLink link;
} VvVfSettings;

typedef struct {
    guint64 rx_packets, tx_packets, rx_bytes, tx_bytes, multicast, broadcast, rx_dropped, tx_dropped;
} VvVfStatistics;

typedef struct {
    guint index;
    VvVfSettings settings;
    gboolean has_statistics;
    VvVfStatistics statistics;
} VvVfInfo;

/* "auto", "enable" or "disable". Static. */
const char *vv_vf_link_name(VvVfLink link);

/* One setting from its word, into `settings` and its `fields`: "mac" 52:54:00:01:02:03, "vlan" 0-4094,
 * "qos" 0-7, "proto" 802.1Q or 802.1ad, "trust" and "spoofchk" on or off, "rate" MAX or MAX,MIN in Mbit/s,
 * "link" auto, enable or disable. `qos` and `proto` count as the VLAN, and want one. VV_ERROR_USAGE says what
 * it may be. */
gboolean vv_vf_settings_parse(VvVfSettings *settings, const char *name, const char *value, GError **error);

/* "mac=52:54:00:01:02:03 vlan=5 qos=3 trust=on spoofchk=on rate=100,0 link=auto": only what is in `fields`;
 * new string, "" for none. The words are those of the journal and of files that are kept, and
 * vv_vf_settings_from_text() takes them back. */
char *vv_vf_settings_to_text(const VvVfSettings *settings);
gboolean vv_vf_settings_from_text(const char *text, VvVfSettings *ret, GError **error);

/* Copies those of `fields` that `from` has. */
void vv_vf_settings_copy(VvVfSettings *to, const VvVfSettings *from, guint fields);

/* Drops what a driver tells that nobody could set, and that so means "none" or nothing: the VLAN 4095 (mlx4:
 * the guest chooses), a priority that is none, a MAC of many, a rate beyond what is asked for. */
void vv_vf_settings_sober(VvVfSettings *settings);

/* Of the fields of `wanted`, those which `now` has otherwise or does not tell (VvVfField). */
guint vv_vf_settings_differ(const VvVfSettings *now, const VvVfSettings *wanted);

/* The settings of all VFs of a PF's interface (VvVfInfo), by index. Asked by a disposable child, because the
 * kernel's network lock may be held by a driver that hangs. NULL with VV_ERROR_FAILED; on a recorded machine
 * with VV_ERROR_NOT_READY. */
GArray *vv_vf_settings_read(const VvSysfs *sysfs, const char *interface, guint deadline_ms, GError **error);
/* NULL: there is no VF of that number. */
const VvVfInfo *vv_vf_info_find(const GArray *infos, guint index);

/* Sets what differs, each setting in a request of its own (trust, MAC, VLAN, spoof check, rate, link), and
 * reads all back: drivers say yes and do something else. *ret_before (may be NULL) gets what was there of the
 * wanted fields that the driver tells: handing that to this function later restores it. It is filled as soon
 * as it was read, for failures too; `fields` 0: nothing was changed. Needs CAP_NET_ADMIN. VV_ERROR_FAILED
 * names VF, setting and cause; what was set before the failure is set back first. */
gboolean vv_vf_settings_apply(const VvSysfs *sysfs, const char *interface, guint vf,
                              const VvVfSettings *wanted, guint deadline_ms, VvVfSettings *ret_before,
                              GError **error);
