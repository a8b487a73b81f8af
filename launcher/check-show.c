/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/check.h"
#include "launcher/json.h"
#include "launcher/present.h"
#include "vfio/words.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

gboolean vv_check_passed(const GPtrArray *rows)
{
    for (guint i = 0; i < rows->len; i++)
        if (((const VvReadyRow *)rows->pdata[i])->verdict == VV_READY_FAIL)
            return FALSE;
    return TRUE;
}

/* Into a file or a pipe nothing is broken into lines: scripts and people search there. */
static guint terminal_width(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 60
               ? size.ws_col
               : G_MAXUINT;
}

/* From column `indent` on, where the cursor is, with further lines below. */
static void print_wrapped(const char *text, guint indent, guint width)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    guint column = indent;

    for (char **word = words; *word; word++) {
        guint length = (guint)g_utf8_strlen(*word, -1);
        if (column > indent && column + 1 + length > width) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        }
        printf("%s%s", column > indent ? " " : "", *word);
        column += length + (column > indent);
    }
    putchar('\n');
}

static guint id_width(const GPtrArray *rows)
{
    gsize most = 0;

    for (guint i = 0; i < rows->len; i++)
        most = MAX(most, strlen(((const VvReadyRow *)rows->pdata[i])->id));
    return (guint)most;
}

static void print_row(const VvContext *context, const VvReadyRow *row, guint ids, guint width)
{
    static const VvMark marks[] = {VV_MARK_DONE, VV_MARK_INFO, VV_MARK_WARN, VV_MARK_FAILED};
    char sign[24];
    guint indent = 6 + ids;

    printf("  %s %-*s  ", vv_mark(context, marks[row->verdict], sign), (int)ids, row->id);
    print_wrapped(row->evidence, indent, width);
    /* Of what is no trouble JSON has the advice, and the table stays on one screen. */
    if (row->remedy && row->verdict >= VV_READY_WARN) {
        printf("%*s%s ", (int)indent, "", context->utf8 ? "→" : "->");
        print_wrapped(row->remedy, indent + (context->utf8 ? 2 : 3), width);
    }
}

/* Which rows are of this verdict, each id once (static char *). */
static GPtrArray *ids_of(const GPtrArray *rows, VvReadyVerdict verdict)
{
    GPtrArray *ids = g_ptr_array_new();

    for (guint i = 0; i < rows->len; i++) {
        const VvReadyRow *row = rows->pdata[i];
        if (row->verdict == verdict && !g_ptr_array_find_with_equal_func(ids, row->id, g_str_equal, NULL))
            g_ptr_array_add(ids, (gpointer)row->id);
    }
    return ids;
}

static guint count_of(const GPtrArray *rows, VvReadyVerdict verdict)
{
    guint count = 0;

    for (guint i = 0; i < rows->len; i++)
        count += ((const VvReadyRow *)rows->pdata[i])->verdict == verdict;
    return count;
}

static void print_verdict(const VvContext *context, const GPtrArray *rows)
{
    g_autoptr(GPtrArray) failed = ids_of(rows, VV_READY_FAIL);
    g_autofree char *list = vv_words_join(failed, failed->len);
    guint warnings = count_of(rows, VV_READY_WARN);
    char sign[24], count[40];

    if (failed->len)
        printf("\n%s not ready: %s\n", vv_mark(context, VV_MARK_FAILED, sign), list);
    else
        printf("\n%s ready%s%s\n", vv_mark(context, VV_MARK_DONE, sign), warnings ? ", with " : "",
               warnings ? vv_count(warnings, "warning", count) : "");
}

static void print_root(const GPtrArray *rows)
{
    g_autoptr(GPtrArray) more = g_ptr_array_new_with_free_func(g_free);
    char count[40];

    for (guint i = 0; i < rows->len; i++) {
        const VvReadyRow *row = rows->pdata[i];
        if (row->root)
            g_ptr_array_add(more, g_strdup_printf("%s (%s)", row->id, row->root));
    }
    g_autofree char *list = vv_words_join(more, 8);
    if (more->len)
        printf("as root, %s %s more: %s\n", vv_count(more->len, "row", count),
               more->len == 1 ? "knows" : "know", list);
}

static json_object *json_row(const VvReadyRow *row)
{
    json_object *object = json_object_new_object();

    json_object_object_add(object, "id", vv_json_text(row->id));
    json_object_object_add(object, "verdict", vv_json_text(vv_ready_verdict_name(row->verdict)));
    json_object_object_add(object, "evidence", vv_json_text(row->evidence));
    json_object_object_add(object, "remedy", vv_json_text(row->remedy));
    json_object_object_add(object, "root", vv_json_text(row->root));
    return object;
}

static void show_json(const VvReadyHost *ready, const GPtrArray *rows)
{
    json_object *object = json_object_new_object(), *checks = json_object_new_array();

    for (guint i = 0; i < rows->len; i++)
        json_object_array_add(checks, json_row(rows->pdata[i]));
    json_object_object_add(object, "verdict", vv_json_text(vv_check_passed(rows) ? "ready" : "not-ready"));
    json_object_object_add(object, "distribution", vv_json_text(ready->stack->distribution));
    json_object_object_add(object, "boot", vv_json_text(ready->stack->name));
    json_object_object_add(object, "checks", checks);
    vv_json_print(object);
}

void vv_check_show(const VvContext *context, const VvReadyHost *ready, const GPtrArray *rows)
{
    guint ids = id_width(rows), width = terminal_width();

    if (context->json) {
        show_json(ready, rows);
        return;
    }
    if (ready->stack->kind == VV_BOOT_UNKNOWN)
        printf("%s, boot loader not known (%s)\n\n", ready->stack->distribution, ready->stack->evidence);
    else
        printf("%s, booted by %s\n\n", ready->stack->distribution, ready->stack->name);
    for (guint i = 0; i < rows->len; i++)
        print_row(context, rows->pdata[i], ids, width);
    print_verdict(context, rows);
    print_root(rows);
}
