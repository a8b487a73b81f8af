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
