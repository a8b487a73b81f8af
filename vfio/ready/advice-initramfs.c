/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/modules.h"
#include "vfio/ready/advice.h"

#include <string.h>

/* What dracut and mkinitcpio are told, and whether the images were made since. */

const char *vv_ready_advice_rebuild(const VvReadyAdvice *advice)
{
    switch (advice->ready->stack->initramfs) {
    case VV_INITRAMFS_TOOLS:
        return "update-initramfs -u -k all";
    case VV_INITRAMFS_DRACUT:
        return "dracut -f --regenerate-all";
    case VV_INITRAMFS_MKINITCPIO:
        return "mkinitcpio -P";
    case VV_INITRAMFS_BOOSTER:
        return "/usr/lib/booster/regenerate_images";
    case VV_INITRAMFS_RPM_OSTREE:
        return "rpm-ostree initramfs --enable";
    case VV_INITRAMFS_NIXOS:
        return "nixos-rebuild boot";
    default:
        return "the program that makes this system's initramfs";
    }
}

/* The text between the quotes or parentheses behind KEY= or KEY+=; NULL: the line is about something else. */
static char *value_of(const char *line, const char *key)
{
    gsize length = strlen(key);

    if (strncmp(line, key, length) != 0)
        return NULL;
    const char *value = line + length;
    value += *value == '+';
    if (*value++ != '=')
        return NULL;
    char closing = *value == '(' ? ')' : *value;
    if (!strchr("(\"'", *value) || !*value)
        return g_strdup(value);
    const char *end = strchr(value + 1, closing);
    return end ? g_strndup(value + 1, (gsize)(end - value - 1)) : g_strdup(value + 1);
}

/* Each file adds to one text: without blanks at the ends, its first word and the last one of another file are
 * glued together (dracut.conf(5)). */
static void judge_drivers(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *key, const char *value)
{
    g_auto(GStrv) words = vv_ready_advice_words(value);

    for (char **word = words; *word; word++) {
        vv_ready_advice_listed(advice, place, *word);
        advice->early |= strcmp(key, "force_drivers") == 0 && vv_module_same_name(*word, "vfio_pci");
    }
    if (!strstr(value, "vfio"))
        return;
    vv_ready_advice_add_input(advice, place.path);
    if (*value != ' ' || !g_str_has_suffix(value, " "))
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup_printf("write: %s+=\" %s \"", key, g_strstrip((char *)value)),
            "without a blank after the first quote and before the last one, dracut may glue the names "
            "to those of another file");
    if (strcmp(key, "add_drivers") == 0)
        vv_ready_advice_add(
            advice, place, VV_READY_INFO, g_strdup("write force_drivers+= instead"),
            "add_drivers copies the modules into the initramfs, and does not load them early");
}

static void visit_dracut(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    static const char *const keys[] = {"force_drivers", "add_drivers"};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *value = value_of(line, keys[i]);
        if (value)
            judge_drivers(advice, place, keys[i], value);
    }
}

static void visit_mkinitcpio(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    g_autofree char *modules = value_of(line, "MODULES"), *hooks = value_of(line, "HOOKS");
    g_auto(GStrv) words = vv_ready_advice_words(modules ? modules : "");
    const char *before = NULL;

    if (hooks)
        advice->hooked = strstr(hooks, "modconf") || strstr(hooks, "systemd-modconf");
    if (modules && strstr(modules, "vfio"))
        vv_ready_advice_add_input(advice, place.path);
    for (char **word = words; *word; word++) {
        vv_ready_advice_listed(advice, place, *word);
        if (!before && vv_ready_advice_is_graphics(*word))
            before = *word;
        if (!vv_module_same_name(*word, "vfio_pci"))
            continue;
        advice->early = TRUE;
        if (before)
            vv_ready_advice_add(advice, place, VV_READY_WARN,
                                g_strdup_printf("put vfio_pci vfio vfio_iommu_type1 in front of %s", before),
                                "%s is loaded before vfio-pci, and takes all its cards", before);
    }
}

static void read_one(VvReadyAdvice *advice, const char *path, VvReadyAdviceLineFn visit)
{
    g_autofree char *text = vv_ready_advice_read(advice, path);

    if (text)
        vv_ready_advice_lines(advice, path, text, "#", TRUE, visit);
}

