/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"

/* User hooks: executables of the administrator's that run when devices go to a guest and come back, for what
 * this program does not know: a vendor's reset, CPUs that are kept free, a monitor that is switched.
 *
 * Those of ROOT/etc/virt-vfio/hooks.d/PHASE/ run first, then those of hooks.d/domains/NAME/PHASE/, each in
 * the order of their names' bytes, as PROGRAM DOMAIN PHASE ADDRESS…, with the plan as JSON on standard input.
 * There is no shell in between, and nothing of this program is inherited but a few words of environment. */
typedef enum {
    VV_PHASE_PRE_BIND, /* before devices are taken; may refuse */
    VV_PHASE_POST_BIND,
    VV_PHASE_PRE_START, /* all is taken, and the guest is about to start; may refuse */
    VV_PHASE_POST_START,
    VV_PHASE_PRE_RELEASE, /* the guest is gone; may refuse: then the devices stay on VFIO */
    VV_PHASE_RESET,       /* still on VFIO: before they go home, and before our own reset */
    VV_PHASE_POST_RELEASE,
    VV_PHASES,
} VvPhase;

/* Whose hooks, and how long they may take. All is borrowed. */
typedef struct {
    const VvSysfs *sysfs; /* of the machine whose hooks they are */
    const char *domain;   /* VV_OWNER_MANUAL: devices are moved by hand */
    const char *uuid;     /* NULL: none */
    guint phase_ms;       /* for all hooks of one phase together; 0: each has 10 s */
    gint64 until; /* monotonic microseconds, when all has to be done, hand-over included; 0: no such */
    /* What a hook printed, and what went wrong with one that decides nothing: a line without its end. */
    void (*say)(const char *line, gpointer data);
    gpointer data;
} VvUserHooks;

typedef struct {
    char *path;    /* "/etc/virt-vfio/hooks.d/pre-bind/10-cpus" */
    char *name;    /* "pre-bind/10-cpus" */
    char *problem; /* why it must not be run, and what to do; NULL: it may */
} VvUserHook;

/* All that are there (VvUserHook *, owned by the caller), phase by phase, for everybody and then for each
 * domain. A folder that is not root's alone is listed as one, with its problem. */
GPtrArray *vv_user_hooks_list(const VvSysfs *sysfs);

/* "pre-bind". */
const char *vv_phase_name(VvPhase phase);

/* Runs the hooks of a phase. FALSE, with an error that names the hook, only for a phase that may refuse: the
 * first hook that ends with another exit code than 0, by a signal or by its deadline keeps the rest from
 * running, and one that others than root could have changed keeps all of them. VV_ERROR_REFUSED from
 * pre-bind, when nothing has changed yet, else VV_ERROR_FAILED. In other phases all run, and failures are
 * said. A hook that hangs in the kernel is left behind. */
gboolean vv_user_hooks_run(const VvUserHooks *hooks, VvPhase phase, const VvPlan *plan, GError **error);

/* vv_handover_take() between the hooks of pre-bind and post-bind. With nothing left to take, no hook runs.
 * When one refuses or the taking fails, those of post-release run: whatever pre-bind did can be undone there.
 */
gboolean vv_hooked_take(const VvUserHooks *hooks, VvHost *host, VvJournal *journal, VvPlan *plan,
                        const VvHandoverOptions *options, GError **error);

/* vv_handover_return() between the hooks of pre-release and reset, and of post-release. When one of
 * pre-release refuses, the devices are quarantined and not `taken`, because recovery gives back on its own
 * what is taken for a guest that has ended. */
gboolean vv_hooked_return(const VvUserHooks *hooks, VvHost *host, VvJournal *journal, VvPlan *plan,
                          const VvHandoverOptions *options, GError **error);
