/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* Shared by vmfile-resolve.c and vmfile-vf.c, and for a plan of a VM file: which VF a vf = means. */

/* As if no vf = had been resolved yet, but for those that name one VF: a pool must not give those out. What
 * is wrong with one is said when it is resolved. */
void vv_vm_begin_vfs(VvVm *vm, VvHost *host);

/* Gives a pool's VF another address, and the one it had to whoever has that, if it is of a pool too. */
void vv_vm_move_vf(VvVm *vm, VvVmVf *vf, VvAddress to);

/* One of them, if it is not resolved yet; of a PF's pool it becomes the first VF that no other vf = of the VM
 * has. VV_ERROR_USAGE says what is wrong without file and section. */
gboolean vv_vm_resolve_vf(VvVm *vm, VvVmVf *vf, VvHost *host, GError **error);
