/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/apply.h"

/* A small system in a temporary folder, and the tools that `setup` runs there: "tool add|del WORD" keeps
 * words in /boot/words, as grubby does; "make" makes /boot/made of /etc/default/boot and the drop-ins, as
 * update-grub does. Each writes twice and leaves half a file in between, where the seam may kill it. */
typedef struct {
    char *path;
    VvSysfs *sysfs;
    VvSetupEngine engine;
    guint *runs; /* commands so far, shared with children */
    GString *said;
    const char *fails; /* a program that fails after its work; NULL: none */
    guint stop_after;  /* this many steps; 0: never */
    guint steps;
} SetupRoot;

void setup_root_open(SetupRoot *r);
void setup_root_close(SetupRoot *r);

void setup_root_put(const SetupRoot *r, const char *path, const char *text, int mode);
/* NULL: it is not there. */
char *setup_root_get(const SetupRoot *r, const char *path);
/* Every file, folder and link with mode and content. */
char *setup_root_snapshot(const SetupRoot *r);
/* Puts the whole system back as it was. */
void setup_root_reset(SetupRoot *r);

/* What one wants, and the plan for the system as it is now: a changed file, one behind a link, a new one in a
 * new folder, a script, a tool with arguments, and a rebuild. With `more`, another drop-in and one more word.
 */
VvSetupWants *setup_root_wants(gboolean more);
VvSetupPlan *setup_root_plan(const SetupRoot *r, gboolean more);

/* As the verb does it: lock, ledger, plan, apply or undo. */
gboolean setup_root_apply(SetupRoot *r, gboolean more, gboolean *ret_changed, GError **error);
gboolean setup_root_undo(SetupRoot *r, GError **error);
