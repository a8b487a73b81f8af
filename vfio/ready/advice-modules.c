/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"
#include "vfio/ready/advice.h"
#include "vfio/ready/ready-internal.h"

#include <string.h>

/* Lists of modules to load: modules(5), modules-load.d(5), and those of the initramfs generators. */

static gboolean is_modprobe_word(const char *word)
{
    static const char *const words[] = {"options", "softdep", "blacklist", "install", "alias", NULL};

    return g_strv_contains(words, word);
}

gboolean vv_ready_advice_is_graphics(const char *module)
{
    static const char *const names[] = {"nvidia", "nouveau", "amdgpu", "radeon", "i915", "xe", NULL};

    return g_strv_contains(names, module);
}

void vv_ready_advice_listed(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *module)
{
    /* "vfio: Fold vfio_virqfd.ko into vfio.ko" came with 6.2. */
    if (vv_module_same_name(module, "vfio_virqfd") && vv_ready_advice_kernel_is(advice, 6, 2))
        vv_ready_advice_add(
            advice, place, VV_READY_WARN, g_strdup("take vfio_virqfd out"),
            "vfio_virqfd is no module since Linux 6.2, and whatever loads this list reports a failure");
    else if (vv_module_same_name(module, "pci_vfio") || vv_module_same_name(module, "vfio_iommu"))
        vv_ready_advice_add(advice, place, VV_READY_WARN, g_strdup("write vfio_pci or vfio_iommu_type1"),
                            "there is no module '%s'", module);
}

/* `arguments`: may a name be followed by parameters (initramfs-tools(7))? */
static void judge_line(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *line, gboolean arguments)
{
    g_auto(GStrv) words = vv_ready_advice_words(line);
    g_autofree char *shown = vv_ready_advice_shown(line),
                    *second = words[1] ? vv_ready_advice_shown(words[1]) : NULL;

    if (is_modprobe_word(words[0]))
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup_printf("move the line to /etc/modprobe.d/vfio.conf, then run: %s",
                                            vv_ready_advice_rebuild(advice)),
                            "'%s' is a line for modprobe.d; here each line is a module's name", shown);
    else if (strchr(words[0], '=')) {
        g_autofree char *how = vv_ready_boot_with(advice->ready, shown, NULL);
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup_printf("take it out; if it is meant for the kernel: %s", how),
                            "'%s' is no module's name", shown);
    } else if (second && strstr(line, "vfio") && !(arguments && strchr(second, '=')))
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            strchr(second, '=')
                                ? g_strdup_printf("leave '%s' here, and write to /etc/modprobe.d/vfio.conf: "
                                                  "options %s %s",
                                                  words[0], words[0], second)
                                : g_strdup("write each name on a line of its own"),
                            "'%s': only the first word counts as a module", shown);
    if (!strchr(words[0], '='))
        vv_ready_advice_listed(advice, place, words[0]);
}

static void visit_loaded(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    judge_line(advice, place, line, FALSE);
}

/* Is vfio_pci in that list at all? */
static gboolean lists_vfio(const VvReadyAdvice *advice, const char *path)
{
    g_autofree char *text = vv_sysfs_read_all(advice->ready->sysfs, path, 65536);
    g_autofree char *lines = g_strconcat("\n", text, NULL);

    return strstr(lines, "\nvfio_pci") || strstr(lines, "\nvfio-pci");
}

static void visit_initramfs_tools(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    g_auto(GStrv) words = vv_ready_advice_words(line);

    judge_line(advice, place, line, TRUE);
    if (strstr(line, "vfio"))
        vv_ready_advice_add_input(advice, place.path);
    if (vv_module_same_name(words[0], "vfio_pci")) {
        advice->early = TRUE;
        for (char **word = words + 1; *word; word++)
            vv_ready_advice_parameter(advice, place, words[0], *word);
    } else if (!advice->early && vv_ready_advice_is_graphics(words[0]) && lists_vfio(advice, place.path)) {
        vv_ready_advice_add(advice, place, VV_READY_WARN, g_strdup_printf("move %s below vfio_pci", words[0]),
                            "%s is loaded before vfio-pci, and takes all its cards", words[0]);
    }
}

static void read_list(VvReadyAdvice *advice, const char *path, VvReadyAdviceLineFn visit)
{
    g_autofree char *text = vv_ready_advice_read(advice, path);

    if (text)
        vv_ready_advice_lines(advice, path, text, "#;", FALSE, visit);
}

void vv_ready_advice_modules(VvReadyAdvice *advice)
{
    g_autoptr(GPtrArray) paths = vv_ready_advice_conf_files(advice, "modules-load.d", ".conf");

    read_list(advice, "etc/modules", visit_loaded);
    for (guint i = 0; i < paths->len; i++) {
        /* Debian links modules.conf to /etc/modules. */
        g_autofree char *target = vv_sysfs_link_name(advice->ready->sysfs, paths->pdata[i]);
        if (g_strcmp0(target, "modules") != 0)
            read_list(advice, paths->pdata[i], visit_loaded);
    }
    read_list(advice, "etc/initramfs-tools/modules", visit_initramfs_tools);
}
