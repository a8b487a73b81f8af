/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

/* A process that can be told from a later one with the same number. */
typedef struct {
    int pid;         /* 0: none */
    guint64 started; /* clock ticks after boot, field 22 of /proc/PID/stat (proc_pid_stat(5)) */
} VvProcess;

/* The calling process. */
VvProcess vv_process_self(const VvSysfs *sysfs);

/* The process with this number; pid 0 when there is none. */
VvProcess vv_process_of(const VvSysfs *sysfs, int pid);

/* Does it still run? A zombie does not. */
gboolean vv_process_alive(const VvSysfs *sysfs, VvProcess process);
