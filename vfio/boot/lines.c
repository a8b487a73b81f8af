/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/facts.h"

#include "vfio/boot/shellvar.h"

#include <string.h>

#define KIND(kind) (1u << (kind))
#define GRUBS (KIND(VV_BOOT_GRUB_DROPIN) | KIND(VV_BOOT_GRUB_PLAIN) | KIND(VV_BOOT_SUSE_GRUB))
#define KERNEL_CMDLINE                                                                                       \
    (KIND(VV_BOOT_SYSTEMD_BOOT) | KIND(VV_BOOT_UKI_MKINITCPIO) | KIND(VV_BOOT_UKI_KERNEL_INSTALL) |          \
     KIND(VV_BOOT_SUSE_BLS) | KIND(VV_BOOT_PROXMOX))
#define ENTRIES                                                                                              \
    (KIND(VV_BOOT_GRUB_BLS) | KIND(VV_BOOT_SYSTEMD_BOOT) | KIND(VV_BOOT_LOADER_ENTRIES) |                    \
     KIND(VV_BOOT_SDBOOT_MANAGE) | KIND(VV_BOOT_KERNELSTUB) | KIND(VV_BOOT_RPM_OSTREE) |                     \
     KIND(VV_BOOT_BOOTC) | KIND(VV_BOOT_SUSE_BLS) | KIND(VV_BOOT_PROXMOX))

/* How arguments stand in a file. */
typedef enum { SHELL, PLAIN, REFIND, MENU, LIMINE_MENU, KERNELSTUB } Form;

/* Files, or "folder/" with the suffix of those that count in it; for which kinds of host they are read, and
 * which variables. TRANSACTIONAL reads what its `edit` is. */
