/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/userhook.h"

/* Shared by userhook*.c only. */

/* The hooks of one phase in the order in which they run (VvUserHook *, owned by the caller), and a folder
 * that is not root's alone as one with a problem. */
GPtrArray *vv_user_hooks_find(const VvSysfs *sysfs, const char *domain, const char *phase);

/* One run of a program. */
typedef struct {
    char *const *arguments; /* the first is the path */
    char *const *environment;
    const char *input; /* on standard input, whole at once */
    guint ms;          /* after that its process group gets SIGTERM, and half a second later SIGKILL */
} VvUserProgram;

/* Runs it and waits; what it printed goes to `output`, up to 64 KiB. Whoever it left running keeps nobody
 * waiting. NULL when it ended with 0, or what went wrong: new string, "exit code 3". */
char *vv_user_program_run(const VvSysfs *sysfs, const VvUserProgram *program, GString *output);
