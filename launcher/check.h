/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "vfio/ready/ready.h"

/* What `check` adds to the rows about the host, and how it shows them. */

/* libvirt, memlock, hook; without a guest also firmware. */
void vv_check_libvirt(VvContext *context, const VvReadyHost *ready, gboolean guest, GPtrArray *rows);

/* A domain or a VM file: the reasons of its plan, and what it asks of the host. FALSE: it cannot be read. */
gboolean vv_check_guest(VvContext *context, const VvReadyHost *ready, const char *word, GPtrArray *rows,
                        GError **error);

/* Does no row fail? */
gboolean vv_check_passed(const GPtrArray *rows);

/* As a table, or {"verdict","distribution","boot","checks":[{"id","verdict","evidence","remedy","root"}]}. */
void vv_check_show(const VvContext *context, const VvReadyHost *ready, const GPtrArray *rows);
