/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup-root.h"

#include "test.h"
#include "vfio/boot/steps.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Apply, undo and the ledger, on a small system with tools of its own. */

static SetupRoot r;
static char *original;

static int set_up(void **state)
{
    setup_root_open(&r);
    original = setup_root_snapshot(&r);
    return 0;
}

static int tear_down(void **state)
{
    setup_root_close(&r);
    g_clear_pointer(&original, g_free);
    return 0;
}

static void apply(gboolean more, gboolean changes)
{
    GError *error = NULL;
    gboolean changed;

    gboolean ok = setup_root_apply(&r, more, &changed, &error);
    assert_fine(error);
    assert_true(ok);
    assert_int_equal(changed, changes);
}

static void undo(void)
{
    GError *error = NULL;

    gboolean ok = setup_root_undo(&r, &error);
    assert_fine(error);
    assert_true(ok);
}

static void assert_original(void)
{
    g_autofree char *now = setup_root_snapshot(&r);

    assert_text(now, original);
}

static void assert_content(const char *path, const char *text)
{
    g_autofree char *is = setup_root_get(&r, path);

    assert_text(is, text);
}

static guint mode_of(const char *path)
{
    g_autofree char *real = g_build_filename(r.path, path, NULL);
    struct stat facts;

    assert_int_equal(lstat(real, &facts), 0);
    return facts.st_mode & 07777;
}

static void test_apply_and_undo(void **state)
{
    apply(FALSE, TRUE);
    assert_content("etc/default/boot", "# How this system boots.\nARGS=\"quiet splash iommu=pt\"\n");
    assert_content("usr/share/real", "one iommu=pt\n");
    assert_content("boot/words", "was-there\niommu=on\n");
    assert_content("boot/made", "# How this system boots.\nARGS=\"quiet splash iommu=pt\"\nreserve\n");
    assert_int_equal(mode_of("etc/default/boot"), 0640);
    assert_int_equal(mode_of("etc/default/boot.d/virt-vfio"), 0644);
    assert_int_equal(mode_of("etc/scripts/early/virt-vfio"), 0755);
    assert_int_equal(mode_of("var/lib/virt-vfio/setup/backups"), 0700);
    g_autofree char *link = g_build_filename(r.path, "etc/linked", NULL);
    assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    assert_int_equal(*r.runs, 2);
    assert_text(r.said->str, "/etc/default/boot\n/etc/linked\n/etc/default/boot.d/virt-vfio\n"
                             "/etc/scripts/early/virt-vfio\ntool\nmake\n");
    undo();
    assert_int_equal(*r.runs, 4);
    assert_original();
}

static void test_twice(void **state)
{
    apply(FALSE, TRUE);
    g_autofree char *once = setup_root_snapshot(&r);
    apply(FALSE, FALSE);
    g_autofree char *twice = setup_root_snapshot(&r);
    assert_text(twice, once);
    assert_int_equal(*r.runs, 2);
}

static void test_more(void **state)
{
    apply(FALSE, TRUE);
    apply(TRUE, TRUE);
    /* What was asked for first is still wanted. */
    apply(FALSE, FALSE);
    assert_int_equal(*r.runs, 4);
    assert_content("etc/default/boot.d/virt-vfio", "reserve more\n");
    undo();
    /* Two words are taken back, and the rebuild is run once. */
    assert_int_equal(*r.runs, 7);
    assert_original();
}

static void test_nothing(void **state)
{
    undo();
    assert_original();
    assert_int_equal(*r.runs, 0);
}

static void test_failing_tool(void **state)
{
    GError *error = NULL;
    gboolean changed;

    r.fails = "make";
    assert_false(setup_root_apply(&r, FALSE, &changed, &error));
    assert_non_null(strstr(error->message, "first line | no space left, it says"));
    assert_non_null(strstr(error->message, "5 of 6 steps are done. 'virt-vfio setup --apply' goes on"));
    assert_problem(error, VV_ERROR_FAILED, "make failed: exit code 3; it said: ");
    /* No file is left to change, and the rebuild is still run. */
    r.fails = NULL;
    apply(FALSE, TRUE);
    assert_int_equal(*r.runs, 3);
    apply(FALSE, FALSE);
    undo();
    assert_original();
}

