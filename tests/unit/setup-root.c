/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup-root.h"

#include "test.h"
#include "vfio/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT "# How this system boots.\nARGS=\"quiet splash\"\n"

static char *below(const SetupRoot *r, const char *path)
{
    return g_build_filename(r->path, path, NULL);
}

void setup_root_put(const SetupRoot *r, const char *path, const char *text, int mode)
{
    g_autofree char *real = below(r, path);
    g_autofree char *folder = g_path_get_dirname(real);

    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    /* GLib's own would wait for the disk each time. */
    FILE *file = fopen(real, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(real, (mode_t)mode), 0);
}

char *setup_root_get(const SetupRoot *r, const char *path)
{
    g_autofree char *real = below(r, path);
    char *text = NULL;

    g_file_get_contents(real, &text, NULL, NULL);
    return text;
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    g_remove(path);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void describe(GString *text, const char *path, gsize skip)
{
    g_autofree char *content = NULL;
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = target ? NULL : g_dir_open(path, 0, NULL);
    struct stat facts;

    assert_int_equal(lstat(path, &facts), 0);
    if (!dir && !target)
        assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_string_append_printf(text, "%s %o%s%s%s%s\n", path + skip, facts.st_mode, target ? " -> " : "",
                           target ? target : "", content ? "\n" : "", content ? content : "");
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
        describe(text, child, skip);
    }
}

char *setup_root_snapshot(const SetupRoot *r)
{
    GString *text = g_string_new(NULL);

    describe(text, r->path, strlen(r->path));
    return g_string_free(text, FALSE);
}

static void fill(const SetupRoot *r)
{
    g_autofree char *lib = below(r, "var/lib"), *link = below(r, "etc/linked");

    setup_root_put(r, "etc/default/boot", BOOT, 0640);
    setup_root_put(r, "usr/share/real", "one\n", 0644);
    setup_root_put(r, "boot/words", "was-there\n", 0644);
    setup_root_put(r, "boot/made", BOOT, 0600);
    assert_int_equal(symlink("../usr/share/real", link), 0);
    assert_int_equal(g_mkdir_with_parents(lib, 0755), 0);
}

/* As a tool does it that is not careful. */
static gboolean write_twice(const SetupRoot *r, const char *path, const char *text)
{
    g_autofree char *half = g_strndup(text, strlen(text) / 2);

    if (vv_seam_step())
        return FALSE;
    setup_root_put(r, path, half, 0600);
    if (vv_seam_step())
        return FALSE;
    setup_root_put(r, path, text, 0600);
    return TRUE;
}

static gboolean run_words(const SetupRoot *r, const char *verb, const char *word)
{
    g_autofree char *words = setup_root_get(r, "boot/words");
    g_autofree char *line = g_strdup_printf("%s\n", word);
    gboolean is_there = strstr(words, line) != NULL;
    g_autoptr(GString) text = g_string_new(words);

    if (is_there == (strcmp(verb, "add") == 0))
        return TRUE;
    if (is_there)
        g_string_replace(text, line, "", 1);
    else
        g_string_append(text, line);
    if (vv_seam_step())
        return FALSE;
    setup_root_put(r, "boot/words", text->str, 0644);
    return TRUE;
}

static gboolean run_make(const SetupRoot *r)
{
    g_autofree char *boot = setup_root_get(r, "etc/default/boot");
    g_autofree char *first = setup_root_get(r, "etc/default/boot.d/virt-vfio");
    g_autofree char *second = setup_root_get(r, "etc/default/boot.d/virt-vfio-more");
    g_autofree char *text = g_strconcat(boot, first ? first : "", second ? second : "", NULL);

    return write_twice(r, "boot/made", text);
}

static gboolean run(const VvSysfs *sysfs, const char *const *argv, GString *output, gpointer data,
                    GError **error)
{
    SetupRoot *r = data;
    gboolean ok = strcmp(argv[0], "tool") == 0 ? run_words(r, argv[1], argv[2]) : run_make(r);

    (*r->runs)++;
    if (!ok || g_strcmp0(r->fails, argv[0]) == 0) {
        g_string_append(output, "first line\nno space left, it says\n");
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "exit code 3");
        return FALSE;
    }
    return TRUE;
}

static void progress(const VvSetupStep *step, gint64 us, gboolean failed, const char *output, gpointer data)
{
    SetupRoot *r = data;

    r->steps++;
    g_string_append_printf(r->said, "%s%s\n", step->what == VV_SETUP_FILE ? step->path : step->argv[0],
                           failed ? " failed" : "");
}

static gboolean stop(gpointer data)
{
    const SetupRoot *r = data;

    return r->stop_after && r->steps >= r->stop_after;
}

