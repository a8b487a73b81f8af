/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/report.h"

/* A document in Markdown (GitHub's kind, for its tables), laid out so that it reads well as plain text, too.
 * New string. */
char *vv_report_markdown(const VvReport *report);

/* Text that shows as it is, in a table's cell as well: new string. */
char *vv_markdown_text(const char *text);
/* The same as code: new string. */
char *vv_markdown_code(const char *text);
