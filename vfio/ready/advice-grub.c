/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline.h"
#include "vfio/ready/advice.h"

#include <string.h>

/* GRUB's configuration is a shell script: what an editor that knows no shell breaks in it. */

static gboolean is_balanced(const char *value)
{
    gboolean in_single = FALSE, in_double = FALSE;

    for (; *value; value++) {
        if (*value == '\\' && value[1] && !in_single)
            value++;
        else if (*value == '"' && !in_single)
            in_double = !in_double;
        else if (*value == '\'' && !in_double)
            in_single = !in_single;
        else if (*value == '#' && !in_single && !in_double)
            break;
    }
    return !in_single && !in_double;
}

static gboolean refers_to(const char *value, const char *variable)
{
    g_autofree char *plain = g_strconcat("$", variable, NULL), *braces = g_strconcat("${", variable, NULL);

    return strstr(value, plain) || strstr(value, braces);
}

/* What was set before and is not any more. */
static void judge_lost(VvAdvice *advice, VvPlace place, const char *variable, const char *before,
                       const char *value)
{
    g_auto(GStrv) old = vv_advice_words(before);

    for (char **word = old; *word; word++) {
        g_autofree char *shown = vv_advice_shown(*word);
        if (!vv_advice_is_ours(*word) || vv_cmdline_has(value, *word))
            continue;
        vv_advice_add(advice, place, VV_READY_WARN,
                      g_strdup_printf("write: %s=\"$%s ...\", or add %s here", variable, variable, shown),
                      "%s is set anew, and %s, which an earlier line sets, is lost", variable, shown);
    }
}

static void visit(VvAdvice *advice, VvPlace place, char *line)
{
    char *equals = strchr(line, '=');

    if (!g_str_has_prefix(line, "GRUB_CMDLINE_LINUX") || !equals)
        return;
    g_autofree char *variable = g_strndup(line, (gsize)(equals - line));
    gboolean adds = g_str_has_suffix(variable, "+");
    char *value = equals + 1;
    if (adds)
        variable[strlen(variable) - 1] = '\0';
    if (!is_balanced(value)) {
        vv_advice_add(advice, place, VV_READY_FAIL, g_strdup("close the quotes, then look at it with: sh -n"),
                      "the quotes of %s are not closed, and GRUB's configuration cannot be made", variable);
        return;
    }
    if (!strchr("\"'", *value) && strpbrk(value, " \t") && vv_advice_is_ours(strpbrk(value, " \t") + 1))
        vv_advice_add(advice, place, VV_READY_WARN, g_strdup_printf("write: %s=\"%s\"", variable, value),
                      "without quotes %s ends at the first blank", variable);
    g_strstrip(g_strdelimit(value, "\"'", ' '));
    const char *before = g_hash_table_lookup(advice->assigned, variable);
    gboolean keeps = adds || refers_to(value, variable);
    if (before && !keeps)
        judge_lost(advice, place, variable, before, value);
    g_hash_table_replace(advice->assigned, g_strdup(variable),
                         g_strconcat(keeps && before ? before : "", " ", value, NULL));
}

static void read_one(VvAdvice *advice, const char *path)
{
    g_autofree char *text = vv_advice_read(advice, path);

    if (text)
        vv_advice_lines(advice, path, text, "#", TRUE, visit);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void vv_advice_grub(VvAdvice *advice)
{
    VvBootKind kind = advice->ready->stack->kind;
    gboolean dropins = kind == VV_BOOT_GRUB_DROPIN;
    g_autoptr(GPtrArray) names = dropins ? vv_sysfs_list(advice->ready->sysfs, "etc/default/grub.d") : NULL;

    if (!dropins && kind != VV_BOOT_GRUB_PLAIN && kind != VV_BOOT_SUSE_GRUB)
        return;
    read_one(advice, "etc/default/grub");
    if (names)
        g_ptr_array_sort(names, by_text);
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_strconcat("etc/default/grub.d/", names->pdata[i], NULL);
        if (g_str_has_suffix(path, ".cfg"))
            read_one(advice, path);
    }
}
