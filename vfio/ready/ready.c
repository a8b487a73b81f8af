/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/ready-internal.h"

void vv_ready_row_free(VvReadyRow *row)
{
    if (!row)
        return;
    g_free(row->evidence);
    g_free(row->remedy);
    g_free(row->root);
    g_free(row);
}

const char *vv_ready_verdict_name(VvReadyVerdict verdict)
{
    static const char *const names[] = {"pass", "info", "warn", "fail"};

    return names[verdict];
}

/* What files of a recorded machine say ends up on a terminal, and in JSON. */
static char *make_shown(char *text)
{
    g_autofree char *raw = text;
    char *shown = g_utf8_make_valid(raw, -1);

    for (char *c = shown; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return shown;
}

VvReadyRow *vv_ready_add(GPtrArray *rows, const char *id, VvReadyVerdict verdict, const char *format, ...)
{
    VvReadyRow *row = g_new0(VvReadyRow, 1);
    va_list arguments;

    row->id = id;
    row->verdict = verdict;
    va_start(arguments, format);
    row->evidence = make_shown(g_strdup_vprintf(format, arguments));
    va_end(arguments);
    g_ptr_array_add(rows, row);
    return row;
}

GPtrArray *vv_ready_check(const VvReadyHost *ready)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)vv_ready_row_free);

    vv_ready_check_processor(ready, rows);
    vv_ready_check_iommu(ready, rows);
    vv_ready_check_remap(ready, rows);
    vv_ready_check_groups(ready, rows);
    vv_ready_check_kernel(ready, rows);
    vv_ready_check_modules(ready, rows);
    vv_ready_check_security(ready, rows);
    vv_ready_check_memory(ready, rows);
    vv_ready_check_bars(ready, rows);
    vv_ready_check_display(ready, rows);
    vv_ready_check_power(ready, rows);
    vv_ready_check_owners(ready, rows);
    vv_ready_check_setup(ready, rows);
    for (guint i = 0; ready->is_root && i < rows->len; i++)
        g_clear_pointer(&((VvReadyRow *)rows->pdata[i])->root, g_free);
    return rows;
}
