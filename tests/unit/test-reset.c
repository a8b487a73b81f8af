/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/reset-note.h"
#include "vfio/reset.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define NVME "0000:01:00.0"
#define GPU "0000:02:00.0"
#define AUDIO "0000:02:00.1"
#define NIC "0000:03:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n0000:00:01.0 class=060400 id=8086:1901 subordinate\n"                                 \
    "0000:00:02.0 class=060400 id=8086:1901 subordinate\n" NVME                                              \
    " class=010802 id=1b36:0010 driver=vfio-pci native=nvme override=vfio-pci group=1 reset=flr,bus "        \
    "behind=0000:00:01.0 slot=1 power=on d3cold=0 %s\n" GPU                                                  \
    " class=030000 id=1234:1111 driver=vfio-pci native=bochs override=vfio-pci group=2 reset=bus "           \
    "behind=0000:00:02.0 slot=2\n" AUDIO                                                                     \
    " class=040300 id=8086:2668 driver=%s native=snd_hda_intel group=3 behind=0000:00:02.0\n" NIC            \
    " class=020000 id=8086:10d3 driver=e1000e group=4 reset=pm\n"

/* One machine, one plan. */
typedef struct {
    FakeHost *fake;
    VvHost *host;
    VvJournal *journal;
    VvPlan *plan;
    VvResetChoice *choice;
    VvHandoverOptions options;
    const char *method;
    char *before;
} Case;

static void open_case(Case *c, const char *nvme, const char *audio_driver)
{
    g_autofree char *machine = g_strdup_printf(MACHINE, nvme, audio_driver);

    *c = (Case){.fake = fake_host_new(machine),
                .options = {.stage_ms = 5000, .reset_ms = 5000, .lock_ms = 100}};
    c->host = fake_host_scan(c->fake);
    c->journal = vv_journal_new(fake_host_root(c->fake));
    c->before = fake_host_snapshot(c->fake, "sys");
}

static void forget_plan(Case *c)
{
    vv_plan_free(c->plan);
    vv_reset_choice_free(c->choice);
    c->plan = NULL;
    c->choice = NULL;
}

static void close_case(Case *c)
{
    if (fake_host_violation(c->fake))
        fail_msg("%s", fake_host_violation(c->fake));
    forget_plan(c);
    fake_unkillable = FALSE;
    fake_hot_error = 0;
    g_free(c->before);
    vv_journal_free(c->journal);
    vv_host_free(c->host);
    fake_host_free(c->fake);
}

static void plan(Case *c, const char *address, const char *method, const char *allow)
{
    const char *const words[] = {allow, NULL};
    const VvPlanOptions options = {.allow = words};
    g_autoptr(GError) error = NULL;

    forget_plan(c);
    c->plan = vv_plan_reset(c->host, c->journal, vv_host_find(c->host, address_of(address)), method, &options,
                            &c->choice, &error);
    assert_fine(error);
}

/* "reset-siblings! 0000:02:00.1; …": ! blocks. */
static void assert_reasons(const Case *c, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < c->plan->reasons->len; i++) {
        const VvReason *reason = c->plan->reasons->pdata[i];
        g_autofree char *address = vv_address_dup(reason->address);
        g_string_append_printf(text, "%s%s%s %s", i ? "; " : "", reason->code,
                               reason->severity == VV_SEVERITY_BLOCK && !reason->allowed ? "!" : "", address);
    }
    assert_string_equal(text->str, expected);
}

static void assert_candidates(const Case *c, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < c->choice->candidates->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "",
                               ((const VvResetMethod *)c->choice->candidates->pdata[i])->name);
    assert_string_equal(text->str, expected);
}

static gboolean reset(Case *c, GError **error)
{
    fake_host_inject(c->fake, NULL);
    return vv_reset(c->host, c->journal, c->plan, c->choice, &c->options, &c->method, error);
}

static void reset_fine(Case *c, const char *method)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = reset(c, &error);

    assert_fine(error);
    assert_true(ok);
    assert_string_equal(c->method, method);
}

static void assert_writes(const Case *c, const char *const *expected)
{
    guint n = 0;

    for (; expected[n]; n++)
        assert_string_equal(fake_host_write(c->fake, n), expected[n]);
    assert_int_equal(fake_host_writes(c->fake), n);
}

static void assert_as_before(const Case *c)
{
    g_autofree char *now = fake_host_snapshot(c->fake, "sys");

    assert_string_equal(now, c->before);
    assert_true(vv_journal_is_empty(c->journal));
}

static void assert_state(const Case *c, const char *address, VvState state, const char *why)
{
    g_autoptr(VvEntry) entry = vv_journal_read(c->journal, address_of(address), NULL);

    assert_non_null(entry);
    assert_int_equal(entry->state, state);
    if (!strstr(entry->note, why))
        fail_msg("\"%s\" does not say \"%s\"", entry->note, why);
}

