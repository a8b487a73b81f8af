/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

/* The ways in which one function can be reset, and whom each of them reaches. */
typedef enum {
    VV_RESET_KERNEL, /* `reset`, by one of the kernel's methods (drivers/pci/pci.c, pci_reset_fn_methods) */
    VV_RESET_HOT,    /* VFIO's hot reset of the whole bus, with the groups of all on it */
    VV_RESET_SUBORDINATE, /* `reset_subordinate` of the bridge above (6.13; 6.1 and 6.12 stable have it too)
                           */
    VV_RESET_SLOT,        /* the slot's power off and on (drivers/pci/hotplug) */
    VV_RESET_RESCAN,      /* the functions of the slot removed from the kernel, and found again */
} VvResetKind;

typedef struct {
    char *name; /* "flr" …, "hot_reset", "reset_subordinate", "slot_power", "remove_rescan"; "unknown" before
                   5.15, where the kernel does not say which it takes */
    VvResetKind kind;
    GPtrArray *reaches; /* the other functions (VvDevice *, owned by the host) that go through it */
    char *unfit;        /* why it cannot be, or should not be, used now; NULL: it can */
    gboolean refused;   /* …and not even when it is asked for by name */
    gboolean consent;   /* it takes the device away from the kernel for a moment: only where agreed to */
    char *path;         /* the bridge's folder, or the slot's; NULL for the kernel's own methods */
} VvResetMethod;

/* All that `device`, one of the host's, has (VvResetMethod *): in the order in which they are to be tried. A
 * method of the vendor comes first; then what resets the function alone; then what resets its bus, and VFIO's
 * before the bridge's, because VFIO proves that nobody else uses what is on it. Reads only. */
GPtrArray *vv_reset_methods(VvHost *host, VvDevice *device);

/* NULL when the device does not have it. */
const VvResetMethod *vv_reset_method_find(const GPtrArray *methods, const char *name);

/* Of all that there are, those of the kernel's reset_method first; NULL at the end. */
extern const char *const vv_reset_method_names[];

/* Is this the name of any method at all? */
gboolean vv_reset_method_known(const char *name);

/* TRUE for "auto", "none", or names of methods with blanks between: a domain's policy. */
gboolean vv_reset_policy_valid(const char *policy);
