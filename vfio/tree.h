/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/host.h"

/* Which function sits behind which: the kernel's device tree (drivers/pci/probe.c registers each function
 * below the bridge of its bus, and root buses as "pciSEGMENT:BUS"). A root bus need not be at the top: those
 * of a VMD controller are below its own function. Virtual functions stand beside their physical one. */
typedef struct VvTreeNode VvTreeNode;
struct VvTreeNode {
    VvDevice *device;    /* owned by the host; NULL: a root bus */
    char *bus;           /* of a root bus: "0000:00"; NULL: a function */
    VvTreeNode *parent;  /* NULL: at the top */
    GPtrArray *children; /* VvTreeNode: functions and root buses, ascending */
};

typedef struct {
    GPtrArray *roots; /* VvTreeNode: root buses, ascending */
    GHashTable *nodes;
} VvTree;

/* Every function of the host is in it once. One that was recorded without its place is on a root bus of its
 * bus number. The host must outlive the tree. */
VvTree *vv_tree_read(const VvHost *host);
void vv_tree_free(VvTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvTree, vv_tree_free)

/* NULL for a function that the host does not have. */
const VvTreeNode *vv_tree_find(const VvTree *tree, VvAddress address);

/* The nearest function above, a bridge in most cases: NULL on a root bus of the machine. */
const VvTreeNode *vv_tree_above(const VvTreeNode *node);
