/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/vf-settings.h"

#include <netlink/msg.h>

/* Shared by vf-*.c only: VFs in the messages of rtnetlink(7), as net/core/rtnetlink.c reads and writes them
 * (rtnl_fill_vfinfo, do_setvfinfo). */

/* The question for the VFs of an interface. NULL: no memory. */
struct nl_msg *vv_vf_request(int ifindex, gboolean statistics);

/* Appends what an RTM_NEWLINK says of each VF (VvVfInfo). 0; EBADMSG: it is none, or is not whole; EMSGSIZE:
 * its list was too long for an attribute, whose length has 16 bits, and the kernel cut that length
 * (nla_nest_end; newer kernels may say EMSGSIZE themselves, nla_nest_end_safe). A VF takes 296 bytes with
 * statistics and 196 without, and 40 more on InfiniBand: 221 VFs fit, or 334. */
int vv_vf_decode(struct nlmsghdr *message, GArray *infos);

/* An RTM_SETLINK with one setting of one VF: do_setvfinfo stops at the first that fails, and does not say
 * which it was. NULL: no memory. */
struct nl_msg *vv_vf_encode(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);

/* Asks and sets: 0 or an errno. For children: the kernel's network lock may be held for ever. Where
 * statistics make the answer too long, it is asked for without them; EMSGSIZE: still too long. Kernels
 * before 6.5 (and stable ones of that time) send them anyway (commit fa0e21fa4443). */
int vv_vf_ask(int ifindex, gboolean statistics, GArray *infos);
int vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);