static void read_folder(VvReadyAdvice *advice, const char *folder, VvReadyAdviceLineFn visit)
{
    g_autoptr(GPtrArray) paths = vv_ready_advice_conf_files(advice, folder, ".conf");

    for (guint i = 0; i < paths->len; i++)
        read_one(advice, paths->pdata[i], visit);
}

static gboolean has_modprobe_input(const VvReadyAdvice *advice)
{
    for (guint i = 0; i < advice->inputs->len; i++)
        if (strstr(advice->inputs->pdata[i], "modprobe.d/"))
            return TRUE;
    return FALSE;
}

void vv_ready_advice_initramfs(VvReadyAdvice *advice)
{
    VvInitramfsKind kind = advice->ready->stack->initramfs;

    advice->hooked = TRUE;
    if (kind == VV_INITRAMFS_DRACUT || kind == VV_INITRAMFS_RPM_OSTREE || kind == VV_INITRAMFS_UNKNOWN) {
        read_one(advice, "etc/dracut.conf", visit_dracut);
        read_folder(advice, "dracut.conf.d", visit_dracut);
    }
    if (kind == VV_INITRAMFS_MKINITCPIO || kind == VV_INITRAMFS_UNKNOWN) {
        read_one(advice, "etc/mkinitcpio.conf", visit_mkinitcpio);
        read_folder(advice, "mkinitcpio.conf.d", visit_mkinitcpio);
        if (advice->early && !advice->hooked && has_modprobe_input(advice))
            vv_ready_advice_add(
                advice, (VvReadyAdvicePlace){"etc/mkinitcpio.conf", 0}, VV_READY_WARN,
                g_strdup("add modconf to HOOKS, then run: mkinitcpio -P"),
                "HOOKS has no modconf, so the initramfs loads vfio-pci without the ids of modprobe.d");
    }
}

/* "initrd.img-6.1.0-30-amd64", "initramfs-linux.img": not what rescues or dumps, which is never rebuilt. */
static gboolean is_image(const char *name)
{
    return (g_str_has_prefix(name, "initrd") || g_str_has_prefix(name, "initramfs")) &&
           !strstr(name, "rescue") && !strstr(name, "kdump") && !strstr(name, "fallback") &&
           !g_str_has_suffix(name, ".old") && !g_str_has_suffix(name, ".bak") &&
           !g_str_has_suffix(name, ".old-dkms") && !g_str_has_suffix(name, ".new");
}

/* The configuration that was written last. */
static const char *newest_input(const VvReadyAdvice *advice, gint64 *ret_when)
{
    const char *newest = NULL;

    *ret_when = -1;
    for (guint i = 0; i < advice->inputs->len; i++) {
        gint64 when = vv_sysfs_mtime(advice->ready->sysfs, advice->inputs->pdata[i]);
        if (when > *ret_when) {
            *ret_when = when;
            newest = advice->inputs->pdata[i];
        }
    }
    return newest;
}

void vv_ready_advice_judge_images(VvReadyAdvice *advice)
{
    gint64 written;
    const char *input = newest_input(advice, &written);
    g_autoptr(GPtrArray) names = input ? vv_sysfs_list(advice->ready->sysfs, "boot") : NULL;
    g_autoptr(GString) old = g_string_new(NULL);
    guint fresh = 0;

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_strconcat("boot/", names->pdata[i], NULL);
        gint64 made = is_image(names->pdata[i]) ? vv_sysfs_mtime(advice->ready->sysfs, path) : -1;
        if (made >= written)
            fresh++;
        else if (made >= 0)
            g_string_append_printf(old, "%s/%s", old->len ? ", " : "", path);
    }
    if (!old->len)
        return;
    advice->in_file = 0;
    vv_ready_advice_add(
        advice, (VvReadyAdvicePlace){input, 0}, VV_READY_WARN,
        g_strdup_printf("run: %s", vv_ready_advice_rebuild(advice)),
        fresh ? "it was changed after %s was made, and only other kernels' images were made since"
              : "it was changed after %s was made, which knows nothing of it",
        old->str);
}
