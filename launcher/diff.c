/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/diff.h"

#include <string.h>

#define CONTEXT 3
#define MAX_CELLS (16 * 1024 * 1024)

/* A line with its newline, if it has one: two last lines that differ only in that are different. */
typedef struct {
    const char *text;
    gsize length;
} Line;

/* What becomes of a line: ' ' stays, '-' goes, '+' comes. */
typedef struct {
    char mark;
    Line line;
} Edit;

static GArray *split(const char *text)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));

    while (*text) {
        const char *end = strchr(text, '\n');
        Line line = {text, end ? (gsize)(end - text) + 1 : strlen(text)};

        g_array_append_val(lines, line);
        text += line.length;
    }
    return lines;
}

static gboolean same(const Line *a, const Line *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void note(GArray *edits, char mark, const Line *lines, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        Edit edit = {mark, lines[i]};

        g_array_append_val(edits, edit);
    }
}

/* The longest common subsequence by its table: cell (i, j) is its length from line i and line j on. */
static void compare(GArray *edits, const Line *a, gsize a_count, const Line *b, gsize b_count)
{
    gsize width = b_count + 1, i = 0, j = 0;
    g_autofree guint32 *table = g_new0(guint32, (a_count + 1) * width);

    for (gsize row = a_count; row-- > 0;)
        for (gsize column = b_count; column-- > 0;) {
            guint32 *cell = &table[row * width + column];

            *cell = same(&a[row], &b[column]) ? cell[width + 1] + 1 : MAX(cell[width], cell[1]);
        }
    while (i < a_count && j < b_count) {
        if (same(&a[i], &b[j])) {
            note(edits, ' ', &a[i++], 1);
            j++;
        } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
            note(edits, '-', &a[i++], 1);
        } else {
            note(edits, '+', &b[j++], 1);
        }
    }
    note(edits, '-', a + i, a_count - i);
    note(edits, '+', b + j, b_count - j);
}

static GArray *find_edits(const GArray *from, const GArray *to)
{
    const Line *a = (const Line *)(gconstpointer)from->data, *b = (const Line *)(gconstpointer)to->data;
    gsize a_count = from->len, b_count = to->len, head = 0, tail = 0;
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(Edit));

    while (head < MIN(a_count, b_count) && same(&a[head], &b[head]))
        head++;
    while (tail < MIN(a_count, b_count) - head && same(&a[a_count - 1 - tail], &b[b_count - 1 - tail]))
        tail++;
    note(edits, ' ', a, head);
    a_count -= head + tail;
    b_count -= head + tail;
    if ((a_count + 1) * (b_count + 1) <= MAX_CELLS) {
        compare(edits, a + head, a_count, b + head, b_count);
    } else {
        note(edits, '-', a + head, a_count);
        note(edits, '+', b + head, b_count);
    }
    note(edits, ' ', a + head + a_count, tail);
    return edits;
}

static void print_range(GString *text, char sign, gsize first, gsize count)
{
    /* An empty range is after the line before it; a count of one is left out. */
    g_string_append_printf(text, " %c%" G_GSIZE_FORMAT, sign, count ? first + 1 : first);
    if (count != 1)
        g_string_append_printf(text, ",%" G_GSIZE_FORMAT, count);
}

static void print_hunk(GString *text, const Edit *edits, gsize count, gsize from_line, gsize to_line)
{
    gsize from_count = 0, to_count = 0;

    for (gsize i = 0; i < count; i++) {
        from_count += edits[i].mark != '+';
        to_count += edits[i].mark != '-';
    }
    g_string_append(text, "@@");
    print_range(text, '-', from_line, from_count);
    print_range(text, '+', to_line, to_count);
    g_string_append(text, " @@\n");
    for (gsize i = 0; i < count; i++) {
        g_string_append_c(text, edits[i].mark);
        g_string_append_len(text, edits[i].line.text, (gssize)edits[i].line.length);
        if (edits[i].line.text[edits[i].line.length - 1] != '\n')
            g_string_append(text, "\n\\ No newline at end of file\n");
    }
}

/* The end of the hunk that begins with the change at `first`: where more lines stay than two contexts need.
 */
static gsize hunk_end(const Edit *edits, gsize count, gsize first)
{
    gsize last = first;

    for (gsize i = first; i < count && i - last <= 2 * CONTEXT + 1; i++)
        if (edits[i].mark != ' ')
            last = i;
    return MIN(count, last + 1 + CONTEXT);
}

char *vv_diff(const char *from_name, const char *to_name, const char *from, const char *to)
{
    g_autoptr(GArray) from_lines = split(from), to_lines = split(to);
    g_autoptr(GArray) all = find_edits(from_lines, to_lines);
    const Edit *edits = (const Edit *)(gconstpointer)all->data;
    g_autoptr(GString) text = g_string_new(NULL);
    gsize from_line = 0, to_line = 0, at = 0;

    for (gsize i = 0; i < all->len; i++) {
        gsize begin = i > CONTEXT ? i - CONTEXT : 0, end;

        if (edits[i].mark == ' ')
            continue;
        if (!text->len)
            g_string_append_printf(text, "--- %s\n+++ %s\n", from_name, to_name);
        begin = MAX(begin, at);
        end = hunk_end(edits, all->len, i);
        for (; at < begin; at++, from_line++, to_line++)
            ;
        print_hunk(text, edits + begin, end - begin, from_line, to_line);
        for (; at < end; at++) {
            from_line += edits[at].mark != '+';
            to_line += edits[at].mark != '-';
        }
        i = end - 1;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
