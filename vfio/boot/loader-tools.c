/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/maker.h"

#include "vfio/boot/cmdline-internal.h"
#include "vfio/error.h"

#include <string.h>

#define WHY "kernel arguments"

/* What a tool has to add to and to take from the arguments of the entries that boot. */
typedef struct {
    GPtrArray *add, *take; /* char *, single words */
} Change;

static void change_clear(Change *change)
{
    g_ptr_array_unref(change->add);
    g_ptr_array_unref(change->take);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Change, change_clear)

static void add_new(GPtrArray *list, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);

    for (char **part = parts; *part; part++)
        if (!g_ptr_array_find_with_equal_func(list, *part, g_str_equal, NULL))
            g_ptr_array_add(list, g_strdup(*part));
}

static char *joined(const GPtrArray *list, const char *prefix)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s%s%s", text->len ? " " : "", prefix, (char *)list->pdata[i]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What the line lacks, and what has to go from it. */
static void compare(const VvSetupMaker *maker, const char *line, Change *change)
{
    g_auto(GStrv) added = NULL, replaced = NULL, missing = vv_maker_missing(maker, line);
    g_autofree char *merged = vv_cmdline_merge(line, (const char *const *)missing, &added, &replaced);
    guint n = replaced ? g_strv_length(replaced) : 0;

    if (!*missing)
        return;
    for (guint i = 0; added[i]; i++) {
        if (i < n && strcmp(added[i], replaced[i]) == 0)
            continue;
        add_new(change->add, added[i]);
        if (i < n)
            add_new(change->take, replaced[i]);
    }
}

/* Entries of RHEL 8 keep their arguments in GRUB's environment. */
static char *options_of(const VvSetupMaker *maker, const VvBootEntry *entry)
{
    static const char key[] = "kernelopts=";

    if (!strstr(entry->options, "$kernelopts"))
        return g_strdup(entry->options);
    g_autofree char *text = vv_boot_read(maker->sysfs, "boot/grub2/grubenv");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, key))
            return g_strdup(*line + strlen(key));
    return g_strdup(entry->options);
}

static gboolean is_rescue(const VvBootEntry *entry)
{
    return strstr(entry->name, "rescue") || strstr(entry->name, "Recovery");
}

/* Over all entries that are not for rescue. FALSE: they cannot be read. */
static gboolean compare_entries(VvSetupMaker *maker, Change *change)
{
    change->add = g_ptr_array_new_with_free_func(g_free);
    change->take = g_ptr_array_new_with_free_func(g_free);
    if (!maker->facts.entries) {
        g_set_error(&maker->error, VV_ERROR, VV_ERROR_NOT_READY,
                    "the boot entries cannot be read; run it as root");
        return FALSE;
    }
    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        g_autofree char *options = options_of(maker, entry);
        if (entry->linux_ && !is_rescue(entry))
            compare(maker, options, change);
    }
    return TRUE;
}

/* Two sizes of huge pages need their keys twice, which grubby cannot write: it keeps one word of a key. */
static gboolean has_other_hugepages(const VvSetupMaker *maker)
{
    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        g_autofree char *options = options_of(maker, entry),
                        *merged =
                            vv_cmdline_merge(options, (const char *const *)maker->arguments, NULL, NULL);
        const char *first = strstr(merged, "hugepages=");
        if (first && strstr(first + 1, " hugepages="))
            return TRUE;
    }
    return FALSE;
}

static void run(VvSetupMaker *maker, const char *program, const char *first, GPtrArray *arguments,
                GPtrArray *undo_arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new(), undo = g_ptr_array_new();

    g_ptr_array_add(argv, (char *)program);
    g_ptr_array_add(argv, (char *)first);
    g_ptr_array_add(undo, (char *)program);
    g_ptr_array_add(undo, (char *)first);
    for (guint i = 0; i < arguments->len; i++)
        g_ptr_array_add(argv, arguments->pdata[i]);
    for (guint i = 0; undo_arguments && i < undo_arguments->len; i++)
        g_ptr_array_add(undo, undo_arguments->pdata[i]);
    g_ptr_array_add(argv, NULL);
    g_ptr_array_add(undo, NULL);
    vv_setup_plan_run(maker->plan, (const char *const *)argv->pdata,
                      undo_arguments ? (const char *const *)undo->pdata : NULL, FALSE, WHY);
}

/* "--remove-args=a b", "--args=c d"; nothing for empty lists. grubby puts a new value in the place of the one
 * of the same key, so that such a one is not to be removed. /etc/default/grub is a file that setup edits
 * itself: the tool's own edit of it could not be taken back exactly. */
static GPtrArray *grubby_arguments(const GPtrArray *take, const GPtrArray *add)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) gone = g_ptr_array_new();

    for (guint i = 0; i < take->len; i++) {
        gboolean replaced = FALSE;
        for (guint j = 0; j < add->len; j++)
            replaced |= vv_cmdline_same_key(take->pdata[i], add->pdata[j]);
        if (!replaced)
            g_ptr_array_add(gone, take->pdata[i]);
    }
    g_autofree char *away = joined(gone, ""), *new = joined(add, "");
    g_ptr_array_add(arguments, g_strdup("--no-etc-grub-update"));
    if (*away)
        g_ptr_array_add(arguments, g_strdup_printf("--remove-args=%s", away));
    if (*new)
        g_ptr_array_add(arguments, g_strdup_printf("--args=%s", new));
    return arguments;
}

