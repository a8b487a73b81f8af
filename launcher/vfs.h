/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domvf.h"
#include "launcher/command.h"

/* Virtual functions of a domain that is planned or started. */

/* vv_domain_choose_vfs() with who has which VF now. FALSE: the host or the journal cannot be read. */
gboolean vv_context_choose_vfs(VvContext *context, VvDomain *domain, GError **error);

/* The VFs of a VM file, found and chosen as for a domain that is made of it and starts now: a domain with
 * these devices only, those of [device] sections first. VV_ERROR_USAGE names file and section of what cannot
 * be. */
VvDomain *vv_context_vm_vfs(VvContext *context, VvVm *vm, GError **error);

/* For a VM file that is resolved and about to be defined: its pools begin with VFs that no other domain
 * names, where there are such, because libvirt itself (virsh start, autostart) starts a domain with what its
 * XML has. */
gboolean vv_context_spread_vfs(VvContext *context, VvVm *vm, GError **error);

/* vv_plan_wake_vfs() for this program. */
gboolean vv_context_wake_vfs(VvContext *context, const VvPlan *plan, GError **error);

/* When the VFs were taken: the domain's stored XML gets those that were chosen, and their PFs are told what
 * the domain wants. */
gboolean vv_context_prepare_vfs(VvContext *context, const VvDomain *domain, GError **error);

/* What PFs were told for this domain of VFs that stay with VFIO because they were bound by hand is taken
 * back. */
gboolean vv_context_leave_vfs(VvContext *context, const char *uuid, GError **error);

/* Starts the domain; where libvirt's hook does not look at its VFs between libvirt's setting them up and the
 * guest's first instruction, this does. */
gboolean vv_context_start_domain(VvContext *context, const VvDomain *domain, GError **error);
