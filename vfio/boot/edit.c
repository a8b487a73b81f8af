/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/edit.h"

#include "vfio/boot/cmdline.h"
#include "vfio/boot/shellvar.h"
#include "vfio/boot/steps.h"
#include "vfio/error.h"

#include <string.h>

/* A part of a text. */
typedef struct {
    gsize start, end;
    gboolean found;
} Range;

static gsize line_end(const char *text, gsize at)
{
    return at + strcspn(text + at, "\n");
}

/* All lines from the first that is no comment to the next that is one: together they are one command line
 * (kernel-install, mkinitcpio). */
static Range find_line(const char *text)
{
    Range range = {0};

    while (text[range.start] == '#')
        range.start = line_end(text, range.start) + (text[line_end(text, range.start)] == '\n');
    range.end = range.start;
    while (text[range.end] && text[range.end] != '#')
        range.end = line_end(text, range.end) + (text[line_end(text, range.end)] == '\n');
    range.found = TRUE;
    return range;
}

/* What follows `key` and blanks, or `key:`, at the start of a line; of several the last one. */
static Range find_keyed(const char *text, const char *key, gboolean colon)
{
    Range range = {0};
    gsize length = strlen(key);

    for (gsize at = 0; text[at]; at = line_end(text, at) + (text[line_end(text, at)] == '\n')) {
        gsize from = at + strspn(text + at, colon ? "" : " \t");
        if (strncmp(text + from, key, length) != 0)
            continue;
        from += length;
        if (colon ? text[from] != ':' : !strchr(" \t\n", text[from]))
            continue;
        from += colon ? 1 : 0;
        from += strspn(text + from, " \t");
        range = (Range){.start = from, .end = line_end(text, from), .found = TRUE};
    }
    return range;
}

/* The second quoted text of the first line that has two (refind_linux.conf). */
static Range find_refind(const char *text)
{
    for (gsize at = 0; text[at]; at = line_end(text, at) + (text[line_end(text, at)] == '\n')) {
        gsize quotes[4], n = 0, end = line_end(text, at);
        if (text[at] == '#')
            continue;
        for (gsize i = at; i < end && n < 4; i++)
            if (text[i] == '"')
                quotes[n++] = i;
        if (n == 4)
            return (Range){.start = quotes[2] + 1, .end = quotes[3], .found = TRUE};
    }
    return (Range){0};
}

/* Between the brackets of "key": [ … ] in the object "user" (kernelstub: what it was told, against what it
 * comes with). */
static Range find_json(const char *text, const char *key)
{
    g_autofree char *name = g_strdup_printf("\"%s\"", key);
    const char *user = strstr(text, "\"user\""), *list = user ? strstr(user, name) : NULL;

    if (!list)
        return (Range){0};
    list += strlen(name);
    list += strspn(list, " \t\n:");
    gsize start = (gsize)(list - text) + 1;
    return (Range){.start = start, .end = start + strcspn(list + 1, "]"), .found = *list == '['};
}

/* The items with a blank between. NULL: they are not texts without backslashes. */
static char *json_words(const char *list)
{
    g_autoptr(GString) words = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(list, "\"", -1);
    guint n = g_strv_length(parts);

    if (strchr(list, '\\') || (n && n % 2 == 0))
        return NULL;
    for (guint i = 1; i < n; i += 2)
        g_string_append_printf(words, "%s%s", i > 1 ? " " : "", parts[i]);
    return g_string_free(g_steal_pointer(&words), FALSE);
}

/* With the blanks that are before the first item and behind the last one. */
static char *json_list(const char *old, const char *arguments)
{
    g_autoptr(GPtrArray) words = vv_cmdline_parse(arguments);
    const char *first = strchr(old, '"'), *last = strrchr(old, '"');
    g_autofree char *before = first ? g_strndup(old, (gsize)(first - old)) : g_strdup("");
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(list, "%s%s\"%s\"", i ? "," : "", i && !first ? " " : before,
                               (char *)words->pdata[i]);
    return g_strconcat(list->str, last ? last + 1 : "", NULL);
}