void setup_root_open(SetupRoot *r)
{
    *r = (SetupRoot){.path = g_dir_make_tmp("virt-vfio-test-XXXXXX", NULL), .said = g_string_new(NULL)};
    r->runs = mmap(NULL, sizeof *r->runs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_non_null(r->path);
    fill(r);
    r->sysfs = vv_sysfs_new(r->path, NULL);
    assert_non_null(r->sysfs);
    r->engine = (VvSetupEngine){r->sysfs, run, progress, stop, r};
}

void setup_root_close(SetupRoot *r)
{
    vv_sysfs_free(r->sysfs);
    remove_tree(r->path);
    g_free(r->path);
    g_string_free(r->said, TRUE);
    munmap(r->runs, sizeof *r->runs);
}

void setup_root_reset(SetupRoot *r)
{
    for (const char *const *name = (const char *const[]){"etc", "usr", "boot", "var", NULL}; *name; name++) {
        g_autofree char *path = below(r, *name);
        remove_tree(path);
    }
    fill(r);
}

VvSetupWants *setup_root_wants(gboolean more)
{
    VvSetupWants *wants = vv_setup_wants_new();
    VvReserve *reserve = g_new0(VvReserve, 1);

    wants->iommu = TRUE;
    wants->modules = more;
    wants->hugepage_kib = 2048;
    wants->hugepages = 32;
    *reserve = (VvReserve){g_strdup("0000:01:00.0"), g_strdup("10de:1b80"), g_strdup("nouveau"), TRUE};
    g_ptr_array_add(wants->reserve, reserve);
    return wants;
}

static void plan_change(const SetupRoot *r, VvSetupPlan *plan, const char *path, const char *old,
                        const char *new, VvSetupEdit edit)
{
    g_autofree char *before = setup_root_get(r, path);
    g_autoptr(GString) after = g_string_new(before);

    assert_non_null(before);
    if (strstr(before, new))
        return;
    assert_int_equal(g_string_replace(after, old, new, 1), 1);
    VvSetupStep *step = vv_setup_plan_file(plan, path, before, after->str, edit, "the IOMMU is on");
    step->key = g_strdup("ARGS");
    step->added = g_strdupv((char *[]){"iommu=pt", NULL});
}

static void plan_new(const SetupRoot *r, VvSetupPlan *plan, const char *path, const char *text, guint mode)
{
    g_autofree char *before = setup_root_get(r, path);
    VvSetupStep *step = vv_setup_plan_file(plan, path, before, text, VV_EDIT_WHOLE, "ours");

    if (step)
        step->mode = mode;
}

VvSetupPlan *setup_root_plan(const SetupRoot *r, gboolean more)
{
    VvSetupPlan *plan = vv_setup_plan_new();
    g_autofree char *words = setup_root_get(r, "boot/words");

    plan_change(r, plan, "/etc/default/boot", "splash", "splash iommu=pt", VV_EDIT_VARIABLE);
    plan_change(r, plan, "/etc/linked", "one", "one iommu=pt", VV_EDIT_LINE);
    plan_new(r, plan, "/etc/default/boot.d/virt-vfio", more ? "reserve more\n" : "reserve\n", 0);
    plan_new(r, plan, "/etc/scripts/early/virt-vfio", "#!/bin/sh\n", 0755);
    if (more)
        plan_new(r, plan, "/etc/default/boot.d/virt-vfio-more", "more\n", 0);
    gboolean files = plan->steps->len > 0;
    for (int i = 0; i < (more ? 2 : 1); i++) {
        const char *word = i ? "hugepages=64" : "iommu=on";
        if (!words || !strstr(words, word))
            vv_setup_plan_run(plan, (const char *[]){"tool", "add", word, NULL},
                              (const char *[]){"tool", "del", word, NULL}, FALSE, "an argument");
    }
    if (files)
        vv_setup_plan_run(plan, (const char *[]){"make", NULL}, (const char *[]){"make", NULL}, TRUE,
                          "boots");
    return plan;
}

gboolean setup_root_apply(SetupRoot *r, gboolean more, gboolean *ret_changed, GError **error)
{
    int lock = vv_ledger_lock(r->sysfs, error);
    g_autoptr(VvLedger) ledger = lock >= 0 ? vv_ledger_load(r->sysfs, error) : NULL;
    gboolean ok = FALSE;

    if (ledger) {
        g_autoptr(VvSetupWants) wants = vv_setup_wants_new();
        g_autoptr(VvSetupWants) new = setup_root_wants(more);
        vv_setup_wants_merge(wants, ledger->wants);
        vv_setup_wants_merge(wants, new);
        g_autoptr(VvSetupPlan) plan = setup_root_plan(r, wants->modules);
        ok = vv_setup_apply(&r->engine, ledger, NULL, wants, plan, ret_changed, error);
    }
    vv_ledger_unlock(r->sysfs, lock);
    return ok;
}

gboolean setup_root_undo(SetupRoot *r, GError **error)
{
    int lock = vv_ledger_lock(r->sysfs, error);
    g_autoptr(VvLedger) ledger = lock >= 0 ? vv_ledger_load(r->sysfs, error) : NULL;
    g_autoptr(VvSetupPlan) plan = ledger ? vv_setup_plan_undo(r->sysfs, ledger, error) : NULL;
    gboolean ok = plan && vv_setup_undo(&r->engine, ledger, plan, error);

    vv_ledger_unlock(r->sysfs, lock);
    return ok;
}
