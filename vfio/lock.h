/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Opens (and creates, 0600) a file and locks it for this process and those forked from it (flock(2)). Waits
 * until `deadline` (monotonic microseconds). Returns the descriptor, or -1 with errno: EWOULDBLOCK when
 * somebody else still has it. */
int vv_lock_file(const char *path, gint64 deadline);
