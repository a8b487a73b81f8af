/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "vfio/boot/edit.h"
#include "vfio/boot/facts.h"
#include "vfio/boot/steps.h"

/* A plan that is being made. Functions that return gboolean say FALSE with `error` set: VV_ERROR_NOT_READY: a
 * file cannot be read; VV_ERROR_REFUSED: it cannot be changed safely, and the plan becomes a snippet. */
typedef struct {
    const VvSysfs *sysfs;
    const VvBootStack *stack;
    const VvSetupWants *wants;
    VvBootFacts facts;
    VvSetupPlan *plan;
    char **arguments;   /* kernel arguments that are wanted */
    gboolean loader;    /* the loader's files have to be made anew */
    gboolean initramfs; /* the initramfs has to */
    GError *error;
} VvSetupMaker;

#define VV_SETUP_HEADER "# Written by virt-vfio setup; \"virt-vfio setup --undo\" removes it.\n"

/* "/etc/x" as the plan has it so far: an earlier step's text, or the file's: new string, NULL: there is none;
 * or it cannot be read, with maker->error. */
char *vv_maker_text(VvSetupMaker *maker, const char *path);

/* Our own file; `text` NULL: it is not wanted (any more). *changed is set where that makes a step. */
gboolean vv_maker_whole(VvSetupMaker *maker, const char *path, const char *text, guint mode, const char *why,
                        gboolean *changed);

/* Merges (or only corrects) words in a file that is not ours. `initial`: what it starts with where it is not
 * there; NULL: then there is nothing to do. */
gboolean vv_maker_edit(VvSetupMaker *maker, const char *path, VvSetupEdit edit, const char *key,
                       const char *const *wanted, gboolean correct, const char *initial, const char *why,
                       gboolean *changed);

void vv_maker_note(VvSetupMaker *maker, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Those of the wanted arguments that a line lacks, hugepagesz= and hugepages= together: owned by the caller.
 */
char **vv_maker_missing(const VvSetupMaker *maker, const char *line);

/* Kernel arguments: into files, or by a tool. */
gboolean vv_maker_loader_files(VvSetupMaker *maker);
gboolean vv_maker_loader_entries(VvSetupMaker *maker);
gboolean vv_maker_loader_tool(VvSetupMaker *maker);
/* Modules and reserved devices: files of the initramfs and of the running system. */
gboolean vv_maker_initramfs(VvSetupMaker *maker);
/* What makes boot files anew, once, after all files. */
void vv_maker_rebuild(VvSetupMaker *maker);
void vv_maker_notes(VvSetupMaker *maker);
char *vv_maker_snippet(const VvSetupMaker *maker);

/* Modules that vfio-pci consists of: static. */
const char *const *vv_setup_modules(void);
/* "10de:1b80,10de:10f0" of what is reserved by id; "" for none. */
char *vv_setup_ids(const VvSetupWants *wants);
/* Is vfio-pci part of the running kernel, and so before all modules and their options? */
gboolean vv_setup_is_built_in(const VvSysfs *sysfs);
/* Addresses that are reserved by address, with blanks between; "" for none. */
char *vv_setup_by_address(const VvSetupWants *wants);
/* Versions of the kernels that are installed (char *), oldest name first. */
GPtrArray *vv_setup_kernels(const VvSysfs *sysfs);
