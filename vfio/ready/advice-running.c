/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/cmdline.h"
#include "vfio/ready/advice.h"
#include "vfio/ready/ready-internal.h"

#include <string.h>

/* What is written down against what runs: rows "cmdline". */

gboolean vv_ready_advice_is_ours(const char *word)
{
    static const char *const keys[] = {"intel_iommu",
                                       "amd_iommu",
                                       "iommu",
                                       "iommu.passthrough",
                                       "iommu.strict",
                                       "pci",
                                       "pcie_aspm",
                                       "pcie_ports",
                                       "pcie_acs_override",
                                       "default_hugepagesz",
                                       "hugepagesz",
                                       "hugepages",
                                       "isolcpus",
                                       "nohz_full",
                                       "rcu_nocbs",
                                       "irqaffinity",
                                       "video",
                                       "efi",
                                       "initcall_blacklist",
                                       "modprobe.blacklist",
                                       "module_blacklist",
                                       "rd.driver.pre",
                                       "rd.driver.blacklist",
                                       "disable_idle_d3",
                                       NULL};
    static const char *const prefixes[] = {"vfio", "kvm.", "kvm_intel.", "kvm_amd.", "vfio_iommu_type1."};
    g_autofree char *key = g_strdelimit(g_strndup(word, strcspn(word, "=")), "-", '_');

    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(key, prefixes[i]))
            return TRUE;
    return g_strv_contains(keys, key);
}

/* A shell's variable is not an argument. */
static gboolean is_plain(const char *word)
{
    return !strpbrk(word, "$`\\");
}

static gboolean is_generated(const GPtrArray *lines, const char *word, gboolean *ret_any)
{
    *ret_any = FALSE;
    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (!line->generated)
            continue;
        *ret_any = TRUE;
        if (vv_cmdline_has(line->arguments, word))
            return TRUE;
    }
    return FALSE;
}

static gboolean is_effective(const GPtrArray *lines, const char *word)
{
    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (line->effective && vv_cmdline_has(line->arguments, word))
            return TRUE;
    }
    return FALSE;
}

static void judge_unapplied(VvReadyAdvice *advice, const VvBootLine *line, const char *word,
                            const GPtrArray *lines)
{
    g_autofree char *shown = vv_ready_advice_shown(word);
    g_autofree char *run = vv_ready_command(advice->ready->stack, shown);
    gboolean any;
    gboolean made = is_generated(lines, word, &any) || !*run;
    VvReadyRow *row =
        vv_ready_add(advice->rows, "cmdline", VV_READY_WARN,
                     "%s, line %u has %s, and the running kernel does not%s", line->path, line->line, shown,
                     made  ? ": this host was not rebooted since"
                     : any ? ": what it boots from was not made anew"
                           : "");

    row->remedy = made ? g_strdup("reboot") : g_strdup_printf("run: %s, then reboot", run);
    if (!made && !any && !advice->ready->is_root)
        row->root = g_strdup_printf("whether %s was run: what this host boots from is closed to others", run);
}

static void judge_elsewhere(VvReadyAdvice *advice, const VvBootLine *line, const char *word)
{
    const VvBootStack *stack = advice->ready->stack;
    g_autofree char *shown = vv_ready_advice_shown(word);
    VvReadyRow *row =
        vv_ready_add(advice->rows, "cmdline", VV_READY_WARN,
                     stack->kind == VV_BOOT_UNKNOWN
                         ? "%s, line %u has %s, and the running kernel does not; how this host boots is %s"
                         : "%s, line %u has %s, but this host boots by %s, which does not read that file",
                     line->path, line->line, shown, stack->name);

    row->remedy = vv_ready_boot_with(advice->ready, shown, NULL);
}

static void judge_line(VvReadyAdvice *advice, const VvBootLine *line, const GPtrArray *lines,
                       GHashTable *told)
{
    g_autoptr(GPtrArray) words = vv_cmdline_parse(line->arguments);

    for (guint i = 0; i < words->len; i++) {
        const char *word = words->pdata[i];
        if (!vv_ready_advice_is_ours(word) || !is_plain(word) || vv_cmdline_has(advice->cmdline, word) ||
            g_hash_table_contains(told, word) || g_hash_table_contains(advice->wrong, word))
            continue;
        if (line->effective)
            judge_unapplied(advice, line, word, lines);
        else if (!is_effective(lines, word))
            judge_elsewhere(advice, line, word);
        else
            continue;
        g_hash_table_add(told, g_strdup(word));
    }
}

static gboolean is_anywhere(const GPtrArray *lines, const char *word)
{
    for (guint i = 0; i < lines->len; i++)
        if (vv_cmdline_has(((const VvBootLine *)lines->pdata[i])->arguments, word))
            return TRUE;
    return FALSE;
}

/* What a variable of the boot loader's stands for is not known (tuned: $tuned_params), but for those that
 * Ubuntu and the files of GRUB have. */
static gboolean has_variable(const char *arguments)
{
    for (const char *at = arguments; (at = strpbrk(at, "$`")); at++)
        if (!g_str_has_prefix(at, "$vt_handoff") && !g_str_has_prefix(at, "$GRUB_CMDLINE_LINUX") &&
            !g_str_has_prefix(at, "${GRUB_CMDLINE_LINUX"))
            return TRUE;
    return FALSE;
}

/* Can all be read that the running kernel may have its arguments from? Else nothing can be said of what is
 * missing there. */
static gboolean knows_source(const VvReadyAdvice *advice, const GPtrArray *lines)
{
    gboolean edited = FALSE, generated = FALSE;

    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (line->effective && has_variable(line->arguments))
            return FALSE;
        edited |= line->effective && !line->generated;
        generated |= line->effective && line->generated;
    }
    return edited && (generated || advice->ready->is_root);
}

static void judge_unwritten(VvReadyAdvice *advice, const GPtrArray *lines)
{
    g_autoptr(GPtrArray) words = vv_cmdline_parse(advice->cmdline);

    for (guint i = 0; i < words->len; i++) {
        const char *word = words->pdata[i];
        if (!vv_ready_advice_is_ours(word) || is_anywhere(lines, word) ||
            g_hash_table_contains(advice->wrong, word))
            continue;
        g_autofree char *shown = vv_ready_advice_shown(word);
        VvReadyRow *row =
            vv_ready_add(advice->rows, "cmdline", VV_READY_WARN,
                         "%s runs, but is written nowhere: typed at the boot menu, it is gone after "
                         "the next boot",
                         shown);
        g_autofree char *how = vv_ready_boot_with(advice->ready, shown, NULL);
        row->remedy = g_strdup_printf("to keep it, %s", how);
    }
}

void vv_ready_advice_running(VvReadyAdvice *advice, const GPtrArray *lines)
{
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!*advice->cmdline)
        return;
    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (!line->generated)
            judge_line(advice, line, lines, told);
    }
    if (knows_source(advice, lines))
        judge_unwritten(advice, lines);
}
