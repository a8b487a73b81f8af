/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/sysfs.h"

#include <sys/types.h>

/* A forked child for what may block in the kernel for ever: then the child is lost, not the program. It dies
 * with the program (PR_SET_PDEATHSIG), and keeps no descriptor but the one it writes to and those it is
 * given, because one that is left behind would keep a lock or somebody's pipe for ever. */
typedef struct {
    pid_t pid;       /* 0: there is none */
    int fd;          /* a stream socket to the child; it closes when the child ends */
    gint64 deadline; /* monotonic microseconds; the caller may move it */
    gboolean slow;   /* killed, and given more time to end */
} VvChild;

/* Runs in the child, which ends when it returns. */
typedef void (*VvChildFn)(int fd, gpointer data);

/* `keep` (up to two descriptors, -1: none) stay open in the child. Returns 0 or the errno of socketpair or
 * fork. */
int vv_child_start(VvChild *child, VvChildFn work, gpointer data, const int keep[2], guint deadline_ms);

/* SIGKILL, and a new deadline, after which vv_child_may_end() says whether to wait on. */
void vv_child_kill(VvChild *child);

/* Of a child that was killed and has not ended by its deadline: TRUE, with a later deadline, when it is only
 * slow; FALSE when it waits in the kernel and does not hear the signal, or has had time enough. */
gboolean vv_child_may_end(const VvSysfs *sysfs, VvChild *child);

/* Collects a child that has said all it had to say, or whose descriptor has closed. */
void vv_child_reap(VvChild *child);

/* Leaves it behind, for init to collect one day: it has not even heard SIGKILL. */
void vv_child_abandon(VvChild *child);

/* Where in the kernel a process is: "process 812 waits in msleep; kernel stack: …". New string. */
char *vv_child_evidence(const VvSysfs *sysfs, pid_t pid);

/* Appends what it says until it ends; kills it when its time is over (*ret_late). FALSE: it hangs even then,
 * and is for the caller to abandon. */
gboolean vv_child_hear(const VvSysfs *sysfs, VvChild *child, GString *text, gboolean *ret_late);

/* Runs in the child: appends its answer to `text`. */
typedef void (*VvAnswerFn)(GString *text, gpointer data);

/* Asks a child and takes what it says. FALSE when there is no answer after `deadline_ms`, or when it died. */
gboolean vv_child_ask(const VvSysfs *sysfs, VvAnswerFn answer, gpointer data, guint deadline_ms,
                      GString *text);
