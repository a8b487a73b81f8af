/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/address.h"
#include "vfio/sysfs.h"

/* Which VF of which PF a function is: "0000:06:00.0/3", new string; NULL: it is no VF. */
char *vv_vf_place(const VvSysfs *sysfs, VvAddress vf);

/* A VF is gone: what became of its PF, as the end of a sentence: "0000:06:00.0, whose virtual function it
 * was, has 2 of them now". `place` is from vv_vf_place(), when it was there, or the PF's address. New string.
 */
char *vv_vf_lost(const VvSysfs *sysfs, const char *place);

/* What to do about that: "'virt-vfio sriov set 0000:06:00.0 --vfs N' makes them again", new string. */
char *vv_vf_lost_remedy(const VvSysfs *sysfs, const char *place);

/* A taken VF that its PF is about to lose: its driver link is gone (drivers/base/dd.c,
 * __device_release_driver), but the kernel waits until nobody has it open (vfio_unregister_group_dev). The
 * end of a sentence that says so, new string; NULL: it is not on its way out. */
char *vv_vf_leaving(const VvSysfs *sysfs, VvAddress vf, const char *place);
