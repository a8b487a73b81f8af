/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* teaming =: a VF and an emulated card that the guest's net_failover makes one of, by their MAC: the emulated
 * one stays when the VF is taken away, for a migration (Documentation/networking/net_failover.rst in Linux,
 * <teaming> in libvirt's formatdomain). */

/* The emulated card that stands in for this VF; NULL: none. */
VvVmNetwork *vv_vm_team_partner(const VvVm *vm, const VvVmNetwork *vf);

/* The VF that this emulated card stands in for; NULL: none. */
const VvVmNetwork *vv_vm_team_vf(const VvVm *vm, const VvVmNetwork *emulated);

/* Both of each team get the MAC that one of them has; where neither has one, it is made, in QEMU's range
 * 52:54:00. To be called after vv_vm_keep(), which knows those that the domain has. */
void vv_vm_share_macs(VvVm *vm);
