/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/domxml.h"
#include "launcher/command.h"

/* From a VM file to the domain that would be defined of it here. */

/* The VM file, with what --set and --name say (vv_vm_options). */
VvVm *vv_load_vm(const char *path, GError **error);

/* Decides what this libvirt, this host and the other domains decide: `connection` NULL is "libvirt was not
 * asked", `here` FALSE "the devices are not of this host". VV_ERROR_NOT_READY where the file insists on what
 * this host cannot do. `stored` (may be NULL) is the domain as it is now: what the file leaves open of it
 * stays (domains/keep.h). Notes go to standard error. */
VvTuning *vv_tune(VvContext *context, VvConnection *connection, VvVm *vm, gboolean here, const char *stored,
                  GError **error);
