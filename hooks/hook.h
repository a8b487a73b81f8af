/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/handover.h"

/* libvirt's qemu hook: the devices of a domain are taken before it starts and given back when it has stopped,
 * whoever starts and stops it (https://libvirt.org/hooks.html).
 *
 * Two programs. virt-vfio-hook (front.c), which libvirt calls, reads the domain's XML and leaves all domains
 * alone that are not ours before it loads a single library; for ours it becomes virt-vfio-hook-run (run.c),
 * by exec and not by fork, because libvirt waits for whoever holds the ends of its pipes. */

/* /etc/virt-vfio/virt-vfio.conf. */
typedef struct {
    gboolean all; /* [hook] domains = all: every domain with PCI devices, not only those with our metadata */
} VvHookConfig;

/* Reads ROOT/etc/virt-vfio/virt-vfio.conf; none is as good as an empty one. VV_ERROR_USAGE names file and
 * line. */
gboolean vv_hook_config_load(const char *root, VvHookConfig *config, GError **error);

/* One call of libvirt's. */
typedef struct {
    const char *operation; /* "prepare", "started", "release", … */
    const char *xml;       /* of the domain, from a hostile place */
    gsize length;
    gint64 until; /* monotonic microseconds when it has to be done; 0: whenever */
} VvHookCall;

/* The host as it is for a call: a card that an interrupted reset has taken away from the kernel is back. */
VvHost *vv_hook_scan(VvSysfs *sysfs, VvJournal *journal, GError **error);

/* Does what the call asks of us: `prepare` plans and takes, `started` is for user hooks (hooks/userhook.h),
 * `start` has the settings of VFs as they are wanted, `release` gives back, all else is not for us.
 * What there is to say goes to `words`, which libvirt shows to whoever started the domain. The exit code: not
 * 0 from `prepare` or `start` keeps the domain from starting, so no other call ever gives one. */
int vv_hook_handle(VvHost *host, VvJournal *journal, const VvHookConfig *config, const VvHookCall *call,
                   GString *words);
