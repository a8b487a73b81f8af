/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/report-markdown-internal.h"

VvTable vv_table_new(guint columns, ...)
{
    VvTable table = {g_ptr_array_new_with_free_func(g_free), columns};
    va_list titles;

    va_start(titles, columns);
    for (guint i = 0; i < columns; i++)
        g_ptr_array_add(table.cells, g_strdup(va_arg(titles, const char *)));
    va_end(titles);
    return table;
}

void vv_table_add(VvTable *table, char *cell)
{
    g_ptr_array_add(table->cells, cell ? cell : g_strdup(""));
}

/* On a terminal. */
static guint columns_of(const char *text)
{
    guint columns = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

static void end_row(GString *text, const VvTable *table, guint row, const guint *widths)
{
    for (guint i = 0; i < table->columns; i++) {
        const char *cell = table->cells->pdata[row * table->columns + i];
        g_string_append_printf(text, "| %s%*s ", cell, (int)(widths[i] - columns_of(cell)), "");
    }
    g_string_append(text, "|\n");
}

void vv_table_end(GString *text, VvTable *table)
{
    g_autofree guint *widths = g_new0(guint, table->columns);

    for (guint i = 0; i < table->cells->len; i++)
        widths[i % table->columns] = MAX(widths[i % table->columns], columns_of(table->cells->pdata[i]));
    end_row(text, table, 0, widths);
    for (guint i = 0; i < table->columns; i++) {
        g_autofree char *line = g_strnfill(MAX(widths[i], 1) + 2, '-');
        g_string_append_printf(text, "|%s", line);
    }
    g_string_append(text, "|\n");
    for (guint row = 1; row < table->cells->len / table->columns; row++)
        end_row(text, table, row, widths);
    g_string_append_c(text, '\n');
    g_ptr_array_unref(table->cells);
}
