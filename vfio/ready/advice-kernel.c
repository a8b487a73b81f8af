/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/acs.h"
#include "vfio/boot/cmdline.h"
#include "vfio/iommu.h"
#include "vfio/ready/advice.h"

#include <string.h>

/* Arguments of the kernel that mean nothing or do harm, whether they run or are written down. */

typedef struct {
    VvReadyAdvice *advice;
    VvReadyAdvicePlace place;
    const char *key, *value;
} Argument;

/* Documentation/admin-guide/kernel-parameters.txt of Linux 6.12, and what older ones knew. */
static const char *const intel_values[] = {"on",      "off",   "igfx_off", "forcedac",      "strict",
                                           "sp_off",  "sm_on", "sm_off",   "tboot_noforce", "nobounce",
                                           "ecs_off", NULL};
static const char *const amd_values[] = {
    "off",      "fullflush",   "force_enable", "force_isolation", "pgtbl_v1",
    "pgtbl_v2", "irtcachedis", "nohugepages",  "v2_pgsizes_only", NULL};
static const char *const x86_values[] = {
    "off",     "force",     "noforce", "biomerge", "panic",    "nopanic",    "merge",
    "nomerge", "soft",      "pt",      "nopt",     "forcesac", "allowdac",   "nodac",
    "usedac",  "fullflush", "strict",  "memaper",  "noagp",    "noaperture", NULL};

static VvCpuVendor maker(const VvReadyAdvice *advice)
{
    return vv_iommu_vendor(advice->ready->sysfs, advice->ready->topology);
}

static gboolean is_intel(const VvReadyAdvice *advice)
{
    return maker(advice) == VV_CPU_INTEL;
}

static gboolean is_amd(const VvReadyAdvice *advice)
{
    return maker(advice) == VV_CPU_AMD;
}

/* Is the argument one of the other maker's driver, which this host does not have? */
static gboolean is_others(const VvReadyAdvice *advice, const char *key)
{
    return (is_amd(advice) && strcmp(key, "intel_iommu") == 0) ||
           (is_intel(advice) && strcmp(key, "amd_iommu") == 0);
}

/* Where a tool keeps the arguments, how it is told to forget one. */
static char *take_out(const VvReadyAdvice *advice, const char *word)
{
    switch (advice->ready->stack->kind) {
    case VV_BOOT_GRUB_BLS:
        return g_strdup_printf("run: grubby --update-kernel=ALL --remove-args=\"%s\"", word);
    case VV_BOOT_RPM_OSTREE:
        return g_strdup_printf("run: rpm-ostree kargs --delete-if-present=\"%s\"", word);
    default:
        return g_strdup_printf("take %s out", word);
    }
}

static char *instead(const VvReadyAdvice *advice, const char *key, const char *bad)
{
    if (strcmp(bad, "pt") == 0)
        return g_strdup_printf("write iommu=pt as an argument of its own%s",
                               is_amd(advice) ? "; an AMD IOMMU is on by itself" : ", beside intel_iommu=on");
    if (is_amd(advice))
        return g_strdup_printf("take %s=%s out; an AMD IOMMU is on by itself", key, bad);
    if (is_intel(advice) && strcmp(key, "iommu") == 0)
        return g_strdup("write intel_iommu=on instead");
    return g_strdup_printf("take %s=%s out; intel_iommu=on is for Intel, AMD needs nothing", key, bad);
}

static void judge_values(const Argument *a, const char *const *known)
{
    g_auto(GStrv) values = g_strsplit(a->value, ",", -1);

    for (char **value = values; *value; value++) {
        g_autofree char *shown = vv_ready_advice_shown(*value),
                        *whole = g_strconcat(a->key, "=", shown, NULL);
        if (strcmp(*value, "off") == 0 && is_others(a->advice, a->key))
            vv_ready_advice_add(a->advice, a->place, VV_READY_INFO, take_out(a->advice, whole),
                                "%s=off does nothing on a host with the other maker's IOMMU", a->key);
        else if (strcmp(*value, "off") == 0)
            vv_ready_advice_add(a->advice, a->place, VV_READY_FAIL, take_out(a->advice, whole),
                                "%s=off switches the IOMMU off, and without it no device can go to a guest",
                                a->key);
        else if (strcmp(a->key, "amd_iommu") == 0 && strcmp(*value, "on") == 0)
            vv_ready_advice_add(a->advice, a->place, VV_READY_INFO,
                                g_strdup("take amd_iommu=on out, it does no harm either"),
                                "amd_iommu=on does nothing: an AMD IOMMU is on by itself");
        else if (!g_strv_contains(known, *value))
            vv_ready_advice_add(a->advice, a->place, VV_READY_WARN, instead(a->advice, a->key, shown),
                                "%s does not know the value '%s', which does nothing", a->key, shown);
    }
}

