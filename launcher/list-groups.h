/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"

/* list --groups. `kind` (NULL: all) leaves groups without such a device out. */
void vv_list_groups(VvContext *context, const char *kind);
