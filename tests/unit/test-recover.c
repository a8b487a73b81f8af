/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/recover.h"

#include <stdio.h>
#include <unistd.h>

#define DOMAIN "5c1b0d7e-0000-4000-8000-123456789abc"
#define A "0000:01:00.0"
#define B "0000:02:00.0"
#define C "0000:03:00.0"
#define ALL A ";" B ";" C

#define MACHINE                                                                                              \
    "drivers vfio-pci pci-stub\n" A                                                                          \
    " class=030000 id=10de:1e84 driver=nouveau group=1 power=auto d3cold=1\n" B                              \
    " class=010802 id=144d:a808 driver=nvme group=2\n" C " class=020000 id=8086:1572 driver=i40e group=3\n"

static void put_process(Bench *b, int pid, guint started, char state)
{
    g_autofree char *path = g_strdup_printf("proc/%d/stat", pid);
    g_autofree char *text = g_strdup_printf(
        "%d (a (nasty) name) %c 1 1 1 0 -1 4194304 1 0 0 0 1 1 0 0 20 0 1 0 %u 1 1\n", pid, state, started);

    fake_host_put(b->fake, path, text);
}

/* What an entry shall say instead; 0 and NULL are meant so. */
typedef struct {
    VvState state;
    VvProcess by;
    const char *note;
} Said;

static void rewrite(Bench *b, const char *address, Said said)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VvEntry) entry = vv_journal_read(b->journal, address_of(address), &error);

    assert_non_null(entry);
    entry->state = said.state;
    entry->by = said.by;
    g_free(entry->note);
    entry->note = g_strdup(said.note);
    assert_true(vv_journal_write(b->journal, entry, &error));
}

static void assert_looks(Bench *b, const VvRecoverOptions *options, const char *address,
                         VvRecoverAction action, const char *why)
{
    g_autoptr(GError) error = NULL;
    bench_rescan(b);
    g_autofree char *before = fake_host_snapshot(b->fake, "");
    g_autoptr(GPtrArray) recoveries = vv_recover_look(b->host, b->journal, options, &error);
    g_autofree char *after = fake_host_snapshot(b->fake, "");
    gboolean found = FALSE;

    assert_fine(error);
    assert_string_equal(before, after); /* a look changes nothing */
    for (guint i = 0; i < recoveries->len; i++) {
        const VvRecovery *recovery = recoveries->pdata[i];
        if (!vv_address_equal(recovery->entry->address, address_of(address)))
            continue;
        found = TRUE;
        assert_int_equal(recovery->action, action);
        if (!strstr(recovery->why, why))
            fail_msg("\"%s\" does not say \"%s\"", recovery->why, why);
    }
    assert_true(found);
}

static gboolean recover(Bench *b, const VvRecoverOptions *options, VvPlan **ret_plan, GError **error)
{
    bench_rescan(b);
    return vv_recover(b->host, b->journal, options, &b->options, ret_plan, error);
}

static void recover_fine(Bench *b, const VvRecoverOptions *options)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = recover(b, options, NULL, &error);

    assert_fine(error);
    assert_true(ok);
}

static void open_taken(Bench *b, const char *words, const char *owner)
{
    g_autoptr(GError) error = NULL;

    bench_open(b, fake_host_new(MACHINE));
    assert_true(bench_take_as(b, words, owner, NULL, &error));
}

static void close_released(Bench *b)
{
    bench_return_fine(b);
    bench_assert_as_before(b);
    bench_close(b);
}

static void close_as_before(Bench *b)
{
    bench_assert_as_before(b);
    bench_close(b);
}

static void test_nothing_to_do(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    g_autoptr(GError) error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    g_autofree char *before = fake_host_snapshot(b.fake, "");
    assert_true(recover(&b, NULL, &plan, &error));
    assert_int_equal(plan->devices->len, 0);
    g_autofree char *after = fake_host_snapshot(b.fake, "");
    assert_string_equal(before, after);
    close_as_before(&b);
}

