/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* What a VM that is defined again keeps of the domain it was, where its file says nothing: the uuid, the
 * machine type's version, the MACs that libvirt made for its networks, and which VF of a pool it had.
 * Otherwise the guest would find new hardware, and a Windows guest would want to be activated again. `stored`
 * is the domain's XML as libvirt has it; nothing is kept of one that cannot be read. */
void vv_vm_keep(VvVm *vm, const char *stored);
