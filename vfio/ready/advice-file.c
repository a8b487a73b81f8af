/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/advice.h"

#include <stdio.h>
#include <string.h>

#define FILE_LIMIT (1024 * 1024)
#define MOST_IN_FILE 20
#define MOST_SHOWN 60 /* characters of a word, and of a sentence */
#define MOST_SAID 400

/* Files are other people's: nothing in them may reach a terminal as it is. `text` is taken. */
static char *make_printable(char *text)
{
    g_autofree char *bytes = text;
    char *valid = g_utf8_make_valid(bytes, -1);

    for (char *c = valid; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    return valid;
}

static char *clip(char *text, glong limit)
{
    g_autofree char *whole = text;

    if (g_utf8_strlen(whole, -1) <= limit)
        return g_steal_pointer(&whole);
    g_autofree char *start = g_utf8_substring(whole, 0, limit - 3);
    return g_strconcat(start, "...", NULL);
}

char *vv_ready_advice_shown(const char *word)
{
    return clip(make_printable(g_strndup(word, MOST_SHOWN * 6)), MOST_SHOWN);
}

void vv_ready_advice_add(VvReadyAdvice *advice, VvReadyAdvicePlace place, VvReadyVerdict verdict,
                         char *remedy, const char *format, ...)
{
    g_autofree char *correction = remedy, *what = NULL, *where = NULL;
    va_list arguments;

    if (++advice->in_file > MOST_IN_FILE)
        return;
    va_start(arguments, format);
    what = clip(make_printable(g_strdup_vprintf(format, arguments)), MOST_SAID);
    va_end(arguments);
    where = place.line ? g_strdup_printf("/%s, line %u", place.path, place.line)
                       : g_strconcat("/", place.path, NULL);
    where = make_printable(where);
    VvReadyRow *row = vv_ready_add(advice->rows, "advice", verdict, "%s: %s", where, what);
    row->remedy = clip(make_printable(g_steal_pointer(&correction)), MOST_SAID);
}

char *vv_ready_advice_read(VvReadyAdvice *advice, const char *path)
{
    char *text = vv_sysfs_read_all(advice->ready->sysfs, path, FILE_LIMIT);

    advice->in_file = 0;
    if (text)
        g_hash_table_add(advice->files, g_strdup(path));
    return text;
}

void vv_ready_advice_lines(VvReadyAdvice *advice, const char *path, const char *text, const char *comments,
                           gboolean backslash, VvReadyAdviceLineFn visit)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) whole = g_string_new(NULL);
    guint first = 0;

    for (guint i = 0; lines[i]; i++) {
        gsize length = strlen(lines[i]);
        gboolean goes_on = backslash && length && lines[i][length - 1] == '\\' && lines[i + 1];

        if (!whole->len)
            first = i + 1;
        g_string_append_len(whole, lines[i], (gssize)(goes_on ? length - 1 : length));
        if (goes_on)
            continue;
        char *line = g_strstrip(whole->str);
        if (*line && !strchr(comments, *line))
            visit(advice, (VvReadyAdvicePlace){path, first}, line);
        g_string_truncate(whole, 0);
    }
}

char **vv_ready_advice_words(const char *line)
{
    g_auto(GStrv) parts = g_strsplit_set(line, " \t\r", -1);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    for (char **part = parts; *part; part++)
        if (**part)
            g_strv_builder_add(words, *part);
    return g_strv_builder_end(words);
}

/* What editors and packages leave behind is not meant to be read. */
static gboolean is_left_over(const char *name)
{
    static const char *const endings[] = {"~",    ".bak",     ".old", ".orig", ".save",   ".disabled",
                                          ".off", ".rpmsave", ".swp", ".new",  ".README", "README"};

    for (guint i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]))
            return TRUE;
    return *name == '.' || strstr(name, ".dpkg-") || strstr(name, ".rpmnew") || strstr(name, ".pacnew") ||
           strstr(name, ".pacsave");
}

static void advise_ending(VvReadyAdvice *advice, const char *path, const char *ending)
{
    g_autofree char *text = vv_ready_advice_read(advice, path);

    if (text && strstr(text, "vfio"))
        vv_ready_advice_add(advice, (VvReadyAdvicePlace){path, 0}, VV_READY_WARN,
                            g_strdup_printf("rename it: mv /%s /%s%s", path, path, ending),
                            "nothing reads this file, because its name does not end in %s", ending);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const char *x = strrchr(*(char *const *)a, '/'), *y = strrchr(*(char *const *)b, '/');

    return strcmp(x, y);
}

static gboolean has_name(const GPtrArray *paths, const char *name)
{
    for (guint i = 0; i < paths->len; i++)
        if (strcmp(strrchr(paths->pdata[i], '/') + 1, name) == 0)
            return TRUE;
    return FALSE;
}

static void add_folder(VvReadyAdvice *advice, const char *folder, const char *ending, GPtrArray *paths)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(advice->ready->sysfs, folder);

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *path = g_strconcat(folder, "/", name, NULL);

        if (g_str_has_suffix(name, ending) && *name != '.') {
            if (!has_name(paths, name))
                g_ptr_array_add(paths, g_steal_pointer(&path));
        } else if (g_str_has_prefix(folder, "etc/") && !is_left_over(name)) {
            advise_ending(advice, path, ending);
        }
    }
}

GPtrArray *vv_ready_advice_conf_files(VvReadyAdvice *advice, const char *folder, const char *ending)
{
    static const char *const places[] = {"etc", "run", "usr/local/lib", "usr/lib", "lib"};
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_strconcat(places[i], "/", folder, NULL);
        add_folder(advice, path, ending, paths);
    }
    g_ptr_array_sort(paths, by_name);
    return paths;
}

gboolean vv_ready_advice_kernel_is(const VvReadyAdvice *advice, guint major, guint minor)
{
    g_autofree char *release = vv_sysfs_read(advice->ready->sysfs, "proc/sys/kernel/osrelease");
    guint has_major, has_minor;

    return release && sscanf(release, "%u.%u", &has_major, &has_minor) == 2 &&
           (has_major > major || (has_major == major && has_minor >= minor));
}
