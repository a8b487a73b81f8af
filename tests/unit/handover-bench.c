/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handover-bench.h"

#include "test.h"

#include <errno.h>
#include <sys/wait.h>

guint bench_count_fds(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(folder))
        count++;
    return count;
}

static void count_progress(const VvStep *step, gpointer data)
{
    Bench *b = data;

    b->progress++;
    b->progress_failed += step->failed != 0;
    assert_true(step->us >= 0);
}

void bench_open(Bench *b, FakeHost *fake)
{
    *b = (Bench){.fake = fake, .host = fake_host_scan(fake)};
    b->journal = vv_journal_new(fake_host_root(fake));
    b->before = fake_host_snapshot(fake, "sys");
    b->options =
        (VvHandoverOptions){.stage_ms = 5000, .lock_ms = 100, .progress = count_progress, .progress_data = b};
    b->fds = bench_count_fds();
    fake_host_require_journal(fake, 0);
}

void bench_close(Bench *b)
{
    bench_assert_tidy(b);
    g_free(b->before);
    vv_journal_free(b->journal);
    vv_host_free(b->host);
    fake_host_free(b->fake);
}

void bench_rescan(Bench *b)
{
    vv_host_free(b->host);
    b->host = fake_host_scan(b->fake);
}

gboolean bench_take_as(Bench *b, const char *words, const char *owner, VvPlan **ret_plan, GError **error)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    /* One of the machines has no other card. */
    const char *const allow[] = {"display-boot", "claimed", NULL};
    const VvPlanOptions options = {.owner = owner, .owner_name = owner ? "win11" : NULL, .allow = allow};

    assert_true(vv_selector_parse(words, selectors, NULL));
    bench_rescan(b);
    g_autoptr(VvPlan) plan = vv_plan_take(b->host, b->journal, selectors, &options, error);
    if (!plan)
        return FALSE;
    gboolean ok = vv_handover_take(b->host, b->journal, plan, &b->options, error);
    if (ret_plan)
        *ret_plan = g_steal_pointer(&plan);
    return ok;
}

gboolean bench_take(Bench *b, const char *words, GError **error)
{
    return bench_take_as(b, words, NULL, NULL, error);
}

gboolean bench_return(Bench *b, VvPlan **ret_plan, GError **error)
{
    bench_rescan(b);
    g_autoptr(GPtrArray) entries = vv_journal_list(b->journal, error);
    if (!entries)
        return FALSE;
    g_autoptr(VvPlan) plan = vv_plan_return(b->host, entries);
    gboolean ok = vv_handover_return(b->host, b->journal, plan, &b->options, error);
    if (ret_plan)
        *ret_plan = g_steal_pointer(&plan);
    return ok;
}

void bench_take_fine(Bench *b, const char *words)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = bench_take(b, words, &error);

    assert_fine(error);
    assert_true(ok);
}

void bench_return_fine(Bench *b)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = bench_return(b, NULL, &error);

    assert_fine(error);
    assert_true(ok);
}

static void assert_no_lock(Bench *b)
{
    g_autoptr(VvJournal) other = vv_journal_new(fake_host_root(b->fake));
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GError) error = NULL;

    g_array_append_vals(groups, vv_host_groups(b->host)->data, vv_host_groups(b->host)->len);
    vv_journal_lock_groups(other, groups, 0, &error);
    assert_fine(error);
}

void bench_assert_tidy(Bench *b)
{
    if (fake_host_violation(b->fake))
        fail_msg("%s", fake_host_violation(b->fake));
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(bench_count_fds(), b->fds);
    assert_no_lock(b);
}

void bench_assert_as_before(Bench *b)
{
    g_autofree char *now = fake_host_snapshot(b->fake, "sys");

    bench_assert_tidy(b);
    bench_assert_journal(b, "");
    assert_string_equal(now, b->before);
}

void bench_assert_driver(Bench *b, const char *address, const char *driver)
{
    g_autofree char *now = fake_host_driver(b->fake, address);

    assert_text(now, driver);
}

void bench_assert_override(Bench *b, const char *address, const char *override)
{
    g_autofree char *now = fake_host_override(b->fake, address);

    assert_text(now, override);
}

void bench_assert_journal(Bench *b, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = vv_journal_list(b->journal, &error);
    g_autoptr(GString) text = g_string_new(NULL);

    assert_fine(error);
    for (guint i = 0; i < entries->len; i++) {
        const VvEntry *entry = entries->pdata[i];
        g_autofree char *address = vv_address_dup(entry->address);
        g_string_append_printf(text, "%s%s %s %s", i ? "; " : "", address, vv_state_name(entry->state),
                               entry->driver ? entry->driver : "-");
    }
    assert_text(text->str, expected);
}
