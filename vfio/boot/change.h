/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/stack.h"
#include "vfio/boot/wants.h"

/* What `setup` would do to this host, as data: files before and after, and commands. Made by
 * vfio/boot/steps.h, shown and carried out by vfio/boot/apply.h. */

typedef enum {
    VV_SETUP_FILE, /* `before` becomes `after` */
    VV_SETUP_RUN,  /* a program of this system is run */
} VvSetupWhat;

/* How arguments sit in a file that is not ours, so that undo can take them out of it after somebody else has
 * edited it too. */
typedef enum {
    VV_EDIT_WHOLE,     /* the file is ours alone: undo removes it */
    VV_EDIT_LINE,      /* one line of arguments: /etc/kernel/cmdline, options lines have `key` in front */
    VV_EDIT_VARIABLE,  /* KEY="arguments" of a shell file: /etc/default/grub, sdboot-manage.conf */
    VV_EDIT_OPTIONS,   /* "options arguments" of a loader entry */
    VV_EDIT_REFIND,    /* "title" "arguments", first line */
    VV_EDIT_LIST,      /* one word a line: /etc/initramfs-tools/modules */
    VV_EDIT_YAML_LIST, /* key: a, b, c: booster.yaml */
    VV_EDIT_JSON_LIST, /* "key": ["a", "b"] in "user": kernelstub's configuration */
} VvSetupEdit;

typedef struct {
    VvSetupWhat what;
    char *why; /* for people: "vfio-pci is loaded before the graphics drivers" */

    /* VV_SETUP_FILE */
    char *path;   /* absolute, below the system's root: "/etc/kernel/cmdline" */
    char *before; /* NULL: it is not there */
    char *after;  /* NULL: it is to go */
    guint mode; /* permissions of a file that is new: 0755 for a script; 0: 0644. One that is there keeps its
                   own */
    VvSetupEdit edit;
    char *key;                /* of VV_EDIT_VARIABLE and the lists with a key */
    char **added, **replaced; /* words; NULL: none */

    /* VV_SETUP_RUN */
    char **argv;      /* an absolute path is not needed; never a shell */
    char **undo_argv; /* NULL: nothing to undo; the same as argv for what makes files from configuration */
    gboolean rebuild; /* makes boot files from what is configured: run once after all files, and again after
                         undo */
} VvSetupStep;

void vv_setup_step_free(VvSetupStep *step);

typedef struct {
    GPtrArray
        *steps; /* VvSetupStep, in their order: files first, then tools that take arguments, then rebuilds */
    GPtrArray
        *notes; /* char *: sentences for people: what is warned of (LUKS and TPM), what has no effect here */
    char *snippet; /* what to type or paste where setup changes nothing (NixOS, unknown); else NULL */
} VvSetupPlan;

VvSetupPlan *vv_setup_plan_new(void);
void vv_setup_plan_free(VvSetupPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VvSetupPlan, vv_setup_plan_free)

/* For those who make plans. Return the step, owned by the plan. A file whose `before` is `after` makes no
 * step. */
VvSetupStep *vv_setup_plan_file(VvSetupPlan *plan, const char *path, const char *before, const char *after,
                                VvSetupEdit edit, const char *why);
VvSetupStep *vv_setup_plan_run(VvSetupPlan *plan, const char *const *argv, const char *const *undo_argv,
                               gboolean rebuild, const char *why);

/* A command as one would type it: words with blanks in quotes. New string. */
char *vv_setup_command_text(const char *const *argv);