static void test_journal_cannot_be_read(void **state)
{
    Bench b;
    GError *error = NULL;

    bench_open(&b, fake_host_new(MACHINE));
    fake_host_put(b.fake, "run/virt-vfio/devices/" A, "nonsense");
    assert_false(recover(&b, NULL, NULL, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, "not a journal entry");
    assert_null(vv_recover_look(b.host, b.journal, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "not a journal entry");
    assert_true(vv_journal_remove(b.journal, address_of(A), NULL));
    close_as_before(&b);
}

static void test_gone(void **state)
{
    Bench b;
    g_autoptr(VvPlan) plan = NULL;
    g_autoptr(GError) error = NULL;

    open_taken(&b, A, NULL);
    fake_host_unplug(b.fake, A);
    assert_looks(&b, NULL, A, VV_RECOVER_FORGET, "it is gone from this host");
    assert_true(recover(&b, NULL, &plan, &error));
    assert_int_equal(plan->devices->len, 1);
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "gone");
    bench_assert_journal(&b, "");
    bench_close(&b);
}

/* Addresses are given anew at each boot, or when a card moves. */
static void test_another_device_there(void **state)
{
    Bench b;

    open_taken(&b, A, NULL);
    fake_host_unplug(b.fake, A);
    fake_host_add(b.fake, A " class=030000 id=1002:73bf driver=amdgpu\n");
    assert_looks(&b, NULL, A, VV_RECOVER_FORGET, "another device is there now (1002:73bf");
    recover_fine(&b, NULL);
    bench_assert_journal(&b, "");
    bench_assert_driver(&b, A, "amdgpu");
    bench_assert_override(&b, A, "(null)");
    bench_close(&b);
}

/* An entry that does not say what it was is believed. */
static void test_without_ids(void **state)
{
    Bench b;

    open_taken(&b, A, DOMAIN);
    g_autoptr(VvEntry) entry = vv_journal_read(b.journal, address_of(A), NULL);
    g_clear_pointer(&entry->ids, g_free);
    assert_true(vv_journal_write(b.journal, entry, NULL));
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_taken_by_hand_stays(void **state)
{
    const VvRecoverOptions retry = {.retry = TRUE};
    Bench b;

    open_taken(&b, ALL, NULL);
    assert_looks(&b, NULL, B, VV_RECOVER_LEAVE, "taken by hand");
    recover_fine(&b, NULL);
    recover_fine(&b, &retry);
    bench_assert_journal(&b, A " taken nouveau; " B " taken nvme; " C " taken i40e");
    bench_assert_driver(&b, B, "vfio-pci");
    close_released(&b);
}

static void test_taken_and_rebound(void **state)
{
    Bench b;

    open_taken(&b, A ";" B, NULL);
    fake_host_bind(b.fake, A, "nouveau");
    fake_host_bind(b.fake, B, NULL);
    assert_looks(&b, NULL, A, VV_RECOVER_RETURN, "not with VFIO any more, but with nouveau");
    assert_looks(&b, NULL, B, VV_RECOVER_RETURN, "not with VFIO any more, but with no driver");
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_taken_by_a_domain(void **state)
{
    Bench b;

    open_taken(&b, ALL, DOMAIN);
    assert_looks(&b, NULL, A, VV_RECOVER_RETURN, "guest is not running and nobody waits for it");
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_program_waits_for_its_guest(void **state)
{
    const VvProcess alive = {4711, 99}, other_with_its_number = {4711, 98};
    Bench b;

    open_taken(&b, A, DOMAIN);
    put_process(&b, 4711, 99, 'S');
    rewrite(&b, A, (Said){VV_STATE_TAKEN, alive, NULL});
    assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "still runs (pid 4711)");
    recover_fine(&b, NULL);
    bench_assert_driver(&b, A, "vfio-pci");

    put_process(&b, 4711, 99, 'Z');
    assert_looks(&b, NULL, A, VV_RECOVER_RETURN, "nobody waits");
    put_process(&b, 4711, 99, 'S');
    rewrite(&b, A, (Said){VV_STATE_TAKEN, other_with_its_number, NULL});
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_guest_uses_it(void **state)
{
    Bench b;

    open_taken(&b, A, DOMAIN);
    fake_host_hold_group(b.fake, 1, TRUE);
    assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "a running program is using it");
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " taken nouveau");
    /* Torn out, and VFIO waits for the guest: the driver link is gone already. */
    fake_host_bind(b.fake, A, NULL);
    assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "a running program is using it");
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " taken nouveau");
    fake_host_bind(b.fake, A, "vfio-pci");
    fake_host_hold_group(b.fake, 1, FALSE);
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static gboolean say_alive(const VvEntry *entry, gpointer data)
{
    gboolean *alive = data;

    assert_text(entry->owner, DOMAIN);
    assert_text(entry->owner_name, "win11");
    return *alive;
}

static void test_libvirt_knows_the_owner(void **state)
{
    gboolean alive = TRUE;
    const VvRecoverOptions options = {.owner_alive = say_alive, .data = &alive};
    Bench b;

    open_taken(&b, A, DOMAIN);
    assert_looks(&b, &options, A, VV_RECOVER_LEAVE, "its domain is running");
    recover_fine(&b, &options);
    bench_assert_journal(&b, A " taken nouveau");
    alive = FALSE;
    recover_fine(&b, &options);
    close_as_before(&b);
}

static void test_stuck(void **state)
{
    const VvProcess worker = {812, 5};
    Bench b;

    open_taken(&b, ALL, NULL);
    rewrite(&b, B, (Said){VV_STATE_STUCK, worker, "process 812 waits in msleep"});
    put_process(&b, 812, 5, 'D');
    assert_looks(&b, NULL, B, VV_RECOVER_LEAVE, "process 812 still hangs in the kernel");
    recover_fine(&b, &(VvRecoverOptions){.retry = TRUE});
    bench_assert_journal(&b, A " taken nouveau; " B " stuck nvme; " C " taken i40e");
    /* Nor does anybody else touch it. */
    GError *error = NULL;
    assert_false(bench_return(&b, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "stuck: process 812 waits in msleep");
    bench_assert_journal(&b, B " stuck nvme");

    put_process(&b, 812, 6, 'S'); /* somebody else by now */
    assert_looks(&b, NULL, B, VV_RECOVER_RETURN, "the worker that hung with it has ended");
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_quarantined_stays(void **state)
{
    Bench b;

    open_taken(&b, A, DOMAIN);
    rewrite(&b, A, (Said){.state = VV_STATE_QUARANTINED, .note = "on request"});
    assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "quarantined");
    recover_fine(&b, &(VvRecoverOptions){.retry = TRUE});
    bench_assert_journal(&b, A " quarantined nouveau");
    bench_assert_driver(&b, A, "vfio-pci");
    close_released(&b);
}

static void test_moving(void **state)
{
    const VvProcess process = {4711, 99};
    static const VvState states[] = {VV_STATE_TAKING, VV_STATE_RETURNING};
    static const char *const words[] = {"that was taking it has ended", "that was returning it has ended"};

    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        Bench b;
        open_taken(&b, A, NULL);
        rewrite(&b, A, (Said){states[i], process, NULL});
        put_process(&b, 4711, 99, 'R');
        assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "at work on it (pid 4711)");
        recover_fine(&b, NULL);
        bench_assert_driver(&b, A, "vfio-pci");
        put_process(&b, 4711, 99, 'X');
        assert_looks(&b, NULL, A, VV_RECOVER_RETURN, words[i]);
        recover_fine(&b, NULL);
        close_as_before(&b);
    }
}

