/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/plan.h"

/* Units that hold a device open are stopped before it is taken, where the domain's owner agreed to that
 * (domains/domplan-services.h), and started again when nothing is taken for that domain any more:
 *
 * Taking:      note (synced) -> stop, in order -> plan again -> hand-over
 * Giving back: hand-over -> nothing left in the journal for the owner -> start, in reverse -> note removed */
typedef struct {
    guint stop_ms;  /* for all stops, and for what they free; 0: 30000 */
    guint start_ms; /* how long to wait for each start; 0: 10000 */
    gboolean retry; /* start also what did not start before, and was told */
    void (*progress)(const char *what, gint64 us, gboolean failed, gpointer data); /* may be NULL */
    gpointer data;
} VvServicesOptions;

/* Makes the plan anew: what was stopped holds nothing then. */
typedef VvPlan *(*VvPlanAgain)(gpointer data, GError **error);

/* Stops what the plan says, waits until nothing of it holds a device any more (sessions end a while after
 * their display manager), and puts the plan of `again` into *plan, with a step for each stop. A plan without
 * such a step is left as it is. On failure all is started again: VV_ERROR_FAILED, a unit did not stop;
 * VV_ERROR_REFUSED, a device is held still, or something else came in the way. */
gboolean vv_services_stop(const VvSysfs *sysfs, VvJournal *journal, VvPlan **plan, VvPlanAgain again,
                          gpointer data, const VvServicesOptions *options, GError **error);

/* Starts again what was stopped for owners for whom nothing is taken any more and whose program is gone, or
 * is this one. A device in quarantine does not count as taken: it may stay there for good. The first error;
 * the others are started all the same. */
gboolean vv_services_settle(const VvSysfs *sysfs, VvJournal *journal, const VvServicesOptions *options,
                            GError **error);
