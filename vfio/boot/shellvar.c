/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/shellvar.h"

#include <string.h>

/* Where the reader is in the text. */
typedef struct {
    const char *text;
    gsize at;
    guint depth; /* of if, loops and functions */
    GPtrArray *vars;
} Reader;

static void var_free(gpointer data)
{
    VvShellVar *var = data;

    g_free(var->name);
    g_free(var->value);
    g_free(var);
}

static gboolean is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* Behind the bracket that closes the one at `at`, over quotes; the end of the text where none does. */
static gsize skip_brackets(const char *text, gsize at, char open, char close)
{
    guint depth = 0;
    char quote = 0;

    for (; text[at]; at++) {
        if (text[at] == '\\' && quote != '\'' && text[at + 1])
            at++;
        else if (quote)
            quote = text[at] == quote ? 0 : quote;
        else if (text[at] == '\'' || text[at] == '"')
            quote = text[at];
        else if (text[at] == open)
            depth++;
        else if (text[at] == close && --depth == 0)
            return at + 1;
    }
    return at;
}

static gboolean ends_word(char c)
{
    return !c || strchr(" \t\n;&|<>()", c);
}

/* $x, $(…) or ${…} as it is written. */
static void read_dollar(Reader *reader, VvShellVar *var, GString *value)
{
    gsize begin = reader->at++;
    char c = reader->text[reader->at];

    if (c == '(' || c == '{')
        reader->at = skip_brackets(reader->text, reader->at, c, c == '(' ? ')' : '}');
    var->computed |= c == '(';
    g_string_append_len(value, reader->text + begin, (gssize)(reader->at - begin));
}

/* `…` as it is written. */
static void read_backquotes(Reader *reader, VvShellVar *var, GString *value)
{
    const char *begin = reader->text + reader->at, *close = strchr(begin + 1, '`');
    gsize length = close ? (gsize)(close - begin) + 1 : strlen(begin);

    var->computed = TRUE;
    g_string_append_len(value, begin, (gssize)length);
    reader->at += length;
}

static void read_backslash(Reader *reader, GString *value, gboolean quoted)
{
    char next = reader->text[reader->at + 1];

    reader->at += next ? 2 : 1;
    if (next == '\n' || !next)
        return;
    if (quoted && !strchr("$`\"\\", next))
        g_string_append_c(value, '\\');
    g_string_append_c(value, next);
}

static void read_word(Reader *reader, VvShellVar *var, GString *value)
{
    char quote = 0;

    while (reader->text[reader->at]) {
        char c = reader->text[reader->at];
        if (quote == '\'' && c != '\'') {
            g_string_append_c(value, c);
            reader->at++;
        } else if (c == quote) {
            quote = 0;
            reader->at++;
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            reader->at++;
        } else if (c == '\\') {
            read_backslash(reader, value, quote == '"');
        } else if (c == '$') {
            read_dollar(reader, var, value);
        } else if (c == '`') {
            read_backquotes(reader, var, value);
        } else if (!quote && ends_word(c)) {
            return;
        } else {
            g_string_append_c(value, c);
            reader->at++;
        }
    }
    var->computed |= quote != 0;
}

static void read_array(Reader *reader, VvShellVar *var, GString *value)
{
    gsize begin = reader->at;

    reader->at = skip_brackets(reader->text, reader->at, '(', ')');
    gboolean closed = reader->at > begin + 1 && reader->text[reader->at - 1] == ')';
    gsize length = reader->at - begin - (closed ? 2u : 1u);
    var->array = TRUE;
    g_string_append_len(value, reader->text + begin + 1, (gssize)length);
    var->computed = !closed || strstr(value->str, "$(") || strchr(value->str, '`');
}

