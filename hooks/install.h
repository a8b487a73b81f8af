/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* Where libvirt looks for hooks, and whether it will run ours. The hook is a link to the installed program,
 * so that an update of the program is one of the hook. */
#define VV_HOOK_LINK "etc/libvirt/hooks/qemu.d/virt-vfio"

typedef enum {
    VV_HOOK_NO_DAEMON, /* nobody to see it; the next one will */
    VV_HOOK_SEEN,
    VV_HOOK_NOT_SEEN, /* libvirt looks for hooks once, when it starts (src/util/virhook.c) */
} VvHookSeen;

typedef struct {
    char *link;       /* the link's path, below the root */
    char *target;     /* where it leads; NULL: there is none */
    gboolean foreign; /* something else is in its place */
    char *version;    /* of the hook program that the link leads to; NULL: not installed, or none of ours */
    VvHookSeen seen;
    GPtrArray
        *others;    /* char *: other hooks, in the order in which libvirt runs them; ours runs between them */
    char *confined; /* why the daemon may not run it, a sentence with what to do; NULL: it may */
} VvHookStatus;

/* Looks below `root` (NULL: "/"). Never NULL. */
VvHookStatus *vv_hook_status(const char *root, const VvSysfs *sysfs);
void vv_hook_status_free(VvHookStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvHookStatus, vv_hook_status_free)

/* Will libvirt call our hook, in this version, at the next start of a domain? */
gboolean vv_hook_is_live(const VvHookStatus *status);

/* Makes the link, and what folders it needs. Doing it twice is a success. VV_ERROR_FAILED: something else is
 * in its place, or the program is not where the link would lead. */
gboolean vv_hook_install(const char *root, GError **error);

/* Removes it; what is not ours stays, with an error. Removing what is not there is a success. */
gboolean vv_hook_remove(const char *root, GError **error);
