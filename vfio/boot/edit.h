/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/change.h"

/* Arguments in the text of a file that is not ours: where they stand, and how they are put there and taken
 * out again without touching anything else. */

/* The arguments as they are written there: new string. NULL with VV_ERROR_REFUSED where they cannot be
 * changed safely (made by a command, several quoted parts); "" where there are none yet. */
char *vv_edit_get(VvSetupEdit edit, const char *key, const char *text, GError **error);

/* The text with these arguments in place of those; where there were none, a line for them is added. */
char *vv_edit_put(VvSetupEdit edit, const char *key, const char *text, const char *arguments);

/* Merges what is wanted into the text, by vv_cmdline_merge; `correct` only: by vv_cmdline_correct. For
 * VV_EDIT_LIST and VV_EDIT_YAML_LIST words are appended. NULL with the error of vv_edit_get. */
char *vv_edit_merge(VvSetupEdit edit, const char *key, const char *text, const char *const *wanted,
                    gboolean correct, char ***ret_added, char ***ret_replaced, GError **error);