/* What the entry had before comes back where it was, by a step of its own, whose undo runs before that of all
 * entries; the rescue entry is put back at once. */
static void grubby_entry(VvSetupMaker *maker, const VvBootEntry *entry, const Change *all)
{
    g_autofree char *kernel = vv_boot_entry_value(entry->text, "linux"), *options = options_of(maker, entry),
                    *which = g_strdup_printf("--update-kernel=%s%s",
                                             g_str_has_prefix(kernel, "/boot/") ? "" : "/boot", kernel);
    g_auto(Change)
        own = {.add = g_ptr_array_new_with_free_func(g_free), .take = g_ptr_array_new_with_free_func(g_free)};

    compare(maker, options, &own);
    g_autoptr(GPtrArray) arguments = grubby_arguments(own.take, own.add),
                         back = grubby_arguments(is_rescue(entry) ? all->add : own.add, own.take);
    if (is_rescue(entry))
        run(maker, "grubby", which, back, NULL);
    else if (own.take->len)
        run(maker, "grubby", which, arguments, back);
}

/* All entries, because new kernels take theirs from what is told of all (grubby(8), --update-kernel). */
static gboolean grubby(VvSetupMaker *maker)
{
    g_auto(Change) change = {0};
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();

    if (!compare_entries(maker, &change))
        return FALSE;
    if (!change.add->len && !change.take->len)
        return TRUE;
    if (has_other_hugepages(maker)) {
        g_set_error(&maker->error, VV_ERROR, VV_ERROR_REFUSED,
                    "a boot entry has huge pages of another size, and grubby cannot write two sizes");
        return FALSE;
    }
    g_autoptr(GPtrArray) arguments = grubby_arguments(change.take, change.add),
                         back = grubby_arguments(change.add, nothing);
    run(maker, "grubby", "--update-kernel=ALL", arguments, back);
    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        if (entry->linux_)
            grubby_entry(maker, entry, &change);
    }
    return TRUE;
}

/* One option a word. A number of huge pages that is there for another size must not stand for ours; without
 * one, "if missing" lets the same command run twice before the next boot. */
static GPtrArray *kargs(const VvSetupMaker *maker, const GPtrArray *take, const GPtrArray *add)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    gboolean other = FALSE;

    for (guint i = 0; i < maker->facts.entries->len; i++)
        other |= strstr(((VvBootEntry *)maker->facts.entries->pdata[i])->options, "hugepages=") != NULL;
    for (guint i = 0; i < take->len; i++)
        g_ptr_array_add(arguments, g_strdup_printf("--delete-if-present=%s", (char *)take->pdata[i]));
    for (guint i = 0; i < add->len; i++) {
        const char *word = add->pdata[i];
        gboolean always = other && g_str_has_prefix(word, "hugepages");
        g_ptr_array_add(arguments, g_strdup_printf("--%s=%s", always ? "append" : "append-if-missing", word));
    }
    return arguments;
}

static gboolean rpm_ostree(VvSetupMaker *maker)
{
    g_auto(Change) change = {0};

    if (!compare_entries(maker, &change))
        return FALSE;
    if (!change.add->len && !change.take->len)
        return TRUE;
    g_autoptr(GPtrArray) arguments = kargs(maker, change.take, change.add),
                         back = kargs(maker, change.add, change.take);
    run(maker, "rpm-ostree", "kargs", arguments, back);
    return TRUE;
}

/* bootc keeps what a source set apart from all else: the whole of it is set anew, or taken away without
 * options (bootc-loader-entries-set-options-for-source(8)). */
static gboolean bootc(VvSetupMaker *maker)
{
    g_autofree char *wanted = g_strjoinv(" ", maker->arguments),
                    *options = g_strdup_printf("--options=%s", wanted);
    const char *argv[] = {"bootc", "loader-entries", "set-options-for-source", "--source=virt-vfio", options,
                          NULL};
    g_auto(Change) change = {0};
    g_autofree char *before = NULL;

    if (!compare_entries(maker, &change))
        return FALSE;
    for (guint i = 0; i < maker->facts.entries->len; i++) {
        const VvBootEntry *entry = maker->facts.entries->pdata[i];
        g_autofree char *now = vv_boot_entry_value(entry->text, "x-options-source-virt-vfio");
        if (strcmp(now, wanted) == 0 || (!*now && !change.add->len))
            return TRUE;
        if (*now && !before)
            before = g_strdup_printf("--options=%s", now);
    }
    const char *undo[] = {"bootc", "loader-entries", "set-options-for-source", "--source=virt-vfio", before,
                          NULL};
    vv_setup_plan_run(maker->plan, argv, undo, FALSE, WHY);
    if (change.take->len) {
        g_autofree char *words = joined(change.take, "");
        vv_maker_note(maker,
                      "%s is on the command line from the image or from another source, and stays there: "
                      "take it out of the image's /usr/lib/bootc/kargs.d",
                      words);
    }
    return TRUE;
}

gboolean vv_maker_loader_tool(VvSetupMaker *maker)
{
    static gboolean (*const makers[])(VvSetupMaker *) = {
        [VV_BOOT_GRUB_BLS] = grubby,
        [VV_BOOT_BOOTC] = bootc,
        [VV_BOOT_RPM_OSTREE] = rpm_ostree,
        [VV_BOOT_NIXOS] = NULL,
    };

    return !*maker->arguments || !makers[maker->stack->kind] || makers[maker->stack->kind](maker);
}