static Range find_range(VvSetupEdit edit, const char *key, const char *text)
{
    if (edit == VV_EDIT_OPTIONS)
        return find_keyed(text, "options", FALSE);
    if (edit == VV_EDIT_YAML_LIST)
        return find_keyed(text, key, TRUE);
    if (edit == VV_EDIT_JSON_LIST)
        return find_json(text, key);
    if (edit == VV_EDIT_REFIND)
        return find_refind(text);
    return find_line(text);
}

static char *get_variable(const char *key, const char *text, GError **error)
{
    g_autoptr(GPtrArray) vars = vv_shell_vars(text);
    const VvShellVar *var = vv_shell_last(vars, key);
    char *inner = var ? vv_shell_inner(text, var) : g_strdup("");

    if (!inner)
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED,
                    "%s in line %u is put together by the shell (a command, a condition or several quoted "
                    "parts), which setup does not change",
                    key, var->line);
    return inner;
}

char *vv_edit_get(VvSetupEdit edit, const char *key, const char *text, GError **error)
{
    if (edit == VV_EDIT_VARIABLE)
        return get_variable(key, text, error);
    Range range = find_range(edit, key, text);
    char *arguments = g_strndup(text + range.start, range.end - range.start);
    if (edit == VV_EDIT_JSON_LIST && range.found) {
        g_autofree char *list = arguments;
        arguments = json_words(list);
    }
    if (!arguments || (edit == VV_EDIT_JSON_LIST && !range.found) ||
        (edit == VV_EDIT_YAML_LIST && *arguments && strchr("[\"'|>&*{", *arguments)) ||
        (edit == VV_EDIT_REFIND && !range.found)) {
        g_free(arguments);
        g_set_error(error, VV_ERROR, VV_ERROR_REFUSED, "%s is written in a way that setup does not change",
                    edit == VV_EDIT_REFIND ? "the file has no line \"title\" \"arguments\"; it" : key);
        return NULL;
    }
    return arguments;
}

/* A text that ends with a newline, or is empty. */
static GString *whole_lines(const char *text)
{
    GString *whole = g_string_new(text);

    if (whole->len && whole->str[whole->len - 1] != '\n')
        g_string_append_c(whole, '\n');
    return whole;
}

static char *put_variable(const char *key, const char *text, const char *arguments)
{
    g_autoptr(GPtrArray) vars = vv_shell_vars(text);
    const VvShellVar *var = vv_shell_last(vars, key);

    if (var)
        return vv_shell_replace(text, var, arguments);
    g_autoptr(GString) whole = whole_lines(text);
    g_string_append_printf(whole, "%s=\"%s\"\n", key, arguments);
    return g_string_free(g_steal_pointer(&whole), FALSE);
}

char *vv_edit_put(VvSetupEdit edit, const char *key, const char *text, const char *arguments)
{
    if (edit == VV_EDIT_VARIABLE)
        return put_variable(key, text, arguments);
    Range range = find_range(edit, key, text);
    if (!range.found) {
        g_autoptr(GString) whole = whole_lines(text);
        g_string_append_printf(whole, edit == VV_EDIT_YAML_LIST ? "%s: %s\n" : "%s %s\n",
                               edit == VV_EDIT_YAML_LIST ? key : "options", arguments);
        return g_string_free(g_steal_pointer(&whole), FALSE);
    }
    g_autofree char *old = g_strndup(text + range.start, range.end - range.start),
                    *list = edit == VV_EDIT_JSON_LIST ? json_list(old, arguments) : g_strdup(arguments);
    return g_strdup_printf("%.*s%s%s", (int)range.start, text, list, text + range.end);
}

/* The words of a list that is not a command line: one a line, or with commas between. */
static char **list_words(VvSetupEdit edit, const char *list)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit(list, edit == VV_EDIT_LIST ? "\n" : ",", -1);

    for (char **part = parts; *part; part++) {
        char *word = g_strstrip(*part);
        if (*word && *word != '#')
            g_strv_builder_add(words, word);
    }
    return g_strv_builder_end(words);
}

