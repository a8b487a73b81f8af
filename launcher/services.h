/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domread.h"
#include "launcher/command.h"

#include <json-c/json.h>

/* Units that are stopped while a guest has the devices they hold (hooks/services.h), as verbs need it. */

/* Before a domain's devices are taken by *plan: stops what the plan says, with progress, and plans again;
 * `allow` as for the plan. */
gboolean vv_context_stop_services(VvContext *context, const VvDomain *domain, char **allow, VvPlan **plan,
                                  GError **error);

/* Starts again what is stopped for nobody any more; with `retry` also what did not start before. Tells of a
 * failure on standard error. FALSE: something that has to run does not. */
gboolean vv_context_start_services(VvContext *context, gboolean retry);

/* What is stopped, and for whom, one line each. Returns how many. */
guint vv_context_tell_services(VvContext *context);

/* The same as an array of {"owner","owner_name","units":[],"failed"}. */
json_object *vv_json_services(VvContext *context);
