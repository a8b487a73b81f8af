/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/driver.h"
#include "vfio/reset-method.h"
#include "vfio/reset-note.h"

#include <sys/types.h>

/* One reset by one method, in a disposable child: every write here may block for as long as the device, or a
 * driver that has to let go of it, likes. */
typedef struct {
    const VvSysfs *sysfs;
    const VvDevice *device;
    const VvResetMethod *method;
    const VvResetNote *note;  /* what has to be put in order afterwards; NULL: nothing */
    const GPtrArray *changes; /* VvChange *: who goes back to VFIO when it has come back; NULL: nobody */
    int lock_fd;              /* of the device's group, for a child that outlives this program; -1: none */
    guint deadline_ms;
} VvResetOrder;

typedef struct {
    int error;       /* errno of the first thing that failed; 0: the reset was made */
    gboolean dead;   /* afterwards one of them does not answer, or is not there any more */
    char *trouble;   /* which and how, for people; NULL: nothing */
    gboolean wedged; /* the child hangs in the kernel and was left behind */
    pid_t worker;    /* wedged: the child */
    char *evidence;  /* wedged: where it hangs */
} VvResetOutcome;

/* Does it, looks at all that were reached, and puts in order what the note says. */
void vv_reset_in_child(const VvResetOrder *order, VvResetOutcome *ret_outcome);
void vv_reset_outcome_clear(VvResetOutcome *outcome);

/* Only puts in order what an interrupted reset left. FALSE when the kernel has not done it after
 * `deadline_ms`. */
gboolean vv_reset_finish_in_child(const VvSysfs *sysfs, const VvResetNote *note, guint deadline_ms);

/* For children only, because every write may block: what the two above do in one. Returns 0 or the first
 * errno; `trouble` gets who does not answer afterwards. */
int vv_reset_do(const VvResetOrder *order, GString *trouble);
/* May be done again and again: each step looks whether it is still wanted. Returns 0 or the first errno. */
int vv_reset_finish(const VvSysfs *sysfs, const VvResetNote *note);

/* VFIO_DEVICE_PCI_HOT_RESET (include/uapi/linux/vfio.h) with the groups of `devices` (const VvDevice *), the
 * first of which is the one that asks. They must all be with VFIO. Returns 0 or an errno; EBUSY when somebody
 * has one of the groups open. For children only. */
int vv_reset_hot(const VvSysfs *sysfs, const GPtrArray *devices);