static const struct {
    const char *path, *suffix;
    Form form;
    guint effective;
    gboolean generated;
    const char *variables[3];
} places[] = {
    {"etc/default/grub", NULL, SHELL, GRUBS, FALSE, {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"}},
    {"etc/default/grub.d/",
     ".cfg",
     SHELL,
     KIND(VV_BOOT_GRUB_DROPIN),
     FALSE,
     {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"}},
    {"etc/kernel/cmdline", NULL, PLAIN, KERNEL_CMDLINE, FALSE, {NULL}},
    {"etc/cmdline.d/", ".conf", PLAIN, KIND(VV_BOOT_UKI_MKINITCPIO), FALSE, {NULL}},
    {"etc/sdboot-manage.conf", NULL, SHELL, KIND(VV_BOOT_SDBOOT_MANAGE), FALSE, {"LINUX_OPTIONS"}},
    {"etc/limine-entry-tool.conf", NULL, SHELL, KIND(VV_BOOT_LIMINE), FALSE, {"KERNEL_CMDLINE[default]"}},
    {"etc/limine-entry-tool.d/", ".conf", SHELL, KIND(VV_BOOT_LIMINE), FALSE, {"KERNEL_CMDLINE[default]"}},
    {"etc/default/limine", NULL, SHELL, KIND(VV_BOOT_LIMINE), FALSE, {"KERNEL_CMDLINE[default]"}},
    {"etc/kernelstub/configuration", NULL, KERNELSTUB, KIND(VV_BOOT_KERNELSTUB), FALSE, {NULL}},
    {"boot/refind_linux.conf", NULL, REFIND, KIND(VV_BOOT_REFIND), FALSE, {NULL}},
    {"boot/grub/grub.cfg", NULL, MENU, GRUBS, TRUE, {NULL}},
    {"boot/grub2/grub.cfg", NULL, MENU, GRUBS, TRUE, {NULL}},
    {"boot/limine.conf", NULL, LIMINE_MENU, KIND(VV_BOOT_LIMINE), TRUE, {NULL}},
};

typedef struct {
    GPtrArray *lines;
    char *path;
    gboolean effective, generated;
} Collector;

void vv_boot_line_free(VvBootLine *line)
{
    if (!line)
        return;
    g_free(line->path);
    g_free(line->arguments);
    g_free(line);
}

static void free_line(gpointer line)
{
    vv_boot_line_free(line);
}

static void collect(const Collector *collector, guint number, const char *arguments)
{
    VvBootLine *line = g_new0(VvBootLine, 1);

    line->path = g_strdup_printf("/%s", collector->path);
    line->line = number;
    line->arguments = g_strstrip(g_strdup(arguments));
    line->effective = collector->effective;
    line->generated = collector->generated;
    g_ptr_array_add(collector->lines, line);
}

static void collect_shell(const Collector *collector, const char *text, const char *const *variables)
{
    g_autoptr(GPtrArray) vars = vv_shell_vars(text);

    for (guint i = 0; i < vars->len; i++) {
        const VvShellVar *var = vars->pdata[i];
        if (g_strv_contains(variables, var->name))
            collect(collector, var->line, var->value);
    }
}

/* "title" "arguments" (refind_linux.conf). */
static const char *refind_arguments(char *line)
{
    char *open = *line == '"' ? strchr(line + 1, '"') : NULL;

    open = open ? strchr(open + 1, '"') : NULL;
    char *close = open ? strrchr(open + 1, '"') : NULL;
    if (!close)
        return NULL;
    *close = '\0';
    return open + 1;
}

/* "linux /vmlinuz-6.1 arguments" of a GRUB menu: what follows the kernel's name. */
static const char *menu_arguments(char *line)
{
    static const char *const commands[] = {"linux", "linuxefi", "linux16", NULL};
    g_auto(GStrv) words = g_strsplit_set(line, " \t", 2);

    if (!words[0] || !words[1] || !g_strv_contains(commands, words[0]))
        return NULL;
    char *kernel = line + strlen(words[0]) + strspn(line + strlen(words[0]), " \t");
    return kernel + strcspn(kernel, " \t");
}

static const char *limine_arguments(char *line)
{
    static const char *const keys[] = {"cmdline:", "kernel_cmdline:"};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_ascii_strncasecmp(line, keys[i], strlen(keys[i])) == 0)
            return line + strlen(keys[i]);
    return NULL;
}

/* The words of "kernel_options": ["quiet", "splash"] with blanks between (kernelstub, a JSON file). */
static const char *kernelstub_arguments(char *line)
{
    static const char key[] = "\"kernel_options\":";
    char *open = strstr(line, key);
    char *list = open ? strchr(open, '[') : NULL;

    if (!list)
        return NULL;
    list[1 + strcspn(list + 1, "]")] = '\0';
    return g_strdelimit(list + 1, "\",", ' ');
}

static void collect_lines(const Collector *collector, const char *text, Form form)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        char *line = g_strchug(lines[i]);
        const char *arguments = NULL;
        if (*line == '#' || !*line)
            continue;
        if (form == PLAIN)
            arguments = line;
        else if (form == REFIND)
            arguments = refind_arguments(line);
        else if (form == MENU)
            arguments = menu_arguments(line);
        else if (form == LIMINE_MENU)
            arguments = limine_arguments(line);
        if (arguments)
            collect(collector, i + 1, arguments);
    }
}

/* A list may go over several lines: it is one place, at the line of its key. */
static void collect_kernelstub(const Collector *collector, const char *text)
{
    for (const char *at = text; (at = strstr(at, "\"kernel_options\":")); at++) {
        g_autofree char *rest = g_strndup(at, strcspn(at, "]") + 1);
        guint line = 1;
        for (const char *c = text; c < at; c++)
            line += *c == '\n';
        const char *arguments = kernelstub_arguments(rest);
        g_auto(GStrv) words = g_strsplit_set(arguments ? arguments : "", " \t\n", -1);
        g_autoptr(GString) joined = g_string_new(NULL);
        for (char **word = words; *word; word++)
            if (**word)
                g_string_append_printf(joined, "%s%s", joined->len ? " " : "", *word);
        collect(collector, line, joined->str);
    }
}

static void collect_file(const VvSysfs *sysfs, Collector *collector, const char *path, guint place)
{
    g_autofree char *text = vv_boot_read(sysfs, path);

    if (!text)
        return;
    collector->path = (char *)path;
    collector->generated = places[place].generated;
    if (places[place].form == SHELL)
        collect_shell(collector, text, places[place].variables);
    else if (places[place].form == KERNELSTUB)
        collect_kernelstub(collector, text);
    else
        collect_lines(collector, text, places[place].form);
}

static void collect_entries(const VvSysfs *sysfs, const VvBootStack *stack, Collector *collector)
{
    g_autofree char *folder = NULL;
    gboolean closed;
    g_autoptr(GPtrArray) entries = vv_boot_entries(sysfs, &folder, &closed);

    collector->effective = (ENTRIES & KIND(stack->kind)) != 0;
    collector->generated = stack->kind != VV_BOOT_LOADER_ENTRIES;
    for (guint e = 0; entries && e < entries->len; e++) {
        const VvBootEntry *entry = entries->pdata[e];
        g_auto(GStrv) lines = g_strsplit(entry->text, "\n", -1);
        collector->path = entry->path;
        for (guint i = 0; lines[i]; i++) {
            g_autofree char *options = vv_boot_entry_value(lines[i], "options");
            if (*options)
                collect(collector, i + 1, options);
        }
    }
}

static gboolean is_effective(const VvBootStack *stack, guint place)
{
    if (stack->kind == VV_BOOT_TRANSACTIONAL)
        return strcmp(stack->edit + 1, places[place].path) == 0 || places[place].form == MENU;
    return (places[place].effective & KIND(stack->kind)) != 0;
}

static void collect_place(const VvSysfs *sysfs, const VvBootStack *stack, GPtrArray *lines, guint place)
{
    Collector collector = {.lines = lines, .effective = is_effective(stack, place)};
    const char *path = places[place].path;

    if (!places[place].suffix) {
        collect_file(sysfs, &collector, path, place);
        return;
    }
    g_autoptr(GPtrArray) names = vv_boot_names(sysfs, path, places[place].suffix);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strconcat(path, names->pdata[i], NULL);
        collect_file(sysfs, &collector, file, place);
    }
}

GPtrArray *vv_boot_lines(const VvSysfs *sysfs, const VvBootStack *stack)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(free_line);
    Collector entries = {.lines = lines};

    if (stack->kind == VV_BOOT_LOADER_ENTRIES)
        collect_entries(sysfs, stack, &entries);
    for (gboolean generated = FALSE; generated <= TRUE; generated++)
        for (guint i = 0; i < G_N_ELEMENTS(places); i++)
            if (places[i].generated == generated)
                collect_place(sysfs, stack, lines, i);
    if (stack->kind != VV_BOOT_LOADER_ENTRIES)
        collect_entries(sysfs, stack, &entries);
    return lines;
}
