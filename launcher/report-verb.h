/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/command.h"

/* What `list` is asked for besides its table. */
typedef struct {
    gboolean report;
    char *report_file; /* NULL or "-": standard output */
    char *picture;     /* file; "-": standard output; NULL: none */
} VvReportWords;

/* Writes them. Returns the exit code. */
int vv_list_report(VvContext *context, const VvReportWords *words, GError **error);
