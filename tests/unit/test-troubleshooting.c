/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/messages.h"
#include "vfio/reason.h"

/* The manual's TROUBLESHOOTING names rows of `check`, reasons of plans and messages: each of them is one. */

static char *read_source(const char *name)
{
    const char *source = g_getenv("SOURCE_ROOT");
    g_autofree char *path = g_build_filename(source ? source : ".", name, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("cannot read %s", path);
    return text;
}

static char *read_section(void)
{
    g_autofree char *manual = read_source("docs/virt-vfio.1");
    const char *start = strstr(manual, "\n.Sh TROUBLESHOOTING\n");
    const char *end = start ? strstr(start + 1, "\n.Sh ") : NULL;

    assert_non_null(end);
    return g_strndup(start, (gsize)(end - start));
}

/* Whatever adds rows, in one text. */
static char *read_rows(void)
{
    static const char *const folders[] = {"vfio/ready", "launcher", "domains"};
    const char *source = g_getenv("SOURCE_ROOT");
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_build_filename(source ? source : ".", folders[i], NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        assert_non_null(dir);
        for (const char *name; (name = g_dir_read_name(dir));) {
            g_autofree char *path = g_build_filename(folders[i], name, NULL);
            g_autofree char *text = g_str_has_suffix(name, ".c") ? read_source(path) : NULL;
            if (text && strstr(text, "vv_ready_add("))
                g_string_append(all, text);
        }
    }
    return g_string_free(all, FALSE);
}

/* vv_ready_add(rows, "ID", …), with any blanks. */
static gboolean is_row(const char *rows, const char *id)
{
    g_autofree char *pattern = g_strdup_printf("vv_ready_add\\(\\s*[\\w>-]+,\\s*\"%s\"", id);

    return g_regex_match_simple(pattern, rows, 0, 0);
}

static gboolean is_message(const char *code)
{
    const VvAdvice *row;

    for (guint i = 0; (row = vv_advice_row(i)); i++)
        if (strcmp(row->code, code) == 0)
            return TRUE;
    return FALSE;
}

/* Commands, file contents and attributes stand in the same quotes, but have other characters or are listed.
 */
static gboolean is_name(const char *word)
{
    static const char *const others[] = {"new_id", "e", NULL};

    return g_regex_match_simple("^[a-z][a-z0-9-]*$", word, 0, 0) && !g_strv_contains(others, word);
}

static guint check_line(const char *rows, const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " ", -1);
    guint count = 0;
    char **word = words + 1;

    /* ".Pq row Ql hook", ".Ql a , b": a sentence in quotes is a command. */
    for (char **at = words; *at; at++)
        if (strcmp(*at, "Ql") == 0)
            word = at + 1;
    if (g_strcmp0(*word, "virt-vfio") == 0)
        return 0;
    for (; *word; word++) {
        if (!is_name(*word))
            continue;
        count++;
        if (!is_row(rows, *word) && !vv_reason_code_known(*word) && !is_message(*word))
            fail_msg("\"%s\" in TROUBLESHOOTING is no row of check, no reason and no message", *word);
    }
    return count;
}

static void test_names(void **state)
{
    g_autofree char *section = read_section(), *rows = read_rows();
    g_auto(GStrv) lines = g_strsplit(section, "\n", -1);
    guint names = 0;

    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, ".Ql ") || strstr(*line, " Ql "))
            names += check_line(rows, *line);
    assert_in_range(names, 50, 200);
    assert_false(is_row(rows, "toaster"));
    assert_false(is_message("toaster"));
}

/* What the guides' tables list. */
static void test_lines(void **state)
{
    static const char *const lines[] = {
        "IOMMU is not enabled", "not isolated",  "still on its host driver", "does not start",
        "container set-up",     "BAR resources", "Poor throughput",          "command line is as before",
        "wrong boot loader",    "still large",   "does not see the device",  "boot hangs after a bad line",
    };
    g_autofree char *section = read_section();

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *pattern = g_strdup_printf("\n\\.It [^\n]*%s", lines[i]);
        if (!g_regex_match_simple(pattern, section, 0, 0))
            fail_msg("TROUBLESHOOTING has no line \"%s\"", lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_lines)};

    return cmocka_run_group_tests_name("troubleshooting", tests, NULL, NULL);
}
