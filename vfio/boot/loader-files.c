/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/boot/cmdline.h"
#include "vfio/boot/shellvar.h"

#include <string.h>

#define WHY "kernel arguments"
#define WHY_CORRECT "takes away what says the contrary of the new kernel arguments"

static const char *const *words(char **strv)
{
    return (const char *const *)strv;
}

/* "$NAME" and "${NAME}" in a value that adds to itself. */
static char *expand(const char *value, const char *name, const char *now)
{
    g_autofree char *braces = g_strdup_printf("${%s}", name), *plain = g_strdup_printf("$%s", name);
    g_auto(GStrv) parts = g_strsplit(value, braces, -1);
    g_autofree char *joined = g_strjoinv(now, parts);
    g_auto(GStrv) more = g_strsplit(joined, plain, -1);

    return g_strjoinv(now, more);
}

/* What a variable is worth after all these files have been read, one after the other. */
static char *worth(VvSetupMaker *maker, GPtrArray *paths, const char *name)
{
    char *value = g_strdup("");

    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *text = vv_maker_text(maker, paths->pdata[i]);
        g_autoptr(GPtrArray) vars = vv_shell_vars(text ? text : "");
        for (guint v = 0; v < vars->len; v++) {
            const VvShellVar *var = vars->pdata[v];
            /* What a command makes of it is not known: it is taken for what it was. */
            if (strcmp(var->name, name) != 0 || var->computed)
                continue;
            g_autofree char *added = expand(var->value, name, value), *old = value;
            value = var->append ? g_strconcat(old, added, NULL) : g_steal_pointer(&added);
        }
    }
    return value;
}

/* A file whose variable is made by a command cannot be corrected; others may still be. */
static gboolean correct_all(VvSetupMaker *maker, GPtrArray *paths, const char *const *names)
{
    for (guint i = 0; i < paths->len; i++)
        for (const char *const *name = names; *name; name++) {
            g_autofree char *text = vv_maker_text(maker, paths->pdata[i]);
            g_autoptr(GPtrArray) vars = vv_shell_vars(text ? text : "");
            const VvShellVar *var = vv_shell_last(vars, *name);
            if (maker->error)
                return FALSE;
            g_autofree char *inner = var ? vv_shell_inner(text, var) : NULL;
            if (inner && !vv_maker_edit(maker, paths->pdata[i], VV_EDIT_VARIABLE, *name,
                                        words(maker->arguments), TRUE, NULL, WHY_CORRECT, &maker->loader))
                return FALSE;
        }
    return TRUE;
}

static GPtrArray *paths_of(const VvSysfs *sysfs, const char *const *files, const char *folder,
                           const char *suffix, const char *ours)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = vv_boot_names(sysfs, folder + 1, suffix);

    for (; *files; files++)
        g_ptr_array_add(paths, g_strdup(*files));
    for (guint i = 0; i < names->len; i++) {
        char *path = g_strdup_printf("%s/%s", folder, (char *)names->pdata[i]);
        if (strcmp(path, ours) == 0)
            g_free(path);
        else
            g_ptr_array_add(paths, path);
    }
    return paths;
}

