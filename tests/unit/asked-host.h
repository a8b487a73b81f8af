/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "usage-machine.h"
#include "vfio/usage-network.h"

/* The fake machine as if it were the running one: what only a kernel can answer (which device a node is, who
 * claims a disk, what netlink says) is answered from here. */
typedef struct {
    const char *path; /* "/dev/sda", as a link under proc/PID/fd or a path names it */
    gboolean is_block;
    guint major, minor;
} AskedNode;

typedef struct {
    const AskedNode *nodes; /* ends with a NULL path */
    const char *busy_path;  /* "dev/nvme0n1": open with O_EXCL says EBUSY */
    gboolean netlink_answers;
    const VvRoute *defaults, *addresses; /* end with a NULL interface */
    const VvForeignLink *foreign;        /* ends with a NULL name */
    const char *kind;                    /* of every interface; NULL: none */
    int console_framebuffer;             /* -1: the ioctl fails */
    const char *child_says;              /* NULL: a child is really asked */
} Asked;

extern Asked asked;

/* vv_group_in_use() without the fake host's replacement. */
gboolean asked_group_in_use(const VvSysfs *sysfs, int group);

/* Everything unanswered, and the machine is a recorded one again. */
void asked_reset(void);
/* From here on the machine passes for the running one. */
void asked_go_live(FakeHost *fake);
