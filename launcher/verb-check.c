/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/check.h"
#include "vfio/error.h"

#include <unistd.h>

int vv_verb_check(VvContext *context, char **words, GError **error)
{
    VvSysfs *sysfs = vv_context_sysfs(context, error);
    if (!sysfs)
        return VV_ERROR_NOT_READY;

    g_autoptr(VvTopology) topology = vv_topology_read(sysfs);
    g_autoptr(VvBootStack) stack = vv_boot_detect(sysfs);
    const VvReadyHost ready = {.sysfs = sysfs,
                               .host = vv_context_host(context, NULL),
                               .topology = topology,
                               .stack = stack,
                               .is_root = geteuid() == 0};
    g_autoptr(GPtrArray) rows = vv_ready_check(&ready);

    vv_ready_advice(&ready, rows);
    vv_check_libvirt(context, &ready, words[0] != NULL, rows);
    gboolean known = !words[0] || vv_check_guest(context, &ready, words[0], rows, error);
    /* A guest that cannot be read because of what the host lacks: the rows say what that is. */
    if (!known && !g_error_matches(*error, VV_ERROR, VV_ERROR_NOT_READY))
        return VV_ERROR_FAILED;
    vv_check_show(context, &ready, rows);
    return known && vv_check_passed(rows) ? 0 : VV_ERROR_NOT_READY;
}
