/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/ledger.h"

#define LEDGER VV_LEDGER_FOLDER "/ledger"
/* Only root may look into it: what is kept there may have been closed to others. */
#define BACKUPS VV_LEDGER_FOLDER "/backups"

/* Where a path of the system below the root is for this program: new string. */
char *vv_ledger_real_path(const VvSysfs *sysfs, const char *path);
