/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup-root.h"

#include "test.h"
#include "vfio/seam.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* setup is killed before each step that changes something, its tools in the middle of their work, too; a
 * second run completes it or takes it back, and is killed in turn. Then the same with an error at each step.
 */

typedef gboolean (*Work)(SetupRoot *r, GError **error);

static SetupRoot r;
static char *original, *applied, *first_applied;
static guint kills;

/* Thousands of runs, of which nothing has to survive a power cut. */
int __wrap_fsync(int fd)
{
    return 0;
}

static gboolean apply(SetupRoot *root, GError **error)
{
    gboolean changed;

    return setup_root_apply(root, FALSE, &changed, error);
}

static gboolean apply_more(SetupRoot *root, GError **error)
{
    gboolean changed;

    return setup_root_apply(root, TRUE, &changed, error);
}

static gboolean undo(SetupRoot *root, GError **error)
{
    return setup_root_undo(root, error);
}

static G_GNUC_NORETURN void be_the_program(Work work, int at)
{
    GError *error = NULL;

    vv_seam_set(VV_SEAM_KILL, at, 0);
    if (work(&r, &error))
        _exit(0);
    fprintf(stderr, "%s\n", error->message);
    _exit(1);
}

/* TRUE when it was killed at that step; else it came to its end. */
static gboolean is_killed(Work work, int at)
{
    int status;
    pid_t program = fork();

    assert_true(program >= 0);
    if (program == 0)
        be_the_program(work, at);
    assert_int_equal(waitpid(program, &status, 0), program);
    if (!WIFSIGNALED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return FALSE;
    }
    assert_int_equal(WTERMSIG(status), SIGKILL);
    kills++;
    return TRUE;
}

/* In this process, which is quicker. */
static void run_fine(Work work)
{
    GError *error = NULL;

    vv_seam_set(VV_SEAM_COUNT, 0, 0);
    gboolean ok = work(&r, &error);
    assert_fine(error);
    assert_true(ok);
}

/* Time and boot are another one each time, and an undo never wrote them. */
static char *snapshot(void)
{
    g_autofree char *text = setup_root_snapshot(&r);
    g_autoptr(GRegex) regex = g_regex_new("^(changed-at|boot-id)=.*\n", G_REGEX_MULTILINE, 0, NULL);

    return g_regex_replace_literal(regex, text, -1, 0, "", 0, NULL);
}

/* Only what is the system's: the ledger of an apply that was interrupted may have come about in another way.
 */
static char *system_of(const char *text)
{
    const char *ledger = strstr(text, "\n/var");

    assert_non_null(ledger);
    return g_strndup(text, (gsize)(ledger - text));
}

static void assert_system(const char *expected)
{
    g_autofree char *now = snapshot();
    g_autofree char *is = system_of(now), *should = system_of(expected);

    assert_text(is, should);
}

static void assert_original(void)
{
    g_autofree char *now = snapshot();

    assert_text(now, original);
}

static Work first, second;

/* Undisturbed up to the step `at` of `first`, where it is killed. */
static gboolean kill_first(int at)
{
    setup_root_reset(&r);
    if (first == apply_more)
        run_fine(apply);
    if (first == undo)
        run_fine(apply);
    return is_killed(first, at);
}

static void assert_end(void)
{
    if (second == undo) {
        assert_original();
        return;
    }
    assert_system(first == apply_more ? applied : first_applied);
    /* And all of it can still be taken back. */
    run_fine(undo);
    assert_original();
}

/* Forks are slow under AddressSanitizer: there the second run is killed at one or two of its steps each time,
 * and at other ones the next time. */
static int stride(void)
{
#ifdef __SANITIZE_ADDRESS__
    return g_strcmp0(g_getenv("VIRT_VFIO_SWEEP"), "all") == 0 ? 1 : 29;
#else
    return 1;
#endif
}

/* Kills `first` at each step, `second` at each of its own, and lets `second` come to its end. */
static guint sweep(Work one, Work two)
{
    guint before = kills;

    first = one;
    second = two;
    for (int at = 1; kill_first(at); at++) {
        run_fine(second);
        assert_end();
        for (int again = 1 + at % stride();; again += stride()) {
            assert_true(kill_first(at));
            if (!is_killed(second, again))
                break;
            run_fine(second);
            assert_end();
        }
    }
    return kills - before;
}

static void report(const char *what, guint count)
{
    assert_in_range(count, 50, 100000);
    print_message("# %s: %u kills\n", what, count);
}

static void test_apply_apply(void **state)
{
    report("apply killed, apply again killed, too", sweep(apply, apply));
}

static void test_apply_undo(void **state)
{
    report("apply killed, undo killed, too", sweep(apply, undo));
}

static void test_more_more(void **state)
{
    report("a second apply with more killed, apply again killed, too", sweep(apply_more, apply_more));
}

static void test_more_undo(void **state)
{
    report("a second apply with more killed, undo killed, too", sweep(apply_more, undo));
}

static void test_undo_undo(void **state)
{
    report("undo killed, undo again killed, too", sweep(undo, undo));
}

static guint fail_each(Work one, Work two, int number)
{
    guint failed = 0;

    first = one;
    second = two;
    for (int at = 1;; at++) {
        setup_root_reset(&r);
        if (first != apply)
            run_fine(apply);
        g_autoptr(GError) error = NULL;
        vv_seam_set(VV_SEAM_FAIL, at, number);
        gboolean ok = first(&r, &error);
        if (ok && vv_seam_steps() < at)
            return failed;
        /* An error without words is none; one in what tidies up at the end need not be one. */
        assert_true(ok || (error && *error->message));
        failed += !ok;
        run_fine(second);
        assert_end();
    }
}

static void test_errors(void **state)
{
    static const int numbers[] = {ENOSPC, EIO};
    guint failed = 0;

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        failed += fail_each(apply, apply, numbers[i]) + fail_each(apply, undo, numbers[i]);
        failed += fail_each(apply_more, apply_more, numbers[i]) + fail_each(apply_more, undo, numbers[i]);
        failed += fail_each(undo, undo, numbers[i]);
    }
    assert_in_range(failed, 100, 10000);
    print_message("# %u errors, each with words, and healed\n", failed);
}

static int set_up(void **state)
{
    setup_root_open(&r);
    original = snapshot();
    run_fine(apply);
    first_applied = snapshot();
    run_fine(apply_more);
    applied = snapshot();
    return 0;
}

static int tear_down(void **state)
{
    setup_root_close(&r);
    g_free(original);
    g_free(first_applied);
    g_free(applied);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply_apply), cmocka_unit_test(test_apply_undo),
        cmocka_unit_test(test_more_more),   cmocka_unit_test(test_more_undo),
        cmocka_unit_test(test_undo_undo),   cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
