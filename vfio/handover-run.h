/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"
#include "vfio/worker.h"

/* Shared by handover-*.c and recover.c only: one run of taking or giving back. */
typedef struct VvRun VvRun;

/* Whether this entry, read again under its group's lock, is still to be given back. */
typedef gboolean (*VvEntryFilter)(VvRun *run, VvEntry *entry, gpointer data);

struct VvRun {
    VvHost *host;
    const VvSysfs *sysfs;
    VvJournal *journal;
    VvPlan *plan;
    VvHandoverOptions options;
    VvProcess self;
    GPtrArray *jobs;     /* VvJob */
    GPtrArray *entries;  /* VvEntry of the jobs */
    gint64 group_closed; /* until when to wait for a guest that has just ended */
    gboolean giving_back;
    GError *error; /* the first thing that went wrong */
};

void vv_run_init(VvRun *run, VvHost *host, VvJournal *journal, VvPlan *plan,
                 const VvHandoverOptions *options);
/* Unlocks, frees, and hands the first error on. TRUE when there was none. */
gboolean vv_run_clear(VvRun *run, GError **error);

/* Keeps the first error; later ones are in the plan's steps. Takes `error`. */
void vv_run_fail(VvRun *run, GError *error);

/* NULL for what is not in the plan; every entry of a run is. */
VvPlanDevice *vv_run_planned(const VvRun *run, VvAddress address);

/* The groups of these devices (VvPlanDevice *) as ints, ascending, each once. */
GArray *vv_run_groups(const GPtrArray *devices);

/* Writes the entry with a new state and note (NULL: none). */
gboolean vv_run_set_state(VvRun *run, VvEntry *entry, VvState state, const char *note, GError **error);

/* The device is where it belongs, or gone: `state` is for the plan ("host", "gone"). */
void vv_run_drop_entry(VvRun *run, const VvEntry *entry, const char *state);

/* Adds the job that gives the device of this entry, which is there, back. Takes the entry. */
void vv_run_add_return(VvRun *run, VvEntry *entry);

/* Resets those devices of the jobs whose domain wants that before they go back. One that could not be reset
 * is quarantined, and its job dropped. */
void vv_run_reset(VvRun *run);

/* Runs the jobs and books what became of each. */
void vv_run_jobs(VvRun *run);

gboolean vv_run_is_gone(const VvRun *run, VvAddress address);

/* Gives the plan's devices back, but those that `filter` (NULL: none) leaves out. */
void vv_run_return(VvRun *run, VvEntryFilter filter, gpointer data);
