/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "hooks/userhook.h"
#include "launcher/command.h"

/* User hooks (hooks/userhook.h) around what verbs do. What they print goes to standard error. */

/* vv_handover_take() with them; `domain` NULL: by hand. */
gboolean vv_take(VvContext *context, const VvDomain *domain, VvPlan *plan, GError **error);

/* vv_handover_return() with those of the entries' owner, or of "manual" where they have several. */
gboolean vv_return(VvContext *context, const GPtrArray *entries, VvPlan *plan,
                   const VvHandoverOptions *options, GError **error);

/* Will libvirt's hook look after this domain (NULL: after any of ours) and give its devices back? */
gboolean vv_hook_serves(VvContext *context, const VvDomain *domain);

/* Those of pre-start or post-start, unless libvirt's hook serves the domain: then it runs them, whoever
 * starts it. TRUE for post-start. */
gboolean vv_tell_start(VvContext *context, const VvDomain *domain, VvPhase phase, const VvPlan *plan,
                       GError **error);

/* Those of reset, for the owner of the plan's first device. */
void vv_tell_reset(VvContext *context, const VvPlan *plan);
