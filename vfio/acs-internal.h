/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/acs.h"

/* What acs-group.c and acs-help.c share. */

/* The bridge above; NULL on a root bus. */
const VvDevice *vv_acs_above(const VvHost *host, const VvDevice *device);
/* A PCI-to-PCI bridge: root ports and ports of switches among them. */
gboolean vv_acs_is_bridge(const VvDevice *device);
/* Would somebody miss it? */
gboolean vv_acs_counts(const VvDevice *device);

/* Fills view->help from the rest. */
void vv_acs_add_help(VvHost *host, VvGroupView *view);
