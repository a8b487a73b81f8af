/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* FALSE when there is no such process, or only what is left of it. */
static gboolean read_start(const VvSysfs *sysfs, int pid, guint64 *ret)
{
    char path[32], text[1024], state;

    snprintf(path, sizeof path, "proc/%d/stat", pid);
    if (vv_sysfs_read_into(sysfs, path, text, sizeof text) < 0)
        return FALSE;
    /* The name is in parentheses and may have any character in it, parentheses too. */
    const char *rest = strrchr(text, ')');
    if (!rest ||
        sscanf(
            rest + 1,
            " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" G_GUINT64_FORMAT,
            &state, ret) != 2)
        return FALSE;
    return state != 'Z' && state != 'X';
}

VvProcess vv_process_of(const VvSysfs *sysfs, int pid)
{
    VvProcess process = {.pid = pid};

    if (!read_start(sysfs, pid, &process.started))
        process.pid = 0;
    return process;
}

VvProcess vv_process_self(const VvSysfs *sysfs)
{
    return vv_process_of(sysfs, getpid());
}

gboolean vv_process_alive(const VvSysfs *sysfs, VvProcess process)
{
    guint64 started;

    return process.pid > 0 && read_start(sysfs, process.pid, &started) && started == process.started;
}