/* What failed and was reported is not tried again at each command, but when somebody asks. */
static void test_failed_before(void **state)
{
    Bench b;

    open_taken(&b, A, NULL);
    rewrite(&b, A, (Said){.state = VV_STATE_RETURNING, .note = "nouveau does not take it"});
    assert_looks(&b, NULL, A, VV_RECOVER_LEAVE, "it failed before; 'virt-vfio recover' tries again");
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " returning nouveau");
    recover_fine(&b, &(VvRecoverOptions){.retry = TRUE});
    close_as_before(&b);
}

/* Killed between saying why it failed and giving back. */
static void test_failed_take_is_undone(void **state)
{
    Bench b;

    open_taken(&b, A, NULL);
    rewrite(&b, A, (Said){.state = VV_STATE_TAKING, .note = "cannot unbind"});
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_unfinished_bind(void **state)
{
    const VvProcess dead = {4711, 99}, other = {4711, 100};
    Bench b;

    open_taken(&b, ALL, NULL);
    rewrite(&b, A, (Said){VV_STATE_TAKEN, dead, NULL});
    rewrite(&b, B, (Said){VV_STATE_TAKING, dead, NULL});
    rewrite(&b, C, (Said){VV_STATE_TAKING, other, NULL});
    assert_looks(&b, NULL, B, VV_RECOVER_FINISH, "ended just before it could say so");
    assert_looks(&b, NULL, C, VV_RECOVER_RETURN, "that was taking it has ended");
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " taken nouveau; " B " taken nvme");
    bench_assert_driver(&b, C, "i40e");
    close_released(&b);
}

