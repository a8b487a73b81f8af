/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "vfio/recover.h"

/* What recovery is told of this host's domains; `retry` as in VvRecoverOptions. libvirt is asked only when an
 * entry's fate hangs on it. */
VvRecoverOptions vv_context_recover_options(VvContext *context, gboolean retry);

/* Before a verb that changes things: brings back what an interrupted virt-vfio left behind, and says so on
 * standard error. A device that does not come back is told as well, but does not keep the verb from its
 * work: what it needs, its own plan checks. */
void vv_context_recover(VvContext *context);

/* Puts in order what interrupted resets left; functions may have come back then, and the host is scanned anew
 * when it is next asked for. FALSE only when there is no host to look at. */
gboolean vv_context_finish_resets(VvContext *context, GError **error);

/* Puts in order what interrupted changes of the number of VFs left, and says so on standard error; the host
 * is scanned anew then. *ret_count: how many there were. FALSE: one could not be. */
gboolean vv_context_finish_sriov(VvContext *context, guint *ret_count);
