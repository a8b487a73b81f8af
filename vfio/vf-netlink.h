/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/vf-settings.h"

#include <netlink/msg.h>

/* Shared by vf-*.c only: VFs in the messages of rtnetlink(7), as net/core/rtnetlink.c reads and writes them
 * (rtnl_fill_vfinfo, do_setvfinfo). */

/* The question for the VFs of an interface. NULL: no memory. */
struct nl_msg *vv_vf_request(int ifindex, gboolean statistics);

/* Appends what an RTM_NEWLINK says of each VF (VvVfInfo). FALSE: it is none, or is not whole. */
gboolean vv_vf_decode(struct nlmsghdr *message, GArray *infos);

/* An RTM_SETLINK with one setting of one VF: do_setvfinfo stops at the first that fails, and does not say
 * which it was. NULL: no memory. */
struct nl_msg *vv_vf_encode(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);

/* Asks and sets: 0 or an errno. For children: the kernel's network lock may be held for ever. */
int vv_vf_ask(int ifindex, gboolean statistics, GArray *infos);
int vv_vf_send(int ifindex, guint vf, VvVfField field, const VvVfSettings *settings);
