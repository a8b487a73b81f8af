/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "launcher/diff.h"

static void check(const char *from, const char *to, const char *wanted)
{
    g_autofree char *diff = vv_diff("a", "b", from, to);

    assert_string_equal(diff, wanted);
}

static void test_equal(void **state)
{
    check("", "", "");
    check("x\ny\n", "x\ny\n", "");
}

/* As diff(1) has it. */
static void test_small(void **state)
{
    check("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
    check("x\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
    check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
          "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    check("x", "x\n", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n");
}

/* Six lines between two changes are the context of both; seven part them. */
static void test_hunks(void **state)
{
    check("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
          "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
    check("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
          "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

/* Applies a diff as patch(1) does, and insists that every line of it is where it says. */
static char *apply(const char *from, const char *diff)
{
    g_auto(GStrv) old = g_strsplit(from, "\n", -1), lines = g_strsplit(diff, "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    guint at = 0, first = 0;

    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "--- ") || g_str_has_prefix(*line, "+++ ") || !**line)
            continue;
        if (g_str_has_prefix(*line, "@@ ")) {
            first = (guint)g_ascii_strtoull(*line + 4, NULL, 10);
            if (strstr(*line, ",0 +"))
                first++;
            while (at + 1 < first)
                g_string_append_printf(text, "%s\n", old[at++]);
            continue;
        }
        if (**line != '+')
            assert_string_equal(old[at++], *line + 1);
        if (**line != '-')
            g_string_append_printf(text, "%s\n", *line + 1);
    }
    for (; old[at] && old[at + 1]; at++)
        g_string_append_printf(text, "%s\n", old[at]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_random(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);

    for (int round = 0; round < 2000; round++) {
        g_autoptr(GString) from = g_string_new(NULL), to = g_string_new(NULL);
        g_autofree char *diff = NULL, *made = NULL;
        int lines = g_rand_int_range(random, 0, 60), letters = g_rand_int_range(random, 1, 12);

        for (int i = 0; i < lines; i++) {
            char letter = (char)('a' + g_rand_int_range(random, 0, letters));

            g_string_append_printf(from, "%c\n", letter);
            if (g_rand_int_range(random, 0, 8))
                g_string_append_printf(to, "%c\n", letter);
            while (!g_rand_int_range(random, 0, 8))
                g_string_append_printf(to, "%c\n", 'a' + g_rand_int_range(random, 0, letters));
        }
        diff = vv_diff("a", "b", from->str, to->str);
        made = apply(from->str, diff);
        assert_string_equal(made, to->str);
        assert_int_equal(!*diff, g_str_equal(from->str, to->str));
    }
}

/* More than the table holds is replaced as a whole, and what is equal at the ends still is. */
static void test_large(void **state)
{
    g_autoptr(GString) from = g_string_new("head\n"), to = g_string_new("head\n");
    g_autofree char *diff = NULL, *made = NULL;

    for (int i = 0; i < 5000; i++) {
        g_string_append_printf(from, "a%d\n", i);
        g_string_append_printf(to, "b%d\n", i);
    }
    g_string_append(from, "tail\n");
    g_string_append(to, "tail\n");
    diff = vv_diff("a", "b", from->str, to->str);
    assert_true(g_str_has_prefix(diff, "--- a\n+++ b\n@@ -1,5002 +1,5002 @@\n head\n-a0\n"));
    made = apply(from->str, diff);
    assert_string_equal(made, to->str);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),  cmocka_unit_test(test_small), cmocka_unit_test(test_hunks),
        cmocka_unit_test(test_random), cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