static char *merge_list(VvSetupEdit edit, const char *key, const char *text, const char *const *wanted,
                        char ***ret_added, GError **error)
{
    g_autofree char *list = edit == VV_EDIT_LIST ? g_strdup(text) : vv_edit_get(edit, key, text, error);
    g_autoptr(GStrvBuilder) added = g_strv_builder_new();

    if (!list)
        return NULL;
    g_auto(GStrv) there = list_words(edit, list);
    g_autoptr(GString) merged = edit == VV_EDIT_LIST ? whole_lines(list) : g_string_new(list);
    gboolean any = FALSE;
    for (; *wanted; wanted++) {
        if (g_strv_contains((const char *const *)there, *wanted))
            continue;
        g_strv_builder_add(added, *wanted);
        if (edit == VV_EDIT_LIST)
            g_string_append_printf(merged, "%s\n", *wanted);
        else
            g_string_append_printf(merged, "%s%s", merged->len ? ", " : "", *wanted);
        any = TRUE;
    }
    *ret_added = g_strv_builder_end(added);
    if (!any)
        return g_strdup(text);
    return edit == VV_EDIT_LIST ? g_strdup(merged->str) : vv_edit_put(edit, key, text, merged->str);
}

char *vv_edit_merge(VvSetupEdit edit, const char *key, const char *text, const char *const *wanted,
                    gboolean correct, char ***ret_added, char ***ret_replaced, GError **error)
{
    *ret_added = *ret_replaced = NULL;
    if (edit == VV_EDIT_LIST || edit == VV_EDIT_YAML_LIST)
        return merge_list(edit, key, text, wanted, ret_added, error);
    g_autofree char *arguments = vv_edit_get(edit, key, text, error);
    if (!arguments)
        return NULL;
    g_autofree char *merged = correct ? vv_cmdline_correct(arguments, wanted, ret_added, ret_replaced)
                                      : vv_cmdline_merge(arguments, wanted, ret_added, ret_replaced);
    return strcmp(merged, arguments) == 0 ? g_strdup(text) : vv_edit_put(edit, key, text, merged);
}

static char *take_from_list(const VvSetupStep *step, const char *now)
{
    g_autofree char *list =
        step->edit == VV_EDIT_LIST ? g_strdup(now) : vv_edit_get(step->edit, step->key, now, NULL);
    g_autoptr(GString) rest = g_string_new(NULL);

    if (!list)
        return NULL;
    g_auto(GStrv) parts = g_strsplit(list, step->edit == VV_EDIT_LIST ? "\n" : ",", -1);
    for (char **part = parts; *part; part++) {
        g_autofree char *word = g_strstrip(g_strdup(*part));
        if (step->added && g_strv_contains((const char *const *)step->added, word))
            continue;
        g_string_append_printf(rest, "%s%s", rest->len ? step->edit == VV_EDIT_LIST ? "\n" : "," : "", *part);
    }
    return step->edit == VV_EDIT_LIST ? g_strdup(rest->str)
                                      : vv_edit_put(step->edit, step->key, now, rest->str);
}

char *vv_setup_take_out(const VvSetupStep *step, const char *now)
{
    if (step->edit == VV_EDIT_WHOLE || !now)
        return NULL;
    if (step->edit == VV_EDIT_LIST || step->edit == VV_EDIT_YAML_LIST)
        return take_from_list(step, now);
    g_autofree char *arguments = vv_edit_get(step->edit, step->key, now, NULL);
    if (!arguments)
        return NULL;
    g_autofree char *rest =
        vv_cmdline_unmerge(arguments, (const char *const *)step->added, (const char *const *)step->replaced);
    return strcmp(rest, arguments) == 0 ? g_strdup(now) : vv_edit_put(step->edit, step->key, now, rest);
}