static void test_undo_after_failure(void **state)
{
    GError *error = NULL;
    gboolean changed;

    r.fails = "tool";
    assert_false(setup_root_apply(&r, FALSE, &changed, &error));
    assert_problem(error, VV_ERROR_FAILED, "tool add iommu=on failed");
    error = NULL;
    assert_false(setup_root_undo(&r, &error));
    assert_problem(error, VV_ERROR_FAILED, "'virt-vfio setup --undo' goes on from here");
    error = NULL;
    assert_false(setup_root_apply(&r, FALSE, &changed, &error));
    assert_problem(error, VV_ERROR_REFUSED, "an undo was interrupted");
    r.fails = NULL;
    undo();
    assert_original();
}

static void test_stop(void **state)
{
    for (guint after = 1; after < 6; after++) {
        GError *error = NULL;
        gboolean changed;
        r.steps = 0;
        r.stop_after = after;
        assert_false(setup_root_apply(&r, FALSE, &changed, &error));
        assert_problem(error, VV_ERROR_FAILED, "stopped between two steps");
        assert_int_equal(r.steps, after);
        r.stop_after = 0;
        undo();
        assert_original();
    }
}

/* Somebody else has worked on the same files since. */
static void test_edited(void **state)
{
    apply(FALSE, TRUE);
    setup_root_put(&r, "etc/default/boot", "# Mine.\nARGS=\"quiet splash iommu=pt debug\"\n", 0640);
    setup_root_put(&r, "etc/default/boot.d/virt-vfio", "reserve\nand mine\n", 0644);
    g_autofree char *script = g_build_filename(r.path, "etc/scripts/early/virt-vfio", NULL);
    assert_int_equal(unlink(script), 0);
    undo();
    assert_content("etc/default/boot", "# Mine.\nARGS=\"quiet splash debug\"\n");
    assert_content("etc/default/boot.d/virt-vfio", NULL);
    assert_content("etc/default/boot.d/virt-vfio.virt-vfio-saved", "reserve\nand mine\n");
    assert_content("usr/share/real", "one\n");
    assert_content("var/lib/virt-vfio/setup/ledger", NULL);
}

/* An edit between two applies is not lost, and neither is what was there before the first. */
static void test_edited_between(void **state)
{
    apply(FALSE, TRUE);
    setup_root_put(&r, "etc/default/boot", "# Mine.\nARGS=\"quiet splash\"\n", 0640);
    apply(TRUE, TRUE);
    assert_content("etc/default/boot", "# Mine.\nARGS=\"quiet splash iommu=pt\"\n");
    undo();
    assert_content("etc/default/boot", "# Mine.\nARGS=\"quiet splash\"\n");
}

static void test_saved_name_taken(void **state)
{
    setup_root_put(&r, "etc/scripts/early/virt-vfio.virt-vfio-saved", "older\n", 0644);
    apply(FALSE, TRUE);
    setup_root_put(&r, "etc/scripts/early/virt-vfio", "newer\n", 0755);
    undo();
    assert_content("etc/scripts/early/virt-vfio.virt-vfio-saved", "older\n");
    assert_content("etc/scripts/early/virt-vfio.virt-vfio-saved.1", "newer\n");
}

/* A word that somebody put elsewhere is his. */
static void test_words_moved(void **state)
{
    apply(FALSE, TRUE);
    setup_root_put(&r, "etc/default/boot", "ARGS=\"quiet\"\nOTHER=\"iommu=pt\"\n", 0640);
    g_autoptr(VvLedger) ledger = vv_ledger_load(r.sysfs, NULL);
    g_autoptr(VvSetupPlan) plan = vv_setup_plan_undo(r.sysfs, ledger, NULL);
    assert_int_equal(plan->notes->len, 1);
    assert_non_null(strstr(plan->notes->pdata[0], "/etc/default/boot was edited"));
    assert_non_null(strstr(plan->notes->pdata[0], "'iommu=pt' is not where it was put"));
    undo();
    assert_content("etc/default/boot", "ARGS=\"quiet\"\nOTHER=\"iommu=pt\"\n");
    assert_content("usr/share/real", "one\n");
}

