/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domplan.h"
#include "launcher/command.h"

/* What several verbs do with devices: plan, show, take, give back. */

/* All words as selectors: an array of VvSelector, or NULL with VV_ERROR_USAGE. */
GArray *vv_parse_selectors(char **words, GError **error);

/* Checks the codes given with --allow. NULL (nothing given) is right. */
gboolean vv_check_allow(char **allow, GError **error);

/* Domains that libvirt runs and that list PCI devices, but `except` (a uuid; NULL: none): VvClaim. Empty
 * where libvirt does not answer; a device in a running guest is then still seen by its open group. */
GPtrArray *vv_collect_claims(VvContext *context, const char *except);

/* The same for a domain of this uuid and name, and what the other domains, on or off, name (VvVfWish *). */
void vv_collect_others(VvContext *context, const VvDomain *except, GPtrArray **ret_claims,
                       GPtrArray **ret_wishes);

/* What changes a domain's stored XML: the XML anew, NULL without an error where nothing is to be changed. */
typedef char *(*VvXmlChange)(const char *xml, gsize length, gpointer data, GError **error);

/* Defines the domain (name or uuid) again with what `change` makes of its XML. */
gboolean vv_context_change_domain(VvContext *context, const char *domain, VvXmlChange change, gpointer data,
                                  GError **error);

/* The domain by name or uuid, from libvirt. */
VvDomain *vv_context_domain(VvContext *context, const char *name, GError **error);

/* The plan to take a domain's devices: its policy and `allow` (may be NULL) lift reasons. */
VvPlan *vv_domain_plan(VvContext *context, const VvDomain *domain, char **allow, GError **error);

/* The function at the address that `word` is; VV_ERROR_REFUSED where there is none. */
VvDevice *vv_context_device(VvContext *context, const char *word, GError **error);

/* Who has it: "domain win11", "manual". New string. */
char *vv_owner_text(const VvEntry *entry);

/* Prints the plan as text or JSON where the verb's result goes. */
void vv_show_plan(VvContext *context, const VvPlan *plan, const char *title);

/* Gives these entries back with progress. The plan (for JSON) goes to *ret_plan if wanted. */
gboolean vv_give_back(VvContext *context, const GPtrArray *entries, VvPlan **ret_plan, GError **error);

/* Resets each device of a plan that was taken just now, by its policy's first method or by the best it has;
 * those that go through the reset of another one, once. What fails is quarantined, and the others stay taken.
 */
gboolean vv_reset_taken(VvContext *context, const VvPlan *plan, GError **error);
