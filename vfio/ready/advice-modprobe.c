/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"
#include "vfio/ready/advice.h"

#include <string.h>

/* modprobe.d(5), and parameters of modules wherever they stand. */

void vv_ready_advice_add_held(VvReadyAdvice *advice, const char *module)
{
    g_ptr_array_add(advice->held, g_strdup(module));
}

void vv_ready_advice_add_input(VvReadyAdvice *advice, const char *path)
{
    for (guint i = 0; i < advice->inputs->len; i++)
        if (strcmp(advice->inputs->pdata[i], path) == 0)
            return;
    g_ptr_array_add(advice->inputs, g_strdup(path));
}

static gboolean is_on(const char *value)
{
    return *value == '\0' || strchr("1yY", *value) || g_ascii_strcasecmp(value, "on") == 0;
}

/* What modinfo -p vfio_pci says, of any version since 3.6 (drivers/vfio/pci/vfio_pci.c). */
static void judge_vfio_pci(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *key,
                           const char *value)
{
    static const char *const known[] = {"ids",          "nointxmask",       "disable_vga", "disable_idle_d3",
                                        "enable_sriov", "disable_denylist", NULL};
    g_autofree char *shown = vv_ready_advice_shown(key), *list = vv_ready_advice_shown(value);

    if (strcmp(key, "ids") == 0)
        vv_ready_advice_add_ids(advice, place, value);
    else if (strstr(key, "ids") || strcmp(key, "id") == 0)
        vv_ready_advice_add(advice, place, VV_READY_WARN, g_strdup_printf("write ids=%s instead", list),
                            "vfio-pci has no parameter '%s', so it takes no device for this", shown);
    else if (!g_strv_contains(known, key))
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup("take it out; modinfo -p vfio-pci lists what there is"),
                            "vfio-pci has no parameter '%s'", shown);
}

void vv_ready_advice_parameter(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module,
                               const char *parameter)
{
    g_auto(GStrv) pair = g_strsplit(parameter, "=", 2);
    g_autofree char *value = g_strdup(pair[0] && pair[1] ? g_strdelimit(pair[1], "\"", ' ') : "");
    const char *key = pair[0] ? g_strdelimit(pair[0], "-", '_') : "";

    g_strstrip(value);
    if (vv_module_same_name(module, "vfio_pci"))
        judge_vfio_pci(advice, place, key, value);
    else if (vv_module_same_name(module, "vfio") && strcmp(key, "ids") == 0)
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup_printf("name the module vfio-pci: ids=%s", value),
                            "ids= is a parameter of vfio-pci, not of vfio");
    else if (vv_module_same_name(module, "vfio_iommu_type1") && is_on(value) &&
             strcmp(key, "allow_unsafe_interrupts") == 0)
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup("take allow_unsafe_interrupts out; where interrupt remapping is missing, switch it "
                     "on in the firmware"),
            "a guest with a device may send any interrupt to this host, which can take it over");
    else if (strcmp(module, "kvm") == 0 && strcmp(key, "ignore_msrs") == 0 && is_on(value))
        vv_ready_advice_add(advice, place, VV_READY_INFO,
                            g_strdup("take it out unless a guest stops without it"),
                            "kvm's ignore_msrs hides mistakes of all guests, and few need it");
}

/* softdep MODULE pre: A B post: C */
static void judge_softdep(VvReadyAdvice *advice, VvReadyAdvicePlace place, char **words)
{
    gboolean pre = FALSE;

    for (char **word = words + 2; words[1] && *word; word++) {
        if (g_str_has_suffix(*word, ":")) {
            pre = strcmp(*word, "pre:") == 0;
        } else if (pre && vv_module_same_name(*word, "vfio_pci")) {
            vv_ready_advice_add_held(advice, words[1]);
        } else if (pre && vv_module_same_name(words[1], "vfio_pci") && !g_str_has_prefix(*word, "vfio")) {
            g_autofree char *other = vv_ready_advice_shown(*word);
            vv_ready_advice_add(advice, place, VV_READY_WARN,
                                g_strdup_printf("turn it round: softdep %s pre: vfio-pci", other),
                                "this loads %s before vfio-pci, and so %s gets the device first", other,
                                other);
        }
    }
}

static void judge_options(VvReadyAdvice *advice, VvReadyAdvicePlace place, char **words)
{
    for (char **word = words + 2; words[1] && *word; word++)
        vv_ready_advice_parameter(advice, place, words[1], *word);
}

/* An install command that does nothing stands for "never". */
static void judge_install(VvReadyAdvice *advice, VvReadyAdvicePlace place, char **words)
{
    if (words[1] && words[2] && (g_str_has_suffix(words[2], "/false") || g_str_has_suffix(words[2], "/true")))
        vv_ready_advice_add_ban(advice, place, words[1]);
}

static void judge_unknown(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *line)
{
    g_autofree char *shown = vv_ready_advice_shown(line);

    if (strstr(line, "vfio"))
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup("a line here is 'options vfio-pci ids=VENDOR:DEVICE' or 'softdep DRIVER pre: "
                     "vfio-pci'"),
            "modprobe does not know '%s' and leaves the line out", shown);
}

static void visit(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    static const char *const others[] = {"alias", "remove", "weakdep", "config", "include", NULL};
    g_auto(GStrv) words = vv_ready_advice_words(line);

    if (strstr(line, "vfio"))
        vv_ready_advice_add_input(advice, place.path);
    if (strcmp(words[0], "options") == 0)
        judge_options(advice, place, words);
    else if (strcmp(words[0], "softdep") == 0)
        judge_softdep(advice, place, words);
    else if (strcmp(words[0], "blacklist") == 0 && words[1])
        vv_ready_advice_add_ban(advice, place, words[1]);
    else if (strcmp(words[0], "install") == 0)
        judge_install(advice, place, words);
    else if (!g_strv_contains(others, words[0]))
        judge_unknown(advice, place, line);
}

void vv_ready_advice_modprobe(VvReadyAdvice *advice)
{
    g_autoptr(GPtrArray) paths = vv_ready_advice_conf_files(advice, "modprobe.d", ".conf");

    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *text = vv_ready_advice_read(advice, paths->pdata[i]);
        if (text)
            vv_ready_advice_lines(advice, paths->pdata[i], text, "#", TRUE, visit);
    }
}
