/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "launcher/report-markdown.h"

/* What the parts of the document share. */

typedef struct {
    GPtrArray *cells; /* char *: the titles first, then row by row */
    guint columns;
} VvTable;

/* With so many titles (const char *). */
VvTable vv_table_new(guint columns, ...);
/* Takes the cell; NULL: an empty one. */
void vv_table_add(VvTable *table, char *cell);
/* Padded to the widest cell, so that it is a table as plain text, too. Frees it. */
void vv_table_end(GString *text, VvTable *table);

/* "- NAME: VALUE", unless there is none: as it is, as text, or as code. */
void vv_add_fact(GString *text, const char *name, const char *value);
void vv_add_text_fact(GString *text, const char *name, const char *value);
void vv_add_code_fact(GString *text, const char *name, const char *value);

/* The section about one function. */
void vv_markdown_device(GString *text, const VvReport *report, const VvReportDevice *device);