static void test_changed_meanwhile(void **state)
{
    g_autoptr(VvLedger) ledger = vv_ledger_load(r.sysfs, NULL);
    g_autoptr(VvSetupWants) wants = setup_root_wants(FALSE);
    g_autoptr(VvSetupPlan) plan = setup_root_plan(&r, FALSE);
    GError *error = NULL;
    gboolean changed;

    setup_root_put(&r, "etc/default/boot", "ARGS=\"other\"\n", 0640);
    assert_false(vv_setup_apply(&r.engine, ledger, NULL, wants, plan, &changed, &error));
    assert_problem(error, VV_ERROR_FAILED, "/etc/default/boot has changed since it was looked at");
    assert_content("var/lib/virt-vfio/setup/ledger", NULL);
    assert_content("etc/default/boot", "ARGS=\"other\"\n");
}

/* --sysroot must not write into the running system. */
static void test_link_out(void **state)
{
    g_autofree char *outside = g_dir_make_tmp("virt-vfio-out-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(outside, "real", NULL);
    g_autofree char *link = g_build_filename(r.path, "etc/linked", NULL), *up = NULL;
    g_autoptr(GError) error = NULL;
    gboolean changed;

    assert_true(g_file_set_contents(file, "one\n", -1, NULL));
    up = g_strdup_printf("../../%s/real", outside + strlen(g_get_tmp_dir()) + 1);
    for (int i = 0; i < 2; i++) {
        unlink(link);
        assert_int_equal(symlink(i ? up : file, link), 0);
        assert_false(setup_root_apply(&r, FALSE, &changed, &error));
        assert_int_equal(error->code, VV_ERROR_REFUSED);
        assert_non_null(strstr(error->message, "leads out of"));
        g_clear_error(&error);
    }
    assert_content("var/lib/virt-vfio/setup/ledger", NULL);
    unlink(file);
    rmdir(outside);
}

static void test_bad_ledger(void **state)
{
    static const char *const bad[] = {
        "",
        "[setup]\n",
        "nonsense",
        "[setup]\nversion=2\nstate=applied\nsteps=0\n[wants]\nhugepage-kib=0\nhugepages=0\n",
        "[setup]\nversion=1\nstate=odd\nsteps=0\n[wants]\nhugepage-kib=0\nhugepages=0\n",
        "[setup]\nversion=1\nstate=applied\nsteps=1\n[wants]\nhugepage-kib=0\nhugepages=0\n",
        "[setup]\nversion=1\nstate=applied\nsteps=1\n[wants]\nhugepage-kib=0\nhugepages=0\n"
        "[step 1]\nwhat=run\nprogress=done\nnumber=1\n",
        "[setup]\nversion=1\nstate=applied\nsteps=1\n[wants]\nhugepage-kib=0\nhugepages=0\n"
        "[step 1]\nwhat=file\nprogress=done\nnumber=1\nedit=line\nwas=0 0 0\npath=relative\n",
        "[setup]\nversion=1\nstate=applied\nsteps=0\n[wants]\nhugepage-kib=0\nhugepages=0\nreserve=x;\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *error = NULL;
        gboolean changed;
        setup_root_put(&r, "var/lib/virt-vfio/setup/ledger", bad[i], 0644);
        g_autofree char *before = setup_root_snapshot(&r);
        assert_false(setup_root_apply(&r, FALSE, &changed, &error));
        assert_problem(error, VV_ERROR_FAILED, "/var/lib/virt-vfio/setup/ledger cannot be understood");
        error = NULL;
        assert_false(setup_root_undo(&r, &error));
        assert_problem(error, VV_ERROR_FAILED, "cannot be understood");
        assert_content("etc/default/boot.d/virt-vfio", NULL);
        assert_int_equal(*r.runs, 0);
    }
}

static void test_bad_backup(void **state)
{
    g_autofree char *backup = g_build_filename(r.path, "var/lib/virt-vfio/setup/backups/1.before", NULL);
    GError *error = NULL;

    apply(FALSE, TRUE);
    setup_root_put(&r, "var/lib/virt-vfio/setup/backups/1.before", "damaged\n", 0644);
    assert_false(setup_root_undo(&r, &error));
    assert_problem(error, VV_ERROR_FAILED, "1.before is not what was kept there");
    unlink(backup);
    error = NULL;
    assert_false(setup_root_undo(&r, &error));
    assert_problem(error, VV_ERROR_FAILED, "1.before is not there");
    assert_content("usr/share/real", "one iommu=pt\n");
}

/* Whatever is in it comes back. */
static void test_ledger_text(void **state)
{
    g_autoptr(VvLedger) ledger = vv_ledger_load(r.sysfs, NULL);
    g_autoptr(VvLedger) other = vv_ledger_load(r.sysfs, NULL);
    g_autoptr(VvSetupWants) wants = setup_root_wants(TRUE);
    g_autoptr(VvSetupPlan) plan = setup_root_plan(&r, TRUE);
    const VvRootFile was = {NULL, 04711, 12, 34};
    GError *error = NULL;

    int lock = vv_ledger_lock(r.sysfs, NULL);
    vv_setup_wants_merge(ledger->wants, wants);
    ledger->wants->isolate_cpus = g_strdup("2-7");
    ledger->stack = g_strdup("GRUB; of \"old\"\n");
    ledger->state = VV_LEDGER_UNDOING;
    g_ptr_array_add(ledger->folders, g_strdup("/etc/a b;c"));
    for (guint i = 0; i < plan->steps->len; i++) {
        VvSetupStep *step = plan->steps->pdata[i];
        if (step->what == VV_SETUP_FILE)
            step->replaced = g_strdupv((char *[]){"dyndbg=\"a;b c\"", "\xff\xfe", "", NULL});
        assert_non_null(vv_ledger_add(r.sysfs, ledger, step, &was, &error));
    }
    g_autofree char *text = vv_ledger_format(ledger);
    assert_true(g_utf8_validate(text, -1, NULL));
    vv_ledger_parse(other, text, &error);
    assert_fine(error);
    g_autofree char *again = vv_ledger_format(other);
    assert_text(again, text);
    const VvLedgerStep *first = other->steps->pdata[0];
    assert_text(first->step->replaced[0], "dyndbg=\"a;b c\"");
    assert_text(first->step->replaced[1], "\xff\xfe");
    assert_text(first->step->key, "ARGS");
    assert_int_equal(first->was.mode, 04711);
    assert_int_equal(first->was.gid, 34);
    assert_text(other->stack, "GRUB; of \"old\"\n");
    assert_text(other->folders->pdata[0], "/etc/a b;c");
    const VvReserve *reserve = other->wants->reserve->pdata[0];
    assert_text(reserve->module, "nouveau");
    assert_true(reserve->unique);
    assert_true(vv_ledger_remove(r.sysfs, NULL));
    vv_ledger_unlock(r.sysfs, lock);
}

/* It is never cut on a disk that keeps its word; on another one it must not be taken for whole. */
static void test_cut_ledger(void **state)
{
    apply(TRUE, TRUE);
    g_autofree char *text = setup_root_get(&r, "var/lib/virt-vfio/setup/ledger");
    gsize last = (gsize)(g_strrstr(text, "[step ") - text);

    for (gsize length = 0; length < strlen(text); length++) {
        g_autofree char *cut = g_strndup(text, length);
        g_autoptr(GError) error = NULL;
        setup_root_put(&r, "var/lib/virt-vfio/setup/ledger", cut, 0644);
        g_autoptr(VvLedger) ledger = vv_ledger_load(r.sysfs, &error);
        if (length <= last)
            assert_null(ledger);
        assert_true(ledger || error);
    }
}

static void test_locked(void **state)
{
    int lock = vv_ledger_lock(r.sysfs, NULL);
    GError *error = NULL;
    gboolean changed;

    assert_true(lock >= 0);
    assert_false(setup_root_apply(&r, FALSE, &changed, &error));
    assert_problem(error, VV_ERROR_REFUSED, "another setup of this system is at work");
    vv_ledger_unlock(r.sysfs, lock);
    assert_original();
}

static void test_merge(void **state)
{
    g_autoptr(VvSetupWants) wants = vv_setup_wants_new();
    g_autoptr(VvSetupWants) more = setup_root_wants(FALSE);

    vv_setup_wants_merge(wants, more);
    vv_setup_wants_merge(wants, more);
    assert_int_equal(wants->reserve->len, 1);
    assert_true(wants->iommu);
    VvReserve *reserve = more->reserve->pdata[0];
    g_clear_pointer(&reserve->module, g_free);
    reserve->unique = FALSE;
    more->iommu = FALSE;
    more->hugepage_kib = more->hugepages = 0;
    more->isolate_cpus = g_strdup("1");
    vv_setup_wants_merge(wants, more);
    const VvReserve *merged = wants->reserve->pdata[0];
    assert_text(merged->module, "nouveau");
    assert_false(merged->unique);
    assert_int_equal(wants->hugepages, 32);
    assert_text(wants->isolate_cpus, "1");
    assert_true(wants->iommu);
}

/* The runner of everyday, on harmless programs of this system. */
static void test_run_tool(void **state)
{
    g_autoptr(VvSysfs) live = vv_sysfs_new(NULL, NULL);
    g_autoptr(GString) output = g_string_new(NULL);
    GError *error = NULL;

    /* This system's own language, or else this one. */
    g_setenv("LANG", "xx_YY.UTF-8", TRUE);
    g_setenv("LC_ALL", "C", TRUE);
    assert_true(vv_setup_run_tool(
        live, (const char *[]){"sh", "-c", "echo ${LANG:+a} ${LC_ALL-b} $HOME; cat; pwd >&2", NULL}, output,
        NULL, &error));
    assert_text(output->str, "a b /root\n/\n");
    assert_false(vv_setup_run_tool(live, (const char *[]){"sh", "-c", "echo no; exit 77", NULL}, output, NULL,
                                   &error));
    assert_problem(error, VV_ERROR_FAILED, "exit code 77");
    error = NULL;
    assert_true(vv_setup_run_tool(live,
                                  (const char *[]){"sh", "-c", "exit 77", "sh", "--unchanged-exit-77", NULL},
                                  output, NULL, &error));
    assert_false(
        vv_setup_run_tool(live, (const char *[]){"sh", "-c", "kill -9 $$", NULL}, output, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "ended by signal 9");
    error = NULL;
    g_string_truncate(output, 0);
    assert_false(
        vv_setup_run_tool(live, (const char *[]){"virt-vfio-no-such-tool", NULL}, output, NULL, &error));
    assert_problem(error, VV_ERROR_NOT_READY, "there is no program virt-vfio-no-such-tool");
    error = NULL;
    g_string_truncate(output, 0);
    assert_true(vv_setup_run_tool(
        live, (const char *[]){"sh", "-c", "seq 100000; echo end; sleep 30 &", NULL}, output, NULL, &error));
    assert_int_equal(output->len, 65536);
    assert_true(g_str_has_suffix(output->str, "\nend\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_apply_and_undo), TEST(test_twice),
        TEST(test_more),           TEST(test_nothing),
        TEST(test_failing_tool),   TEST(test_undo_after_failure),
        TEST(test_stop),           TEST(test_edited),
        TEST(test_edited_between), TEST(test_saved_name_taken),
        TEST(test_words_moved),    TEST(test_changed_meanwhile),
        TEST(test_link_out),       TEST(test_bad_ledger),
        TEST(test_bad_backup),     TEST(test_ledger_text),
        TEST(test_cut_ledger),     TEST(test_locked),
        TEST(test_merge),          TEST(test_run_tool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