/* Two entries without a process do not belong together. */
static void test_unfinished_by_nobody(void **state)
{
    Bench b;

    open_taken(&b, A ";" B, NULL);
    rewrite(&b, A, (Said){.state = VV_STATE_TAKEN});
    rewrite(&b, B, (Said){.state = VV_STATE_TAKING});
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " taken nouveau");
    close_released(&b);
}

static void test_unfinished_start_is_undone(void **state)
{
    const VvProcess dead = {4711, 99};
    Bench b;

    open_taken(&b, A ";" B, DOMAIN);
    rewrite(&b, A, (Said){VV_STATE_TAKEN, dead, NULL});
    rewrite(&b, B, (Said){VV_STATE_TAKING, dead, NULL});
    assert_looks(&b, NULL, B, VV_RECOVER_RETURN, "has ended");
    recover_fine(&b, NULL);
    close_as_before(&b);
}

static void test_finish_cannot_be_written(void **state)
{
    const VvProcess dead = {4711, 99};
    GError *error = NULL;
    Bench b;

    open_taken(&b, A ";" B, NULL);
    rewrite(&b, A, (Said){VV_STATE_TAKEN, dead, NULL});
    rewrite(&b, B, (Said){VV_STATE_TAKING, dead, NULL});
    g_autofree char *in_the_way =
        g_strdup_printf("%s/run/virt-vfio/devices/" B ".new", fake_host_root(b.fake));
    assert_int_equal(g_mkdir_with_parents(in_the_way, 0700), 0);
    assert_false(recover(&b, NULL, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "write the journal entry");
    assert_int_equal(rmdir(in_the_way), 0);
    recover_fine(&b, NULL);
    bench_assert_journal(&b, A " taken nouveau; " B " taken nvme");
    close_released(&b);
}

static char *journal_path(Bench *b, const char *name)
{
    return g_build_filename(fake_host_root(b->fake), "run/virt-vfio/devices", name, NULL);
}

/* Half an entry of a writer that died before there was one: of a device, of one that is gone, of none. */
static void test_leftovers(void **state)
{
    static const char *const names[] = {A ".new", "0000:77:00.0.new"};
    Bench b;

    open_taken(&b, B, NULL);
    fake_host_put(b.fake, "run/virt-vfio/devices/" A ".new", "[dev");
    fake_host_put(b.fake, "run/virt-vfio/devices/" B ".new", "[dev"); /* has an entry, which takes it along */
    fake_host_put(b.fake, "run/virt-vfio/devices/0000:77:00.0.new", "");
    fake_host_put(b.fake, "run/virt-vfio/devices/notes.new", "of somebody else");
    recover_fine(&b, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = journal_path(&b, names[i]);
        assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
    g_autofree char *foreign = journal_path(&b, "notes.new"), *of_entry = journal_path(&b, B ".new");
    assert_true(g_file_test(foreign, G_FILE_TEST_EXISTS));
    bench_return_fine(&b);
    assert_false(g_file_test(of_entry, G_FILE_TEST_EXISTS));
    assert_int_equal(unlink(foreign), 0);
    assert_true(vv_journal_is_empty(b.journal));
    close_as_before(&b);
}

/* Its writer lives, and has the lock. */
static void test_leftover_of_the_living(void **state)
{
    Bench b;

    open_taken(&b, B, NULL);
    g_autofree char *path = journal_path(&b, A ".new");
    fake_host_put(b.fake, "run/virt-vfio/devices/" A ".new", "[dev");
    g_autoptr(VvJournal) other = vv_journal_new(fake_host_root(b.fake));
    assert_true(vv_journal_lock(other, 1, 0, NULL));
    recover_fine(&b, NULL);
    assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    vv_journal_unlock(other);
    recover_fine(&b, NULL);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    close_released(&b);
}

/* It became an entry after it was listed. */
static void test_leftover_that_became_an_entry(void **state)
{
    Bench b;

    open_taken(&b, A, NULL);
    vv_journal_remove_leftover(b.journal, address_of(A));
    bench_assert_journal(&b, A " taken nouveau");
    close_released(&b);
}

/* Another program, or a worker that outlived its own, is still at it; the others come back. */
static void test_busy(void **state)
{
    GError *error = NULL;
    Bench b;

    open_taken(&b, ALL, DOMAIN);
    VvJournal *other = vv_journal_new(fake_host_root(b.fake));
    assert_true(vv_journal_lock(other, 2, 0, NULL));
    assert_false(recover(&b, NULL, NULL, &error));
    assert_problem(error, VV_ERROR_FAILED, "IOMMU group 2; try again");
    bench_assert_driver(&b, A, "nouveau");
    bench_assert_driver(&b, C, "i40e");
    bench_assert_journal(&b, B " taken nvme");
    vv_journal_free(other);
    recover_fine(&b, NULL);
    close_as_before(&b);
}

/* Somebody acts between the look and the lock: the rule holds for what is there then. */
typedef struct {
    Bench *b;
    guint asked;
} Meanwhile;

static gboolean start_a_guest(const VvEntry *entry, gpointer data)
{
    Meanwhile *meanwhile = data;

    if (meanwhile->asked++ == 0)
        fake_host_hold_group(meanwhile->b->fake, 1, TRUE);
    return FALSE;
}

static void test_changed_since_the_look(void **state)
{
    Bench b;
    Meanwhile meanwhile = {&b, 0};
    const VvRecoverOptions options = {.owner_alive = start_a_guest, .data = &meanwhile};
    g_autoptr(VvPlan) plan = NULL;

    open_taken(&b, A, DOMAIN);
    assert_true(recover(&b, &options, &plan, NULL));
    assert_int_equal(meanwhile.asked, 1); /* the second time, the group in use said it first */
    assert_text(((VvPlanDevice *)plan->devices->pdata[0])->state, "taken");
    bench_assert_journal(&b, A " taken nouveau");
    fake_host_hold_group(b.fake, 1, FALSE);
    recover_fine(&b, NULL);
    close_as_before(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_journal_cannot_be_read),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_another_device_there),
        cmocka_unit_test(test_without_ids),
        cmocka_unit_test(test_taken_by_hand_stays),
        cmocka_unit_test(test_taken_and_rebound),
        cmocka_unit_test(test_taken_by_a_domain),
        cmocka_unit_test(test_program_waits_for_its_guest),
        cmocka_unit_test(test_guest_uses_it),
        cmocka_unit_test(test_libvirt_knows_the_owner),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_quarantined_stays),
        cmocka_unit_test(test_moving),
        cmocka_unit_test(test_failed_before),
        cmocka_unit_test(test_failed_take_is_undone),
        cmocka_unit_test(test_unfinished_bind),
        cmocka_unit_test(test_unfinished_by_nobody),
        cmocka_unit_test(test_unfinished_start_is_undone),
        cmocka_unit_test(test_finish_cannot_be_written),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_leftover_of_the_living),
        cmocka_unit_test(test_leftover_that_became_an_entry),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_changed_since_the_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
