/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"
#include "vfio/boot/wants.h"

/* What the command line of `setup` asks for. */
typedef struct {
    gboolean apply, undo, status;
    gboolean iommu, modules;
    char *hugepages, *isolate_cpus, **reserve, **allow;
} VvSetupAsked;

/* Filled in by vv_setup_options. */
const VvSetupAsked *vv_setup_asked(void);

/* Does it ask for anything of the host? */
gboolean vv_setup_asks(void);

/* As wants, checked against this host. NULL with an error, or, where this host needs a device that is to be
 * reserved, without one: then the reasons are shown. */
VvSetupWants *vv_setup_asked_wants(VvContext *context, GError **error);

/* The same command line with one word more, for people to type: new string. */
char *vv_setup_asked_again(const VvContext *context, const char *more);
