/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* How a worker is told what to do next: a number, and a descriptor that it holds while it works. */

/* Sends both through a stream socket of the Unix domain (unix(7), SCM_RIGHTS); the receiver gets a copy of
 * the descriptor (-1: none). FALSE when the other end is gone. */
gboolean vv_order_send(int socket, guint number, int fd);

/* Waits for one. *ret_fd belongs to the caller; -1: none came along. FALSE when the other end has closed. */
gboolean vv_order_receive(int socket, guint *ret_number, int *ret_fd);
