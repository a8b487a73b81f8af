/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "vfio/sriov.h"
#include "vfio/vf-settings.h"

#include <json-c/json.h>

/* What the verbs of `sriov` share. */

/* How long the kernel may take to answer about settings. */
#define VV_SRIOV_ASK_MS 10000

/* How long to wait for whoever is at a VF: as a hand-over does (vfio/handover.h). */
#define VV_SRIOV_LOCK_MS 5000

/* The PF that the word names, with all that is known of its VFs. */
VvPf *vv_context_pf(VvContext *context, const char *word, GError **error);

/* All PFs of the host (VvPf), likewise. libvirt is asked only where somebody has a VF that the journal does
 * not know: loading it takes longer than all the rest. */
GPtrArray *vv_context_pfs(VvContext *context, GError **error);

/* Settings of its VFs; NULL, without an error, where it has none to tell: it is no NIC, it has no interface
 * here, or the machine is a recorded one. */
GArray *vv_context_vf_infos(VvContext *context, const VvPf *pf, GError **error);

/* Adds "mac", "vlan" and the like to `object`: null for what the driver does not tell. */
void vv_json_vf_settings(json_object *object, const VvVfSettings *settings);

/* Namespaces as in VvNvmeSecondary: an array of numbers, or null; "namespaces 1,3", "no namespace", "" where
 * the drive does not tell (new string). */
json_object *vv_json_namespaces(const char *list);
char *vv_namespaces_text(const char *list);

/* Has an NVMe drive's VF show these (vv_nvme_set_namespaces()), and prints what it did; with --dry-run only
 * looks. */
gboolean vv_sriov_namespaces(VvContext *context, const VvPf *pf, const VvVf *vf, const char *wanted,
                             GError **error);