/* The kernel is told the one method for a moment, and then what was before. */
static void test_pinned(void **state)
{
    static const char *const writes[] = {"sys/bus/pci/devices/" NVME "/reset_method flr",
                                         "sys/bus/pci/devices/" NVME "/reset 1",
                                         "sys/bus/pci/devices/" NVME "/reset_method flr bus", NULL};
    Case c;

    open_case(&c, "", "vfio-pci");
    plan(&c, NVME, NULL, NULL);
    assert_reasons(&c, "");
    assert_candidates(&c, "flr bus hot_reset reset_subordinate");
    reset_fine(&c, "flr");
    assert_writes(&c, writes);
    assert_as_before(&c);
    close_case(&c);
}

static void test_next_method(void **state)
{
    Case c;

    open_case(&c, "fails=flr,bus", "vfio-pci");
    plan(&c, NVME, NULL, NULL);
    reset_fine(&c, "hot_reset");
    assert_as_before(&c);
    /* By name, no other is tried; the device answers, so nobody keeps it. */
    plan(&c, NVME, "bus", NULL);
    GError *error = NULL;
    assert_false(reset(&c, &error));
    assert_problem(error, VV_ERROR_FAILED, "bus: Inappropriate ioctl for device; it answers");
    assert_null(c.method);
    assert_as_before(&c);
    close_case(&c);
}

static void test_whole_bus(void **state)
{
    static const char *const hot[] = {"hot_reset " GPU, "hot_reset " AUDIO, NULL};
    static const char *const subordinate[] = {"sys/bus/pci/devices/0000:00:02.0/reset_subordinate 1", NULL};
    Case c;

    open_case(&c, "", "vfio-pci");
    plan(&c, GPU, NULL, NULL);
    assert_reasons(&c, "reset-siblings " AUDIO);
    assert_candidates(&c, "hot_reset reset_subordinate");
    reset_fine(&c, "hot_reset");
    assert_writes(&c, hot);
    /* Somebody opened a group just now: VFIO says so, the bridge is the next. */
    fake_hot_error = EBUSY;
    plan(&c, GPU, NULL, NULL);
    reset_fine(&c, "reset_subordinate");
    assert_writes(&c, subordinate);
    assert_as_before(&c);
    close_case(&c);
}

static void test_refused(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "snd_hda_intel");
    plan(&c, GPU, NULL, NULL);
    assert_candidates(&c, "reset_subordinate");
    assert_reasons(&c, "reset-siblings! " AUDIO);
    assert_false(reset(&c, &error));
    assert_problem(error, VV_ERROR_REFUSED, "refused");
    assert_int_equal(fake_host_writes(c.fake), 0);
    plan(&c, GPU, NULL, "reset-siblings=" AUDIO);
    assert_true(vv_plan_ok(c.plan));

    plan(&c, GPU, "hot_reset", "reset-none");
    assert_reasons(&c, "reset-none! " GPU);
    plan(&c, GPU, "flr", NULL);
    assert_reasons(&c, "reset-none! " GPU);
    plan(&c, GPU, "bus", "reset-none");
    assert_reasons(&c, "reset-none! " GPU);
    plan(&c, NIC, NULL, NULL);
    assert_reasons(&c, "driver-bound! " NIC);
    plan(&c, NIC, NULL, "driver-bound");
    assert_true(vv_plan_ok(c.plan));
    plan(&c, "0000:00:01.0", NULL, NULL);
    assert_false(vv_plan_ok(c.plan));
    close_case(&c);
}

/* A running guest's device, and its neighbour: nothing lifts that, and it is looked at again under the lock.
 */
static void test_held(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "vfio-pci");
    fake_host_hold_group(c.fake, 1, TRUE);
    plan(&c, NVME, NULL, "process-holds");
    assert_reasons(&c, "process-holds! " NVME);
    fake_host_hold_group(c.fake, 1, FALSE);
    fake_host_hold_group(c.fake, 3, TRUE);
    plan(&c, GPU, "reset_subordinate", "process-holds");
    assert_false(vv_plan_ok(c.plan));
    fake_host_hold_group(c.fake, 3, FALSE);
    plan(&c, GPU, "reset_subordinate", NULL);
    fake_host_hold_group(c.fake, 3, TRUE);
    assert_false(reset(&c, &error));
    assert_problem(error, VV_ERROR_REFUSED, "holds " AUDIO);
    assert_int_equal(fake_host_writes(c.fake), 0);
    assert_as_before(&c);
    close_case(&c);
}

static void test_taken_away(void **state)
{
    static const char *const methods[] = {"slot_power", "remove_rescan"};

    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
        Case c;
        open_case(&c, "", "vfio-pci");
        plan(&c, NVME, methods[i], NULL);
        assert_reasons(&c, "reset-removes! " NVME);
        plan(&c, NVME, methods[i], "reset-removes");
        reset_fine(&c, methods[i]);
        assert_as_before(&c);

        /* What a host driver has comes back to that. */
        plan(&c, NIC, "remove_rescan", "driver-bound");
        assert_false(vv_plan_ok(c.plan));
        close_case(&c);
    }
}

