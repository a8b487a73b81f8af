/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Files that must be there after a crash, whole or not at all. Each step is one of the seam's. */

/* Behind the name of a file that is being written. */
#define VV_DURABLE_TEMPORARY ".new"

/* Replaces the file atomically, creating its folder, and has it on disk when it returns (fsync of file and
 * folder). FALSE with errno; then nothing has changed. */
gboolean vv_durable_write(const char *path, const char *text, gsize length);

/* Removes it, and what a writer that died left beside it. What is not there is a success. */
gboolean vv_durable_remove(const char *path);
