/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The host's service manager, by its D-Bus interface (org.freedesktop.systemd1(5)). libsystemd is loaded when
 * a connection is opened: few domains stop anything, and the hook must start fast. */
typedef struct VvSystemd VvSystemd;

/* VV_ERROR_NOT_READY: this host has no systemd, or no system bus. */
VvSystemd *vv_systemd_open(GError **error);
void vv_systemd_close(VvSystemd *systemd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSystemd, vv_systemd_close)

/* Stops a unit (by any of its names) and waits until its processes have ended, until `deadline` (monotonic
 * microseconds). VV_ERROR_FAILED: it is not stopped then, and systemd goes on trying. */
gboolean vv_systemd_stop(VvSystemd *systemd, const char *unit, gint64 deadline, GError **error);

/* Starts a unit, and waits until it runs. One that takes longer counts as started, because systemd goes on
 * with it; so does one that is refused because the host is being shut down. VV_ERROR_FAILED: it does not
 * start. */
gboolean vv_systemd_start(VvSystemd *systemd, const char *unit, gint64 deadline, GError **error);
