/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline.h"
#include "vfio/boot/facts.h"
#include "vfio/boot/shellvar.h"
#include "vfio/ready/advice.h"

#include <string.h>

/* GRUB's configuration is a shell script: what sed and people who know no shell break in it. */

/* The line in which quotes are opened that nobody closes; 0: all are closed. */
static guint find_open_quote(const char *text)
{
    char quote = '\0';
    guint line = 1, opened = 0;

    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            line++;
        if (*c == '\\' && c[1] && quote != '\'') {
            c++;
            line += *c == '\n';
        } else if (quote) {
            quote = *c == quote ? '\0' : quote;
        } else if (*c == '#' && (c == text || strchr(" \t\n;", c[-1]))) {
            c += strcspn(c, "\n") - 1;
        } else if (*c == '"' || *c == '\'') {
            quote = *c;
            opened = line;
        }
    }
    return quote ? opened : 0;
}

static gboolean refers_to(const char *value, const char *variable)
{
    g_autofree char *plain = g_strconcat("$", variable, NULL), *braces = g_strconcat("${", variable, NULL);

    return strstr(value, plain) || strstr(value, braces);
}

/* What was set before and is not any more. */
static void judge_lost(VvReadyAdvice *advice, VvReadyAdvicePlace place, const VvShellVar *var,
                       const char *before)
{
    g_auto(GStrv) old = vv_ready_advice_words(before);

    for (char **word = old; *word; word++) {
        g_autofree char *shown = vv_ready_advice_shown(*word);
        if (!vv_ready_advice_is_ours(*word) || vv_cmdline_has(var->value, *word))
            continue;
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup_printf("write: %s=\"$%s %s\"", var->name, var->name, var->value),
                            "%s is set anew, and %s, which an earlier line sets, is lost", var->name, shown);
    }
}

/* KEY=quiet intel_iommu=on: the shell sets two variables. */
static void judge_quotes(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *text,
                         const VvShellVar *var)
{
    g_autofree char *rest = g_strndup(text + var->end, strcspn(text + var->end, "\n"));
    g_auto(GStrv) words = vv_ready_advice_words(rest);

    if (!words[0] || *words[0] == '#' || !g_ascii_isspace(*rest))
        return;
    g_autofree char *all = g_strjoinv(" ", words), *shown = vv_ready_advice_shown(all);
    vv_ready_advice_add(advice, place, VV_READY_WARN,
                        g_strdup_printf("write: %s=\"%s %s\"", var->name, var->value, shown),
                        "without quotes %s ends at the first blank, and '%s' is not in it", var->name, shown);
}

static void judge_var(VvReadyAdvice *advice, const char *path, const char *text, const VvShellVar *var)
{
    const char *before = g_hash_table_lookup(advice->assigned, var->name);
    gboolean keeps = var->append || refers_to(var->value, var->name);
    VvReadyAdvicePlace place = {path, var->line};

    judge_quotes(advice, place, text, var);
    if (before && !keeps)
        judge_lost(advice, place, var, before);
    g_hash_table_replace(advice->assigned, g_strdup(var->name),
                         g_strconcat(keeps && before ? before : "", " ", var->value, NULL));
}

static void read_one(VvReadyAdvice *advice, const char *path)
{
    g_autofree char *text = vv_ready_advice_read(advice, path);
    guint open = text ? find_open_quote(text) : 0;

    if (open)
        vv_ready_advice_add(advice, (VvReadyAdvicePlace){path, open}, VV_READY_FAIL,
                            g_strdup_printf("close the quotes; 'sh -n /%s' says when it is right", path),
                            "quotes are opened and not closed, and GRUB's menu cannot be made anew");
    if (!text || open)
        return;
    g_autoptr(GPtrArray) vars = vv_shell_vars(text);
    for (guint i = 0; i < vars->len; i++) {
        const VvShellVar *var = vars->pdata[i];
        if (g_str_has_prefix(var->name, "GRUB_CMDLINE_LINUX") && !var->computed)
            judge_var(advice, path, text, var);
    }
}

void vv_ready_advice_grub(VvReadyAdvice *advice)
{
    VvBootKind kind = advice->ready->stack->kind;

    if (kind != VV_BOOT_GRUB_DROPIN && kind != VV_BOOT_GRUB_PLAIN && kind != VV_BOOT_SUSE_GRUB)
        return;
    read_one(advice, "etc/default/grub");
    if (kind != VV_BOOT_GRUB_DROPIN)
        return;
    g_autoptr(GPtrArray) names = vv_boot_names(advice->ready->sysfs, "etc/default/grub.d", ".cfg");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat("etc/default/grub.d/", names->pdata[i], NULL);
        read_one(advice, path);
    }
}
