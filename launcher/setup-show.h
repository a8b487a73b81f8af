/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "launcher/json.h"
#include "vfio/boot/apply.h"
#include "vfio/boot/stack.h"

/* What `setup` tells: a plan, a ledger, a host to which nothing is to be done. */

/* Files as diffs, commands, notes; `state` is what the steps are: "planned", "done". Text or JSON. */
void vv_setup_show_plan(const VvContext *context, const VvBootStack *stack, const VvSetupPlan *plan,
                        const char *verdict, const char *state);

void vv_setup_print_notes(const VvSetupPlan *plan);

/* `setup --status`. `arguments` is what the kernel is to be started with. */
void vv_setup_show_status(const VvContext *context, const VvBootStack *stack, const VvLedger *ledger,
                          const char *const *arguments);

/* `setup` alone. */
void vv_setup_show_choices(const VvContext *context, const VvBootStack *stack);

/* "the IOMMU, 32 huge pages of 2 MiB": new string. */
char *vv_setup_wants_text(const VvSetupWants *wants);

/* A VvSetupEngine.progress; data is the VvContext. */
void vv_setup_progress(const VvSetupStep *step, gint64 us, gboolean failed, const char *output,
                       gpointer context);