/* What goes into a drop-in: the merged words that the line lacks. */
static char *new_words(const char *line, char **missing)
{
    g_auto(GStrv) added = NULL;
    g_autofree char *merged = vv_cmdline_merge(line, words(missing), &added, NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    for (char **word = added; *word; word++)
        if (!vv_cmdline_has(line, *word))
            g_string_append_printf(text, "%s%s", text->len ? " " : "", *word);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Sourced by grub-mkconfig behind /etc/default/grub and, because of its name, behind the other drop-ins: it
 * adds to whatever the variable is then. It is ours alone, so a package's new /etc/default/grub is no
 * conflict.
 */
static gboolean grub_dropin(VvSetupMaker *maker)
{
    static const char *const files[] = {"/etc/default/grub", NULL};
    static const char *const names[] = {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT", NULL};
    g_autoptr(GPtrArray) paths =
        paths_of(maker->sysfs, files, "/etc/default/grub.d", ".cfg", maker->stack->edit);

    if (!correct_all(maker, paths, names))
        return FALSE;
    g_autofree char *all = worth(maker, paths, names[0]), *normal = worth(maker, paths, names[1]),
                    *line = g_strdup_printf("%s %s", all, normal);
    g_auto(GStrv) missing = vv_maker_missing(maker, line);
    g_autofree char *added = new_words(line, missing),
                    *text = g_strdup_printf(VV_SETUP_HEADER
                                            "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT %s\"\n",
                                            added);
    return vv_maker_whole(maker, maker->stack->edit, *added ? text : NULL, 0, WHY, &maker->loader);
}

/* The variable of normal entries: GRUB's recovery entries stay as they are. */
static gboolean grub_variable(VvSetupMaker *maker)
{
    static const char *const files[] = {"/etc/default/grub", NULL};
    static const char *const all[] = {"GRUB_CMDLINE_LINUX", NULL};
    g_autoptr(GPtrArray) paths = paths_of(maker->sysfs, files, "/nowhere", "", "");

    if (!correct_all(maker, paths, all))
        return FALSE;
    g_autofree char *always = worth(maker, paths, all[0]),
                    *normal = worth(maker, paths, "GRUB_CMDLINE_LINUX_DEFAULT"),
                    *line = g_strdup_printf("%s %s", always, normal);
    g_auto(GStrv) missing = vv_maker_missing(maker, line);
    return !*missing || vv_maker_edit(maker, files[0], VV_EDIT_VARIABLE, "GRUB_CMDLINE_LINUX_DEFAULT",
                                      words(missing), FALSE, NULL, WHY, &maker->loader);
}

static gboolean limine(VvSetupMaker *maker)
{
    static const char *const files[] = {"/etc/limine-entry-tool.conf", NULL};
    static const char *const names[] = {"KERNEL_CMDLINE[default]", NULL};

    if (strcmp(maker->stack->edit, "/etc/default/limine") == 0)
        return vv_maker_edit(maker, maker->stack->edit, VV_EDIT_VARIABLE, names[0], words(maker->arguments),
                             FALSE, NULL, WHY, &maker->loader);
    g_autoptr(GPtrArray) paths =
        paths_of(maker->sysfs, files, "/etc/limine-entry-tool.d", ".conf", maker->stack->edit);
    if (!correct_all(maker, paths, names))
        return FALSE;
    g_autofree char *line = worth(maker, paths, names[0]);
    /* Nothing is set: then the tool takes /etc/kernel/cmdline, and an addition alone would be all there is.
     */
    if (!*line)
        return vv_maker_edit(maker, "/etc/kernel/cmdline", VV_EDIT_LINE, NULL, words(maker->arguments), FALSE,
                             maker->facts.running, WHY, &maker->loader);
    g_auto(GStrv) missing = vv_maker_missing(maker, line);
    g_autofree char *added = new_words(line, missing),
                    *text = g_strdup_printf(VV_SETUP_HEADER "KERNEL_CMDLINE[default]+=\" %s\"\n", added);
    return vv_maker_whole(maker, maker->stack->edit, *added ? text : NULL, 0, WHY, &maker->loader);
}

/* What kernel-install starts from without the file: /usr/lib/kernel/cmdline, or the running kernel's line
 * without what the boot loader put there (kernel-install(8)). */
static char *initial_line(VvSetupMaker *maker)
{
    g_autofree char *vendor = vv_boot_read(maker->sysfs, "usr/lib/kernel/cmdline");
    g_autoptr(GPtrArray) running = vv_cmdline_parse(maker->facts.running);
    g_autoptr(GString) line = g_string_new(NULL);

    if (vendor)
        return g_steal_pointer(&vendor);
    for (guint i = 0; i < running->len; i++) {
        const char *word = running->pdata[i];
        if (!g_str_has_prefix(word, "initrd=") && !g_str_has_prefix(word, "BOOT_IMAGE=") &&
            !g_str_has_prefix(word, "systemd.machine_id="))
            g_string_append_printf(line, "%s%s", line->len ? " " : "", word);
    }
    return g_strconcat(line->str, "\n", NULL);
}

static gboolean kernel_cmdline(VvSetupMaker *maker)
{
    g_autofree char *initial = initial_line(maker);

    return vv_maker_edit(maker, "/etc/kernel/cmdline", VV_EDIT_LINE, NULL, words(maker->arguments), FALSE,
                         initial, WHY, &maker->loader);
}

/* All parts are put together: ours comes last, and says only what the others do not. */
static gboolean uki_mkinitcpio(VvSetupMaker *maker)
{
    static const char *const none[] = {NULL};

    if (strcmp(maker->stack->edit, "/etc/kernel/cmdline") == 0)
        return kernel_cmdline(maker);
    g_autoptr(GPtrArray) paths = paths_of(maker->sysfs, none, "/etc/cmdline.d", ".conf", maker->stack->edit);
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < paths->len; i++) {
        if (!vv_maker_edit(maker, paths->pdata[i], VV_EDIT_LINE, NULL, words(maker->arguments), TRUE, NULL,
                           WHY_CORRECT, &maker->loader))
            return FALSE;
        g_autofree char *text = vv_maker_text(maker, paths->pdata[i]),
                        *part = text ? vv_edit_get(VV_EDIT_LINE, NULL, text, NULL) : NULL;
        g_string_append_printf(line, "%s ", part ? part : "");
    }
    g_auto(GStrv) missing = vv_maker_missing(maker, line->str);
    g_autofree char *added = new_words(line->str, missing),
                    *text = g_strdup_printf(VV_SETUP_HEADER "%s\n", added);
    return vv_maker_whole(maker, maker->stack->edit, *added ? text : NULL, 0, WHY, &maker->loader);
}

static gboolean sdboot_manage(VvSetupMaker *maker)
{
    return vv_maker_edit(maker, "/etc/sdboot-manage.conf", VV_EDIT_VARIABLE, "LINUX_OPTIONS",
                         words(maker->arguments), FALSE, NULL, WHY, &maker->loader);
}

/* Its --delete-options shuffles all options (application.py makes a set of them), so that undo by it would
 * change their order; without options it writes the entry from its configuration. */
static gboolean kernelstub(VvSetupMaker *maker)
{
    return vv_maker_edit(maker, "/etc/kernelstub/configuration", VV_EDIT_JSON_LIST, "kernel_options",
                         words(maker->arguments), FALSE, NULL, WHY, &maker->loader);
}

static gboolean transactional(VvSetupMaker *maker)
{
    return strcmp(maker->stack->edit, "/etc/default/grub") == 0 ? grub_variable(maker)
                                                                : kernel_cmdline(maker);
}

static gboolean refind(VvSetupMaker *maker)
{
    gboolean changed = FALSE;

    return vv_maker_edit(maker, "/boot/refind_linux.conf", VV_EDIT_REFIND, NULL, words(maker->arguments),
                         FALSE, NULL, WHY, &changed);
}

static gboolean is_spare(const VvBootEntry *entry)
{
    static const char *const signs[] = {"fallback", "rescue", "recovery"};
    g_autofree char *name = g_ascii_strdown(entry->name, -1), *title = g_ascii_strdown(entry->title, -1);

    for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
        if (strstr(name, signs[i]) || strstr(title, signs[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_default(const VvSetupMaker *maker, const VvBootEntry *entry)
{
    g_autofree char *folder = g_path_get_dirname(maker->facts.entries_folder),
                    *path = g_build_filename(folder, "loader.conf", NULL),
                    *text = vv_boot_read(maker->sysfs, path),
                    *pattern = text ? vv_boot_entry_value(text, "default") : NULL;

    if (g_strcmp0(entry->name, maker->facts.selected) == 0)
        return TRUE;
    g_autofree char *with_suffix = pattern ? g_strdup_printf("%s.conf", pattern) : NULL;
    return pattern && *pattern &&
           (g_pattern_match_simple(pattern, entry->name) || g_pattern_match_simple(with_suffix, entry->name));
}

/* One entry that boots Linux keeps its arguments, so that a bad one cannot lock the user out: one that is
 * there for that, else the last one that is not the default. NULL: there is only one. */
static const VvBootEntry *untouched(const VvSetupMaker *maker)
{
    const VvBootEntry *spare = NULL;
    guint kernels = 0;

    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        if (!entry->linux_)
            continue;
        kernels++;
        if (is_spare(entry))
            return entry;
        if (!is_default(maker, entry))
            spare = entry;
    }
    return kernels > 1 ? spare : NULL;
}

static gboolean loader_entries(VvSetupMaker *maker)
{
    const VvBootEntry *spare = untouched(maker);
    gboolean changed = FALSE;

    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        g_autofree char *path = g_strdup_printf("/%s", entry->path);
        if (!entry->linux_ || entry == spare || is_spare(entry))
            continue;
        g_auto(GStrv) missing = vv_maker_missing(maker, entry->options);
        if (*missing &&
            !vv_maker_edit(maker, path, VV_EDIT_OPTIONS, NULL, words(missing), FALSE, NULL, WHY, &changed))
            return FALSE;
    }
    if (changed && spare)
        vv_maker_note(maker,
                      "/%s stays as it is: boot it if the host does not come up with the new arguments",
                      spare->path);
    if (changed && !spare)
        vv_maker_note(maker,
                      "there is only one boot entry, and it is changed; in systemd-boot's menu the key \"e\" "
                      "edits the arguments for one boot");
    return TRUE;
}

/* grubby writes the entries; kernels that are installed later get theirs from here (Fedora: the first, RHEL 9
 * without it: the second). */
static gboolean fedora_files(VvSetupMaker *maker)
{
    static const char why[] = "kernel arguments of kernels that are installed later";
    gboolean changed = FALSE;

    return vv_maker_edit(maker, "/etc/kernel/cmdline", VV_EDIT_LINE, NULL, words(maker->arguments), FALSE,
                         NULL, why, &changed) &&
           vv_maker_edit(maker, "/etc/default/grub", VV_EDIT_VARIABLE, "GRUB_CMDLINE_LINUX",
                         words(maker->arguments), FALSE, NULL, why, &changed);
}

gboolean vv_maker_loader_files(VvSetupMaker *maker)
{
    static gboolean (*const makers[])(VvSetupMaker *) = {
        [VV_BOOT_GRUB_DROPIN] = grub_dropin,
        [VV_BOOT_GRUB_PLAIN] = grub_variable,
        /* As update-bootloader --add-option does, but that one replaces whatever has the same key. */
        [VV_BOOT_SUSE_GRUB] = grub_variable,
        [VV_BOOT_GRUB_BLS] = fedora_files,
        [VV_BOOT_SYSTEMD_BOOT] = kernel_cmdline,
        [VV_BOOT_LOADER_ENTRIES] = loader_entries,
        [VV_BOOT_SDBOOT_MANAGE] = sdboot_manage,
        [VV_BOOT_KERNELSTUB] = kernelstub,
        [VV_BOOT_UKI_MKINITCPIO] = uki_mkinitcpio,
        [VV_BOOT_UKI_KERNEL_INSTALL] = kernel_cmdline,
        [VV_BOOT_SUSE_BLS] = kernel_cmdline,
        [VV_BOOT_TRANSACTIONAL] = transactional,
        [VV_BOOT_LIMINE] = limine,
        [VV_BOOT_REFIND] = refind,
        [VV_BOOT_PROXMOX] = kernel_cmdline,
        [VV_BOOT_NIXOS] = NULL,
    };

    return !*maker->arguments || !makers[maker->stack->kind] || makers[maker->stack->kind](maker);
}
