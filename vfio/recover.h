/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"

/* Brings back what a program left behind that was killed, crashed or gave up, from the journal and from what
 * sysfs shows. May be killed itself at any point, and be run as often as one likes. */
typedef enum {
    VV_RECOVER_LEAVE,  /* it is where it belongs, or nobody can do anything now */
    VV_RECOVER_RETURN, /* to the driver that it came from */
    VV_RECOVER_FORGET, /* there is nothing left to give back */
    VV_RECOVER_FINISH, /* it was taken in full; only the journal does not say so yet */
} VvRecoverAction;

typedef struct {
    VvEntry *entry;
    VvRecoverAction action;
    char *why; /* "the virt-vfio that was taking it is gone" */
} VvRecovery;

/* Does the owner of a taken device still want it? Asked only of entries whose program is gone and whose group
 * nobody holds. NULL: nobody can say, and then it does not. */
typedef gboolean (*VvOwnerAlive)(const VvEntry *entry, gpointer data);

typedef struct {
    VvOwnerAlive owner_alive;
    gpointer data;
    gboolean retry; /* try again what failed before and was reported, not only what was interrupted */
} VvRecoverOptions;

/* What would be done with each entry of the journal (VvRecovery *), by ascending address. Changes nothing. An
 * error is a journal that cannot be read. */
GPtrArray *vv_recover_look(const VvHost *host, const VvJournal *journal, const VvRecoverOptions *options,
                           GError **error);

/* Does it. The rule is applied again under each group's lock: the worker of a program that was killed holds
 * on to that until it ends. *ret_plan (may be NULL) has the devices that were given back or forgotten, with
 * their states. An error names the first device that did not come back. */
gboolean vv_recover(VvHost *host, VvJournal *journal, const VvRecoverOptions *options,
                    const VvHandoverOptions *handover, VvPlan **ret_plan, GError **error);
