/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/apply.h"

/* What apply and undo have in common. */

/* VV_ERROR_FAILED when the engine is to stop here. */
gboolean vv_setup_may_go_on(const VvSetupEngine *engine, GError **error);

/* Writes or removes a file as the step says, and reports it. `was`: whose mode and owner a file gets that was
 * there once; NULL: none. */
gboolean vv_setup_do_file(const VvSetupEngine *engine, const VvSetupStep *step, const VvRootFile *was,
                          GError **error);

/* Runs argv, and reports it under the name of the step. The error has the last lines of its output. */
gboolean vv_setup_do_run(const VvSetupEngine *engine, const VvSetupStep *step, const char *const *argv,
                         GError **error);

/* TRUE when the file of this step is not as it was before it. Needs no backup. */
gboolean vv_setup_is_written(const VvLedgerStep *entry, const char *now);

gboolean vv_setup_same_argv(char **a, char **b);
