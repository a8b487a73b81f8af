/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains/ini.h"
#include "vfio/address.h"
#include "vfio/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Sections, and keys in each: each is compared with all before it. */
#define MAX_PARTS 1000

char *vv_ini_read_file(const char *path, gsize *ret_length, GError **error)
{
    FILE *file = fopen(path, "re");
    g_autofree char *text = g_malloc(VV_INI_MAX + 1);
    gsize length = file ? fread(text, 1, VV_INI_MAX + 1, file) : 0;
    int problem = !file || ferror(file) ? errno : 0;

    if (file)
        fclose(file);
    if (problem) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: cannot be read: %s", path, g_strerror(problem));
        return NULL;
    }
    if (length > VV_INI_MAX) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: more than 1 MiB; this is no VM file", path);
        return NULL;
    }
    *ret_length = length;
    return g_realloc(g_steal_pointer(&text), length + 1);
}

/* Cuts a comment off and returns it, or NULL. Only a blank before it makes ';' or '#' one, because
 * "01:00.0;01:00.1" is a value. */
static char *cut_comment(char *value)
{
    for (char *c = value; *c; c++)
        if ((*c == ';' || *c == '#') && (c == value || g_ascii_isspace(c[-1]))) {
            *c = '\0';
            return c + 1;
        }
    return NULL;
}

/* Takes the quotes off in place. FALSE without a closing one, with an escape that there is not, and with
 * anything but a comment behind it. */
static gboolean unquote(char *value)
{
    char *from = value + 1, *to = value;

    for (; *from && *from != '"'; from++, to++) {
        *to = *from;
        if (*from != '\\')
            continue;
        from++;
        if (*from != 'n' && *from != '"' && *from != '\\')
            return FALSE;
        *to = *from == 'n' ? '\n' : *from;
    }
    if (*from != '"')
        return FALSE;
    cut_comment(from + 1);
    *to = '\0';
    return !*g_strchug(from + 1);
}

/* "host = 01:00.0 ;01:00.1": the second function would be lost to a comment without a word. */
static gboolean hides_address(const char *comment)
{
    g_autofree char *first = g_strchug(g_strdup(comment ? comment : ""));
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    first[strcspn(first, " \t;#")] = '\0';
    return *first && vv_selector_parse(first, selectors, NULL);
}

typedef struct {
    VvIni *ini;
    VvIniSection *section; /* the current one */
    guint line;
} Scan;

static gboolean G_GNUC_PRINTF(3, 4) scan_error(const Scan *scan, GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s:%u: %s", scan->ini->path, scan->line, text);
    return FALSE;
}

static gboolean scan_section(Scan *scan, char *line, GError **error)
{
    char *end = strchr(line, ']');
    char *name = NULL;
    const VvIniSection *before;

    if (end)
        cut_comment(end + 1);
    if (!end || *g_strchug(end + 1))
        return scan_error(scan, error, "a section is written [vm] or [device NAME]");
    *end = '\0';
    line = g_strstrip(line + 1);
    name = strpbrk(line, " \t");
    if (name) {
        *name = '\0';
        name = g_strchug(name + 1);
    }
    if (!vv_name_valid(line) || (name && !vv_name_valid(name)))
        return scan_error(
            scan, error,
            "a section's name has 1 to 64 letters, digits, '.', '_' and '-', as in [device gpu]");
    before = vv_ini_section(scan->ini, line, name);
    if (before)
        return scan_error(scan, error, "[%s%s%s]: this section is there twice, first on line %u", line,
                          name ? " " : "", name ? name : "", before->line);
    if (scan->ini->sections->len == MAX_PARTS)
        return scan_error(scan, error, "more than %d sections; this is no VM file", MAX_PARTS);
    scan->section = vv_ini_add_section(scan->ini, line, name, scan->line);
    return TRUE;
}

/* What a value may be besides what its key makes of it. `comment`: what was behind it, or NULL. */
static gboolean check_value(const Scan *scan, const char *name, const char *value, const char *comment,
                            GError **error)
{
    g_autofree char *no_breaks = g_strdelimit(g_strdup(value), "\n", ' ');

    if (!*value)
        vv_ini_set_error(error, scan->ini, scan->section, name, "has no value");
    else if (vv_has_control(no_breaks))
        vv_ini_set_error(error, scan->ini, scan->section, name, "there is a control character in the value");
    else if (g_str_equal(name, "host") && hides_address(comment))
        vv_ini_set_error(error, scan->ini, scan->section, name,
                         "what follows the blank is a comment; write addresses as 01:00.0;01:00.1");
    else
        return TRUE;
    return FALSE;
}

static gboolean scan_key(Scan *scan, char *line, GError **error)
{
    char *value = strchr(line, '=');
    const char *comment = NULL;
    const VvIniKey *before;
    gboolean closed = TRUE;

    if (!value)
        return scan_error(scan, error, "neither a [section] nor key = value");
    *value++ = '\0';
    g_strchomp(line);
    if (!vv_name_valid(line))
        return scan_error(scan, error, "what stands before '=' is not a key");
    if (!scan->section)
        return scan_error(scan, error, "%s: a key before the first section; begin with [vm]", line);
    before = vv_ini_key(scan->section, line);
    if (before)
        return scan_error(scan, error, "[%s%s%s] %s: this key is there twice, first on line %u",
                          scan->section->type, scan->section->name ? " " : "",
                          scan->section->name ? scan->section->name : "", line, before->line);
    if (scan->section->keys->len == MAX_PARTS)
        return scan_error(scan, error, "more than %d keys in one section", MAX_PARTS);
    value = g_strchug(value);
    if (*value == '"')
        closed = unquote(value);
    else {
        comment = cut_comment(value);
        g_strchomp(value);
    }
    vv_ini_add_key(scan->section, line, value, scan->line);
    if (closed)
        return check_value(scan, line, value, comment, error);
    vv_ini_set_error(error, scan->ini, scan->section, line,
                     "a value that begins with '\"' has to end with one; in between, write '\\\"' for it, "
                     "'\\\\' for '\\' and '\\n' for a line break");
    return FALSE;
}

VvIni *vv_ini_parse(const char *path, const char *text, gsize length, GError **error)
{
    g_autoptr(VvIni) ini = vv_ini_new(path);
    g_autofree char *copy = g_strndup(text, length);
    Scan scan = {.ini = ini};

    if (!g_utf8_validate_len(text, length, NULL)) {
        g_set_error(error, VV_ERROR, VV_ERROR_USAGE, "%s: not a text file in UTF-8", path);
        return NULL;
    }
    for (char *next = copy; next;) {
        char *line = next;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        scan.line++;
        g_strstrip(line); /* takes the '\r' of Windows' editors too */
        if (!*line || *line == '#' || *line == ';')
            continue;
        if (*line == '[' ? !scan_section(&scan, line, error) : !scan_key(&scan, line, error))
            return NULL;
    }
    return g_steal_pointer(&ini);
}
