/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* Shared by vmfile-resolve.c and vmfile-vf.c, and for a plan of a VM file: which VF a vf = means. */

/* As if no vf = had been resolved yet. */
void vv_vm_forget_vfs(VvVm *vm);

/* One of them; of a PF's pool it becomes the first VF that no other vf = of the VM has. VV_ERROR_USAGE says
 * what is wrong without file and section. */
gboolean vv_vm_resolve_vf(VvVm *vm, VvVmVf *vf, VvHost *host, GError **error);
