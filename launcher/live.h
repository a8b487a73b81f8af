/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/attach.h"
#include "launcher/devices.h"
#include "launcher/redefine.h"

/* Devices that go to a running guest, and come back from it. */

/* What would be taken from the host for it. */
VvPlan *vv_live_plan(VvContext *context, const VvAttach *attach, const VvStored *stored, char **allow,
                     GError **error);

/* Takes the devices of the plan, stores `after`, and plugs the hostdev in. On a failure the domain is what it
 * was, and the devices are back. */
gboolean vv_live_attach(VvContext *context, const VvStored *stored, const char *after, VvPlan *plan,
                        const char *hostdev, GError **error);

/* Has the running guest this function? */
gboolean vv_live_has(const VvStored *stored, VvAddress host);

/* Takes a function out of the running guest, which has `seconds` to let go of it, and gives it back to the
 * host. */
gboolean vv_live_detach(VvContext *context, const VvStored *stored, VvAddress host, int seconds,
                        GError **error);