/* Consent is only asked for where nothing else is left. */
static void test_last_resort(void **state)
{
    FakeHost *fake = fake_host_new("0000:00:1f.3 class=040300 id=8086:a348\n");
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvJournal) journal = vv_journal_new(fake_host_root(fake));
    g_autoptr(VvResetChoice) choice = NULL;
    const VvPlanOptions options = {0};
    g_autoptr(VvPlan) plan = vv_plan_reset(host, journal, vv_host_find(host, address_of("0000:00:1f.3")),
                                           NULL, &options, &choice, NULL);

    assert_false(vv_plan_ok(plan));
    assert_string_equal(((const VvReason *)plan->reasons->pdata[0])->code, "reset-removes");
    assert_int_equal(choice->candidates->len, 1);
    fake_host_free(fake);
}

static void test_dead_afterwards(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "kills=flr", "vfio-pci");
    plan(&c, NVME, "flr", NULL);
    assert_false(reset(&c, &error));
    assert_problem(error, VV_ERROR_FAILED, "flr: " NVME " does not answer");
    assert_state(&c, NVME, VV_STATE_QUARANTINED, "does not answer");
    /* Once, and not again by itself: the next plan to take it is refused, another reset is not. */
    assert_int_equal(fake_host_writes(c.fake), 3);
    plan(&c, NVME, "bus", NULL);
    assert_true(vv_plan_ok(c.plan));
    assert_string_equal(((const VvPlanDevice *)c.plan->devices->pdata[0])->state, "quarantined");
    close_case(&c);

    /* Another method brings it back: each is tried once. */
    open_case(&c, "", "vfio-pci");
    fake_host_kill_device(c.fake, NVME, TRUE);
    plan(&c, NVME, NULL, NULL);
    reset_fine(&c, "flr");
    assert_as_before(&c);
    close_case(&c);
}

static void test_sibling_dead_afterwards(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "vfio-pci");
    fake_host_kill_device(c.fake, AUDIO, FALSE);
    plan(&c, GPU, "reset_subordinate", NULL);
    assert_false(reset(&c, &error));
    assert_problem(error, VV_ERROR_FAILED, AUDIO " does not answer");
    assert_state(&c, AUDIO, VV_STATE_QUARANTINED, "does not answer");
    close_case(&c);
}

static void test_errors(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "vfio-pci");
    plan(&c, NVME, "flr", NULL);
    fake_host_inject(c.fake, &(FakeFault){.error = EIO, .suffix = "/reset"});
    assert_false(vv_reset(c.host, c.journal, c.plan, c.choice, &c.options, &c.method, &error));
    assert_problem(error, VV_ERROR_FAILED, "flr: Input/output error");
    assert_state(&c, NVME, VV_STATE_QUARANTINED, "Input/output error");
    assert_int_equal(vv_reset_notes(c.journal)->len, 0);
    close_case(&c);
}

/* One that hangs but can be killed; then one that cannot. The list of methods is put back where that is
 * possible. */
static void test_hangs(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "vfio-pci");
    c.options.reset_ms = 300;
    plan(&c, NVME, "flr", NULL);
    fake_host_inject(c.fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/reset"});
    assert_false(vv_reset(c.host, c.journal, c.plan, c.choice, &c.options, &c.method, &error));
    assert_problem(error, VV_ERROR_FAILED, "flr: no answer in time");
    assert_state(&c, NVME, VV_STATE_QUARANTINED, "no answer in time");
    g_autofree char *now = fake_host_snapshot(c.fake, "sys");
    assert_string_equal(now, c.before);
    close_case(&c);
}

/* Left behind, with its group locked as long as it is there; no second one is sent after it. Then the list of
 * methods is put back by whoever comes next. */
static void test_stuck(void **state)
{
    GError *error = NULL;
    Case c;

    open_case(&c, "", "vfio-pci");
    c.options.reset_ms = 300;
    plan(&c, NVME, NULL, NULL);
    fake_host_inject(c.fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/reset"});
    fake_unkillable = TRUE;
    assert_false(vv_reset(c.host, c.journal, c.plan, c.choice, &c.options, &c.method, &error));
    fake_unkillable = FALSE;
    assert_problem(error, VV_ERROR_FAILED, "flr does not end");
    assert_state(&c, NVME, VV_STATE_STUCK, "waits in");
    assert_int_equal(fake_host_writes(c.fake), 2);
    assert_true(vv_reset_note_covers(c.journal, address_of(NVME)) == FALSE);

    assert_int_equal(fake_real_kill(fake_host_hanging(c.fake), SIGKILL), 0);
    assert_int_equal(waitpid(fake_host_hanging(c.fake), NULL, 0), fake_host_hanging(c.fake));
    gboolean changed = FALSE;
    assert_true(vv_reset_recover(fake_host_sysfs(c.fake), c.journal, &c.options, &changed, &error));
    assert_false(changed);
    g_autofree char *now = fake_host_snapshot(c.fake, "sys");
    assert_string_equal(now, c.before);
    close_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_next_method),
        cmocka_unit_test(test_whole_bus),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_taken_away),
        cmocka_unit_test(test_last_resort),
        cmocka_unit_test(test_dead_afterwards),
        cmocka_unit_test(test_sibling_dead_afterwards),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