static guint line_of(const char *text, gsize at)
{
    guint line = 1;

    for (gsize i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

/* NAME=, NAME+= or NAME[key]=: its length with the "=", 0: it is something else. */
static gsize assignment_length(const char *text)
{
    gsize length = 0;

    if (!is_name(*text) || g_ascii_isdigit(*text))
        return 0;
    while (is_name(text[length]))
        length++;
    if (text[length] == '[') {
        gsize close = strcspn(text + length, "]\n=");
        if (text[length + close] != ']')
            return 0;
        length += close + 1;
    }
    if (text[length] == '+')
        length++;
    return text[length] == '=' ? length + 1 : 0;
}

static void skip_blanks(Reader *reader)
{
    while (strchr(" \t", reader->text[reader->at]) && reader->text[reader->at])
        reader->at++;
}

static void read_assignment(Reader *reader, gsize length)
{
    VvShellVar *var = g_new0(VvShellVar, 1);
    g_autoptr(GString) value = g_string_new(NULL);
    const char *name = reader->text + reader->at;

    var->append = name[length - 2] == '+';
    var->name = g_strndup(name, length - (var->append ? 2 : 1));
    var->line = line_of(reader->text, reader->at);
    reader->at += length;
    var->start = reader->at;
    if (reader->text[reader->at] == '(')
        read_array(reader, var, value);
    else
        read_word(reader, var, value);
    var->end = reader->at;
    var->value = g_strdup(value->str);
    var->computed |= reader->depth > 0;
    skip_blanks(reader);
    /* "NAME=x program": for the program alone. */
    if (!strchr("\n;#&|", reader->text[reader->at]) && !assignment_length(reader->text + reader->at))
        var_free(var);
    else
        g_ptr_array_add(reader->vars, var);
}

/* To the end of the command, over its quotes. */
static void skip_command(Reader *reader)
{
    VvShellVar ignored = {0};
    g_autoptr(GString) value = g_string_new(NULL);

    while (reader->text[reader->at] && !strchr("\n;", reader->text[reader->at])) {
        gsize before = reader->at;
        read_word(reader, &ignored, value);
        skip_blanks(reader);
        if (reader->text[reader->at] == '#' && reader->at > before)
            reader->at += strcspn(reader->text + reader->at, "\n");
        else if (reader->at == before)
            reader->at++;
    }
}

static void read_command(Reader *reader)
{
    static const char *const opening[] = {"if", "for", "while", "until", "case", "{", NULL};
    static const char *const closing[] = {"fi", "done", "esac", "}", NULL};
    static const char *const within[] = {"then", "else", "do", NULL};
    const char *text = reader->text + reader->at;
    g_autofree char *word = g_strndup(text, strcspn(text, " \t\n;"));

    if (g_strv_contains(opening, word) || g_str_has_suffix(word, "()"))
        reader->depth += !g_str_has_suffix(word, "()");
    else if (g_strv_contains(closing, word) && reader->depth)
        reader->depth--;
    if (g_strv_contains(within, word) || strcmp(word, "{") == 0 || g_str_has_suffix(word, "()"))
        reader->at += strlen(word);
    else if (strcmp(word, "export") == 0 || strcmp(word, "readonly") == 0)
        reader->at += strlen(word);
    else
        skip_command(reader);
}

GPtrArray *vv_shell_vars(const char *text)
{
    Reader reader = {.text = text, .vars = g_ptr_array_new_with_free_func(var_free)};

    while (text[reader.at]) {
        gsize length = assignment_length(text + reader.at);
        if (strchr(" \t\n;&|", text[reader.at]))
            reader.at++;
        else if (text[reader.at] == '#')
            reader.at += strcspn(text + reader.at, "\n");
        else if (length)
            read_assignment(&reader, length);
        else
            read_command(&reader);
    }
    return reader.vars;
}

const VvShellVar *vv_shell_last(const GPtrArray *vars, const char *name)
{
    for (guint i = vars->len; i-- > 0;) {
        const VvShellVar *var = vars->pdata[i];
        if (strcmp(var->name, name) == 0)
            return var;
    }
    return NULL;
}

char *vv_shell_value(const char *text, const char *name)
{
    g_autoptr(GPtrArray) vars = vv_shell_vars(text ? text : "");
    const VvShellVar *var = vv_shell_last(vars, name);

    return var ? g_strdup(var->value) : NULL;
}

/* The quote or bracket around the whole of it; 0: none. -1: it is made of several parts. */
static int around(const char *text, const VvShellVar *var)
{
    const char *raw = text + var->start;
    gsize length = var->end - var->start;
    g_autofree char *all = g_strndup(raw, length);

    if (var->array)
        return '(';
    if (length >= 2 && (*raw == '"' || *raw == '\'')) {
        gsize at = 1;
        while (at < length - 1 && raw[at] != *raw)
            at += raw[at] == '\\' && *raw == '"' && at + 2 < length ? 2 : 1;
        return at == length - 1 && raw[at] == *raw ? *raw : -1;
    }
    return strpbrk(all, "\"'\\") ? -1 : 0;
}

char *vv_shell_inner(const char *text, const VvShellVar *var)
{
    int quote = around(text, var);
    gsize skip = quote ? 1 : 0;

    if (var->computed || quote < 0)
        return NULL;
    g_autofree char *inner = g_strndup(text + var->start + skip, var->end - var->start - 2 * skip);
    if (strstr(inner, "\\\n") || (quote == '(' && strchr(inner, '#')))
        return NULL;
    return g_steal_pointer(&inner);
}

char *vv_shell_replace(const char *text, const VvShellVar *var, const char *inner)
{
    int quote = around(text, var);
    g_autoptr(GString) whole = g_string_new_len(text, (gssize)var->start);

    if (quote == '(')
        g_string_append_printf(whole, "(%s)", inner);
    else
        g_string_append_printf(whole, "%c%s%c", quote ? quote : '"', inner, quote ? quote : '"');
    g_string_append(whole, text + var->end);
    return g_string_free(g_steal_pointer(&whole), FALSE);
}
