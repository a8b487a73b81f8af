/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"

/* Asks every running guest for which devices are taken to shut down, all at once, waits `seconds` at most for
 * all of them, then pulls the plug of those that are left if `force`, and gives back the devices of all that
 * are off. An exit code; VV_ERROR_FAILED with an error that names the guests that still run. */
int vv_stop_all(VvContext *context, int seconds, gboolean force, GError **error);
