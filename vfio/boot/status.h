/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/ledger.h"

/* What of a ledger is still so. Needs no root where the files are open to all. */

/* Static. Of a file: "in place", "edited" (our words are in it still), "lost" (they are not), "removed",
 * "unreadable"; "pending" before it was written. Of a command: "pending", "started", "done". "undone" of
 * both. A step whose file a later step changed again is as that one. */
const char *vv_setup_step_state(const VvSysfs *sysfs, const VvLedger *ledger, const VvLedgerStep *entry);

typedef enum { VV_BOOTED_UNKNOWN, VV_BOOTED_BEFORE, VV_BOOTED_SINCE } VvBooted;

/* Did this system boot since the last apply? By the kernel's boot_id; where that is not known, by btime of
 * /proc/stat. */
VvBooted vv_setup_booted(const VvSysfs *sysfs, const VvLedger *ledger);

/* Of the arguments, those that the running kernel was not started with. NULL-terminated, owned by the caller;
 * NULL where /proc/cmdline cannot be read. */
char **vv_setup_not_running(const VvSysfs *sysfs, const char *const *arguments);
