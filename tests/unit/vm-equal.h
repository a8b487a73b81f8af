/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "domains/vmfile.h"

/* NULL when both say the same, else the name of a field in which they differ. Field by field, not by the
 * tables of reader and writer: a key that these do not have would not be missed. Leaves `path` and
 * `functions` out. */
const char *vm_difference(const VvVm *a, const VvVm *b);
