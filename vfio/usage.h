/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"
#include "vfio/reason.h"

/* What the host would lose with a function: disks, network, display, input, and whatever a process holds
 * open. Looks only; changes nothing. What it needs of the whole machine (mounts of all mount namespaces,
 * swap, routes, open files) is read once, on the first question that needs it. */
typedef struct VvUsage VvUsage;

/* The host must outlive it. */
VvUsage *vv_usage_new(const VvHost *host);
void vv_usage_free(VvUsage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvUsage, vv_usage_free)

/* Which functions (VvDevice *) go together, when more than one does: "another" screen, keyboard or TPM must
 * not be on one of these. The array must outlive the usage. */
void vv_usage_set_leaving(VvUsage *usage, const GPtrArray *devices);

/* Appends a reason (VvReason *) for each use that the host makes of `device` right now, or would lose with
 * it. A device on a VFIO driver has none: the host gave it away already. */
void vv_usage_check(VvUsage *usage, const VvDevice *device, GPtrArray *reasons);

/* The same for several devices (VvDevice *), asked by a disposable child: opening a disk, or the network's
 * lock in the kernel, blocks for ever behind a driver that hangs. With no answer after `deadline_ms` each
 * device gets the reason "stuck", which blocks, because what cannot be known is not free. */
void vv_usage_collect(VvUsage *usage, const GPtrArray *devices, guint deadline_ms, GPtrArray *reasons);

/* Who holds the group's device node (/dev/vfio/N) open: "qemu-system-x86 (pid 812)". New string; NULL when
 * nobody does, or only root may know. */
char *vv_usage_group_user(VvUsage *usage, int group);
