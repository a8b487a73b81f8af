/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/usage-network.h"

#include <sys/types.h>

/* A user and network namespace of the test's own: nothing of the machine is touched, and no right on it is
 * needed. In it v0 (10.9.0.1/24, 2001:db8::1/64) with four default routes, one of them IPv6 and two of table
 * 100 (and one of table 200 that leads nowhere), and mv, a macvlan on v0. FALSE where such namespaces cannot
 * be made. */
gboolean own_network_make(void);

/* A usage that asks the kernel; without a host. */
VvUsage *own_network_usage(void);
void own_network_usage_free(VvUsage *usage);

/* A process that holds a device node open, and its child, in a network namespace of their own, which go with
 * the test. -1: not possible here. */
pid_t own_network_start_container(const char *node);
void own_network_stop_container(pid_t pid);