static void judge_intel(const Argument *a)
{
    judge_values(a, intel_values);
    if (is_amd(a->advice) && strcmp(a->value, "on") == 0)
        vv_ready_advice_add(a->advice, a->place, VV_READY_INFO,
                            g_strdup("take intel_iommu=on out, it does no harm either"),
                            "intel_iommu=on does nothing on a host with an AMD IOMMU");
}

static void judge_amd(const Argument *a)
{
    judge_values(a, amd_values);
}

static void judge_iommu(const Argument *a)
{
    judge_values(a, x86_values);
}

/* simpledrm draws on simple-framebuffer and asks no video= (drivers/gpu/drm/tiny/simpledrm.c). */
static void judge_video(const Argument *a)
{
    if ((g_str_has_prefix(a->value, "efifb:off") || g_str_has_prefix(a->value, "vesafb:off") ||
         g_str_has_prefix(a->value, "simplefb:off")) &&
        vv_sysfs_exists(a->advice->ready->sysfs, "sys/bus/platform/devices/simple-framebuffer.0"))
        vv_ready_advice_add(
            a->advice, a->place, VV_READY_WARN,
            g_strdup("write initcall_blacklist=sysfb_init instead; the screen then stays dark until a "
                     "graphics driver is loaded"),
            "video=%s does not stop simpledrm, which holds the firmware's frame buffer here", a->value);
}

static void judge_override(const Argument *a)
{
    VvAcsOverride patch = vv_acs_override(a->advice->ready->sysfs);

    if (patch == VV_ACS_OVERRIDE_ABSENT)
        vv_ready_advice_add(a->advice, a->place, VV_READY_WARN,
                            g_strdup("take it out; virt-vfio list --groups says what else can help"),
                            "this kernel lacks the ACS override patch, so pcie_acs_override= does nothing");
    else
        vv_ready_advice_add(
            a->advice, a->place, VV_READY_WARN,
            g_strdup("take it out if the groups are small enough without; virt-vfio list --groups says "
                     "what else can help"),
            "%spcie_acs_override= makes groups smaller than the hardware does: guests may reach other "
            "devices' memory behind the IOMMU's back",
            patch == VV_ACS_OVERRIDE_UNKNOWN ? "if this kernel has the ACS override patch, " : "");
}

static void judge_pci(const Argument *a)
{
    g_auto(GStrv) values = g_strsplit(a->value, ",", -1);

    if (g_strv_contains((const char *const *)values, "nommconf"))
        vv_ready_advice_add(
            a->advice, a->place, VV_READY_WARN, g_strdup("take nommconf out of pci="),
            "pci=nommconf hides the extended configuration space, and with it ACS: groups grow");
    if (g_strv_contains((const char *const *)values, "realloc") ||
        g_strv_contains((const char *const *)values, "realloc=on"))
        vv_ready_advice_add(
            a->advice, a->place, VV_READY_INFO,
            g_strdup("take realloc out of pci= unless 'virt-vfio check' says that BARs have no room"),
            "pci=realloc is seldom needed, and may move devices that the firmware placed well");
}

static void judge_aspm(const Argument *a)
{
    if (strcmp(a->value, "off") == 0)
        vv_ready_advice_add(a->advice, a->place, VV_READY_INFO,
                            g_strdup("take it out unless a device drops off the bus without it"),
                            "pcie_aspm=off is seldom needed, and the host draws more power");
}

static void judge_ban(const Argument *a)
{
    g_auto(GStrv) modules = g_strsplit(a->value, ",", -1);

    for (char **module = modules; *module; module++)
        if (**module)
            vv_ready_advice_add_ban(a->advice, a->place, *module);
}

