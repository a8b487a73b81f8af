/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"

/* Taking and giving back as virt-vfio does it, for programs that only do this, and many times. */
typedef struct {
    VvSysfs *sysfs;
    VvHost *host;
    VvJournal *journal;
    VvPlan *plan; /* of what is taken, or was not */
} Hands;

/* Ends the program outside of the lab: what comes next moves the machine's devices. */
void hands_only_in_the_lab(void);

/* TRUE when all of `addresses` are taken for the owner (its uuid and name). Else *ret_problem (new string)
 * has what virt-vfio would say: every reason of the plan, or the error. */
gboolean hands_take(Hands *hands, char **addresses, const char *owner, const char *name, char **ret_problem);

/* Gives back what was taken. *ret_problem as above. */
gboolean hands_return(Hands *hands, char **ret_problem);

/* Is the device with VFIO, and does the journal say that this owner (a uuid) has it? */
gboolean hands_owns(const Hands *hands, const char *address, const char *owner);

void hands_clear(Hands *hands);
