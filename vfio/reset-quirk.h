/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/device.h"

/* What is known against methods of reset on certain devices. The kernel has most of it in
 * drivers/pci/quirks.c and then does not offer the method; but it learned each rule at some version, and this
 * program also runs on those before. */
typedef struct {
    guint16 vendor, device, mask; /* (device id & mask) == device */
    guint32 class_code, class_mask;
    const char
        *method; /* "flr" …; "bus" stands for every reset of the bus; NULL: about the device as a whole */
    const char *why; /* follows an address in a sentence */
    const char *source;
    guint settle_ms; /* not against the method, but wait so long after it before the device is touched */
} VvResetQuirk;

/* The rule against this method on this device; NULL: none. */
const VvResetQuirk *vv_reset_quirk_against(const VvDevice *device, const char *method);

/* How long the device wants to be left alone after this method, in milliseconds; 0 for most. */
guint vv_reset_quirk_settle_ms(const VvDevice *device, const char *method);

/* What one should know of the device whatever the method; NULL: nothing. */
const VvResetQuirk *vv_reset_quirk_note(const VvDevice *device);

/* The whole table, `*ret_count` rows. */
const VvResetQuirk *vv_reset_quirks(gsize *ret_count);