static void judge_early(const Argument *a)
{
    g_auto(GStrv) modules = g_strsplit(a->value, ",", -1);

    for (char **module = modules; *module; module++)
        a->advice->early |= strcmp(g_strdelimit(*module, "-", '_'), "vfio_pci") == 0;
}

static const struct {
    const char *key;
    void (*judge)(const Argument *argument);
} arguments[] = {
    {"intel_iommu", judge_intel},
    {"amd_iommu", judge_amd},
    {"iommu", judge_iommu},
    {"video", judge_video},
    {"pcie_acs_override", judge_override},
    {"pci", judge_pci},
    {"pcie_aspm", judge_aspm},
    {"modprobe.blacklist", judge_ban},
    {"module_blacklist", judge_ban},
    {"rd.driver.blacklist", judge_ban},
    {"rd.driver.pre", judge_early},
};

static void judge_known(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *word)
{
    g_auto(GStrv) pair = g_strsplit(word, "=", 2);
    const char *key = g_strdelimit(pair[0], "-", '_');
    g_autofree char *value = g_strdup(pair[1] ? pair[1] : "");
    const Argument argument = {advice, place, key, g_strstrip(g_strdelimit(value, "\"", ' '))};
    const char *dot = strchr(key, '.');

    for (guint i = 0; i < G_N_ELEMENTS(arguments); i++)
        if (strcmp(key, arguments[i].key) == 0) {
            arguments[i].judge(&argument);
            return;
        }
    if (dot) {
        g_autofree char *module = g_strndup(key, (gsize)(dot - key));
        g_autofree char *parameter = g_strconcat(dot + 1, "=", value, NULL);
        vv_ready_advice_parameter(advice, place, module, parameter);
    }
}

/* What is wrong is not to be made effective or kept: no row "cmdline" is about it. */
static void judge_word(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *word)
{
    guint before = advice->in_file;

    judge_known(advice, place, word);
    if (advice->in_file != before)
        g_hash_table_add(advice->wrong, g_strdup(word));
}

/* The place where a running argument is written down: one that people edit before one that a program made.
 * NULL: none. */
static const VvBootLine *find_written(const GPtrArray *lines, const char *word)
{
    const VvBootLine *found = NULL;

    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (vv_cmdline_has(line->arguments, word) && (!found || (found->generated && !line->generated)))
            found = line;
    }
    return found;
}

static const char *below_root(const char *path)
{
    return path + (*path == '/');
}

/* Takes effect on modules, if it is read at all. */
static gboolean is_for_modules(const char *word)
{
    g_autofree char *key = g_strndup(word, strcspn(word, "="));

    return strstr(key, "blacklist") || strstr(key, "driver") || strchr(key, '.');
}

static void judge_line(VvReadyAdvice *advice, const VvBootLine *line)
{
    g_autoptr(GPtrArray) words = vv_cmdline_parse(line->arguments);

    advice->in_file = 0;
    for (guint i = 0; i < words->len; i++)
        if (line->effective || !is_for_modules(words->pdata[i]))
            judge_word(advice, (VvReadyAdvicePlace){below_root(line->path), line->line}, words->pdata[i]);
}

void vv_ready_advice_kernel(VvReadyAdvice *advice, const GPtrArray *lines)
{
    g_autoptr(GPtrArray) words = vv_cmdline_parse(advice->cmdline);
    /* Those of files that are not read too: people copy them to where they are. */
    for (guint i = 0; i < lines->len; i++) {
        const VvBootLine *line = lines->pdata[i];
        if (line->generated)
            continue;
        g_hash_table_add(advice->files, g_strdup(below_root(line->path)));
        judge_line(advice, line);
    }
    advice->in_file = 0;
    g_hash_table_add(advice->files, g_strdup("proc/cmdline"));
    for (guint i = 0; i < words->len; i++) {
        const VvBootLine *line = find_written(lines, words->pdata[i]);
        /* What people edit was judged there. */
        if (line && !line->generated)
            continue;
        judge_word(advice,
                   line ? (VvReadyAdvicePlace){below_root(line->path), line->line}
                        : (VvReadyAdvicePlace){"proc/cmdline", 0},
                   words->pdata[i]);
    }
}
