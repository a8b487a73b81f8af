/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* Which systemd unit a process belongs to. Told from its control group and from logind's files, so that it
 * needs no bus and works on a recorded machine. */

/* "NAME.service" with systemd's own letters (systemd.unit(5)): nothing that a bus or a terminal could take
 * for something else. */
gboolean vv_unit_is_service(const char *name);

/* The unit of the system's manager: "nvidia-persistenced.service", "session-2.scope", "user@1000.service".
 * New string; NULL: it has none, or that cannot be read. */
char *vv_unit_of_process(const VvSysfs *sysfs, int pid);

/* Does the display manager, or a session that it opened, have the unit's processes? They end with it, or
 * shortly after: its own unit, by the name it has and by the alias display-manager.service; the scopes of
 * graphical sessions and their users' managers; and, while there is such a session, logind and init, which
 * keep the session's devices open for it (sd_pid_notify_with_fds(3), TakeDevice() of
 * org.freedesktop.login1(5)). */
gboolean vv_unit_is_of_display(const VvSysfs *sysfs, const char *unit);

/* What `display-manager = stop` stops. */
#define VV_DISPLAY_MANAGER "display-manager.service"
