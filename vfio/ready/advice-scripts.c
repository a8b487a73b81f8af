/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/ready/advice.h"

#include <string.h>

/* Programs of the administrator that write to sysfs: scripts, units, udev rules, libvirt's hooks. */

#define DEEPEST 5

static gboolean has(const char *text, const char *pattern)
{
    return g_regex_match_simple(pattern, text, G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

static char *first_match(const char *text, const char *pattern)
{
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 0) : NULL;
}

/* new_id wants "vendor device", with a blank (Documentation/ABI/testing/sysfs-bus-pci). */
static void judge_new_id(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *command)
{
    g_autofree char *address = first_match(command, "\\b[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\\.[0-7]\\b");
    g_autofree char *ids = first_match(command, "\\b[0-9a-f]{4}:[0-9a-f]{4}\\b");

    if (!strstr(command, "new_id"))
        return;
    if (address)
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup_printf("write: echo vfio-pci > /sys/bus/pci/devices/%s/driver_override, then echo "
                            "%s > /sys/bus/pci/drivers_probe; or take it out and use: virt-vfio bind %s",
                            address, address, address),
            "new_id wants a vendor and a device, and %s is an address, which the kernel refuses", address);
    else if (ids)
        vv_ready_advice_add(
            advice, place, VV_READY_WARN,
            g_strdup_printf("write '%.4s %s' with a blank; or use virt-vfio bind, which takes one card "
                            "and not all of a model",
                            ids, ids + 5),
            "new_id wants a blank between vendor and device, and the kernel refuses %s", ids);
}

/* Only "0" and a newline, two bytes, switch the ROM off (drivers/pci/pci-sysfs.c, pci_write_rom). */
static void judge_rom(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *command)
{
    if (has(command, "(echo\\s+-n\\s+[\"']?0|printf\\s+[\"']?0)[\"']?\\s*>+\\s*\\S*/?rom\\b"))
        vv_ready_advice_add(advice, place, VV_READY_WARN,
                            g_strdup("write: echo 0 > rom, without -n; or use: virt-vfio rom dump"),
                            "without a newline a 0 switches the ROM on, not off");
}

static void judge_habits(VvReadyAdvice *advice, VvReadyAdvicePlace place, const char *command)
{
    if (strstr(command, "DMAR: IOMMU enabled"))
        vv_ready_advice_add(
            advice, place, VV_READY_INFO, g_strdup("ask instead: virt-vfio check"),
            "the kernel says 'DMAR: IOMMU enabled' when it reads the argument, whether there is an "
            "IOMMU or not");
    if (has(command, "\\bsed\\b.*default/grub\\b"))
        vv_ready_advice_add(
            advice, place, VV_READY_INFO, g_strdup("use instead: virt-vfio setup --iommu"),
            "sed breaks GRUB's quotes and empty values, and a file in /etc/default/grub.d may overrule it");
}

static void visit(VvReadyAdvice *advice, VvReadyAdvicePlace place, char *line)
{
    g_auto(GStrv) commands = g_regex_split_simple(";|&&|\\|\\|", line, G_REGEX_RAW, 0);

    for (char **command = commands; *command; command++) {
        judge_new_id(advice, place, *command);
        judge_rom(advice, place, *command);
        judge_habits(advice, place, *command);
    }
}

static void read_script(VvReadyAdvice *advice, const char *path, const char *comments)
{
    g_autofree char *text = vv_ready_advice_read(advice, path);

    if (text)
        vv_ready_advice_lines(advice, path, text, comments, TRUE, visit);
}

/* What is no text file of these endings is looked at only if it is a script. */
static gboolean is_worth_reading(const VvReadyAdvice *advice, const char *path)
{
    char start[4] = "";

    if (g_str_has_suffix(path, ".service") || g_str_has_suffix(path, ".conf"))
        return TRUE;
    return vv_sysfs_read_into(advice->ready->sysfs, path, start, sizeof start) > 1 &&
           g_str_has_prefix(start, "#!");
}

/* Not through links: those in .wants folders lead to units that are read anyway. */
static void read_folder(VvReadyAdvice *advice, const char *folder, guint depth)
{
    g_autoptr(GPtrArray) names = vv_sysfs_list(advice->ready->sysfs, folder);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_strconcat(folder, "/", names->pdata[i], NULL);
        g_autofree char *target = vv_sysfs_link_target(advice->ready->sysfs, path);
        if (target)
            continue;
        if (is_worth_reading(advice, path))
            read_script(advice, path, "#;");
        else if (depth < DEEPEST)
            read_folder(advice, path, depth + 1);
    }
}

void vv_ready_advice_scripts(VvReadyAdvice *advice)
{
    static const char *const folders[] = {"etc/systemd/system", "etc/libvirt/hooks",
                                          "etc/initramfs-tools/scripts", "usr/local/bin", "usr/local/sbin"};
    g_autoptr(GPtrArray) rules = vv_ready_advice_conf_files(advice, "udev/rules.d", ".rules");

    read_script(advice, "etc/rc.local", "#");
    read_script(advice, "etc/rc.d/rc.local", "#");
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
        read_folder(advice, folders[i], 0);
    /* The distribution's own are many, and none of this kind. */
    for (guint i = 0; i < rules->len; i++)
        if (!g_str_has_prefix(rules->pdata[i], "usr/lib/") && !g_str_has_prefix(rules->pdata[i], "lib/"))
            read_script(advice, rules->pdata[i], "#");
}
