/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/report.h"

/* {"date","host":{…},"notes":[],"devices":[{… as in `list --json`, "slot","label","index","link","serial",
 * "mac","dsn","parent","physfn","used_by":[],"rom_backup"}],"groups":[…],"domains":[{"name","uuid","state",
 * "devices":[]}]}. Fields may be added, never renamed. New string, with a newline at its end. */
char *vv_report_json(const VvReport *report);
