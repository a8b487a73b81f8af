/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domplan-services.h"
#include "domains/domplan.h"
#include "fake-systemd.h"
#include "handover-bench.h"
#include "hooks/hook.h"
#include "hooks/services-note.h"
#include "hooks/services.h"
#include "usage-machine.h"

#define UUID "5c1b0d7e-0000-4000-8000-123456789abc"
#define DM "display-manager.service"
#define MIXER "mixer.service"

static const char xml[] =
    "<domain type='kvm'><name>win11</name><uuid>" UUID "</uuid><metadata>"
    "<vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>"
    "<vv:services display-manager='stop' stop='mixer.service'/></vv:domain></metadata><devices>"
    "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0' bus='1' slot='0' "
    "function='0'/></source></hostdev>"
    "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0' bus='1' slot='0' "
    "function='1'/></source></hostdev></devices></domain>";

/* A machine whose card a display manager and a mixer hold, and their manager. */
typedef struct {
    Bench b;
    FakeSystemd *systemd;
    VvDomain *domain;
    VvPlan *plan;
    GString *told;
} Desk;

static void desk_open(Desk *desk)
{
    FakeHost *fake = usage_machine_new();

    *desk = (Desk){.systemd = fake_systemd_new(fake_host_root(fake))};
    if (!desk->systemd) {
        fake_host_free(fake);
        skip();
    }
    usage_add_char(fake, "226:0", "dri/card0", GPU "/drm/card0");
    usage_add_char(fake, "116:2", "snd/controlC0", AUDIO "/sound/card0/controlC0");
    usage_add_process(fake, 812, "Xorg", NULL, "/dev/dri/card0", NULL);
    usage_put(fake, "proc/812/cgroup", "0::/system.slice/" DM "\n");
    usage_add_process(fake, 900, "mixer", NULL, "/dev/snd/controlC0", NULL);
    usage_put(fake, "proc/900/cgroup", "0::/system.slice/" MIXER "\n");
    fake_systemd_add(desk->systemd, DM, 812, 0);
    fake_systemd_add(desk->systemd, MIXER, 900, 0);
    bench_open(&desk->b, fake);
    desk->domain = vv_domain_read(xml, sizeof xml - 1, NULL);
    desk->told = g_string_new(NULL);
    assert_non_null(desk->domain);
}

static void desk_close(Desk *desk)
{
    fake_systemd_free(desk->systemd);
    bench_close(&desk->b);
    vv_domain_free(desk->domain);
    vv_plan_free(desk->plan);
    g_string_free(desk->told, TRUE);
}

static VvPlan *plan_again(gpointer data, GError **error)
{
    Desk *desk = data;

    return vv_domain_plan_take(desk->b.host, desk->b.journal, desk->domain, NULL, NULL, error);
}

static void progress(const char *what, gint64 us, gboolean failed, gpointer data)
{
    Desk *desk = data;

    assert_true(us >= 0);
    g_string_append_printf(desk->told, "%s%s; ", what, failed ? " (failed)" : "");
}

static gboolean stop(Desk *desk, GError **error)
{
    const VvServicesOptions options = {.stop_ms = 1500, .start_ms = 500, .progress = progress, .data = desk};

    vv_plan_free(desk->plan);
    desk->plan = plan_again(desk, error);
    assert_non_null(desk->plan);
    return vv_services_stop(fake_host_sysfs(desk->b.fake), desk->b.journal, &desk->plan, plan_again, desk,
                            &options, error);
}

static gboolean settle(Desk *desk, gboolean retry, GError **error)
{
    const VvServicesOptions options = {.start_ms = 500, .retry = retry, .progress = progress, .data = desk};

    return vv_services_settle(fake_host_sysfs(desk->b.fake), desk->b.journal, &options, error);
}

static void assert_log(Desk *desk, const char *expected)
{
    g_autofree char *log = fake_systemd_log(desk->systemd);

    assert_text(log, expected);
}

static void assert_notes(Desk *desk, guint count)
{
    g_autoptr(GPtrArray) notes = vv_services_notes(desk->b.journal);

    assert_int_equal(notes->len, count);
}

#define BOTH_STOPPED "stop " DM "; stop " MIXER "; "
#define BOTH_STARTED "start " MIXER "; start " DM "; "

static void test_stop_and_start(void **state)
{
    g_autoptr(GError) error = NULL;
    Desk desk;

    desk_open(&desk);
    assert_true(stop(&desk, &error));
    assert_fine(error);
    assert_log(&desk, BOTH_STOPPED);
    assert_string_equal(desk.told->str, DM " is stopped; " MIXER " is stopped; ");
    assert_true(vv_plan_ok(desk.plan));
    assert_true(vv_plan_find_stop(desk.plan, DM)->us >= 0);
    assert_notes(&desk, 1);
    assert_false(vv_journal_is_empty(desk.b.journal));
    /* Its devices are taken: nothing is started yet. */
    assert_true(vv_handover_take(desk.b.host, desk.b.journal, desk.plan, &desk.b.options, &error));
    assert_true(settle(&desk, FALSE, &error));
    assert_log(&desk, "");
    bench_return_fine(&desk.b);
    assert_true(settle(&desk, FALSE, &error));
    assert_log(&desk, BOTH_STARTED);
    assert_notes(&desk, 0);
    assert_true(settle(&desk, TRUE, &error));
    assert_log(&desk, "");
    assert_fine(error);
    assert_true(vv_journal_is_empty(desk.b.journal));
    desk_close(&desk);
}

/* A session ends a while after its display manager. */
static void test_late(void **state)
{
    g_autoptr(GError) error = NULL;
    Desk desk;

    desk_open(&desk);
    fake_systemd_add(desk.systemd, DM, 812, 700);
    assert_true(stop(&desk, &error));
    assert_fine(error);
    assert_log(&desk, BOTH_STOPPED);
    assert_true(settle(&desk, FALSE, NULL));
    assert_log(&desk, BOTH_STARTED);
    desk_close(&desk);
}

static void assert_undone(Desk *desk, GError *error, int code, const char *text)
{
    assert_problem(error, code, text);
    assert_notes(desk, 0);
    bench_assert_journal(&desk->b, "");
}

/* Everything that can go wrong: nothing is taken, and all runs again. */
static void test_failures(void **state)
{
    GError *error = NULL;
    Desk desk;

    desk_open(&desk);
    fake_systemd_inject(desk.systemd, DM, FAKE_UNIT_STAYS, TRUE);
    assert_false(stop(&desk, &error));
    assert_undone(&desk, g_steal_pointer(&error), VV_ERROR_FAILED, DM " has not stopped within");
    assert_log(&desk, "stop " DM "; " BOTH_STARTED);
    fake_systemd_inject(desk.systemd, DM, FAKE_UNIT_STAYS, FALSE);

    fake_systemd_inject(desk.systemd, MIXER, FAKE_UNIT_IMMORTAL, TRUE);
    assert_false(stop(&desk, &error));
    assert_undone(&desk, g_steal_pointer(&error), VV_ERROR_REFUSED, "mixer (pid 900, " MIXER ") holds");
    assert_log(&desk, BOTH_STOPPED BOTH_STARTED);
    fake_systemd_inject(desk.systemd, MIXER, FAKE_UNIT_IMMORTAL, FALSE);
    desk_close(&desk);
}

static void test_stray(void **state)
{
    GError *error = NULL;
    Desk desk;

    desk_open(&desk);
    desk.plan = plan_again(&desk, NULL);
    usage_add_process(desk.b.fake, 71, "stray", NULL, "/dev/dri/card0", NULL);
    const VvServicesOptions options = {.stop_ms = 1000};
    assert_false(vv_services_stop(fake_host_sysfs(desk.b.fake), desk.b.journal, &desk.plan, plan_again, &desk,
                                  &options, &error));
    assert_undone(&desk, g_steal_pointer(&error), VV_ERROR_REFUSED, "stray (pid 71) holds /dev/dri/card0");
    assert_log(&desk, BOTH_STOPPED BOTH_STARTED);
    desk_close(&desk);
}

/* The note stays until it runs again, and only `recover` tries again by itself. */
static void test_does_not_start(void **state)
{
    GError *error = NULL;
    Desk desk;

    desk_open(&desk);
    assert_true(stop(&desk, NULL));
    fake_systemd_inject(desk.systemd, MIXER, FAKE_UNIT_FAILS, TRUE);
    assert_false(settle(&desk, FALSE, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_FAILED, MIXER " does not start");
    assert_log(&desk, BOTH_STOPPED BOTH_STARTED);
    assert_notes(&desk, 1);
    assert_true(settle(&desk, FALSE, NULL));
    assert_log(&desk, "");
    fake_systemd_inject(desk.systemd, MIXER, FAKE_UNIT_FAILS, FALSE);
    fake_systemd_inject(desk.systemd, DM, FAKE_UNIT_ENDING, TRUE);
    assert_true(settle(&desk, TRUE, NULL));
    assert_log(&desk, BOTH_STARTED);
    assert_notes(&desk, 0);
    desk_close(&desk);
}

static void test_no_bus(void **state)
{
    GError *error = NULL;
    Desk desk;

    desk_open(&desk);
    fake_systemd_kill(desk.systemd);
    assert_false(stop(&desk, &error));
    assert_problem(g_steal_pointer(&error), VV_ERROR_NOT_READY, "systemd does not answer");
    assert_notes(&desk, 0);
    desk_close(&desk);
}

/* What a program that was killed had stopped; one that lives is left to itself. */
static void test_killed(void **state)
{
    const char *const units[] = {DM, MIXER, NULL};
    g_autoptr(VvServicesNote) note = vv_services_note_new(UUID, "win11");
    Desk desk;

    desk_open(&desk);
    g_strfreev(note->units);
    note->units = g_strdupv((char **)units);
    note->by = (VvProcess){.pid = 4711, .started = 100};
    usage_put(desk.b.fake, "proc/4711/stat",
              "4711 (virt-vfio) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0");
    assert_true(vv_services_note_write(desk.b.journal, note, NULL));
    assert_true(settle(&desk, TRUE, NULL));
    assert_log(&desk, "");
    usage_put(desk.b.fake, "proc/4711/stat",
              "4711 (virt-vfio) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0");
    assert_true(settle(&desk, FALSE, NULL));
    assert_log(&desk, BOTH_STARTED);
    assert_notes(&desk, 0);
    desk_close(&desk);
}

/* Not from us, or not whole: nothing of it reaches systemd. */
static void test_hostile_notes(void **state)
{
    static const char *const bad[] = {"",
                                      "[services]\n",
                                      "[services]\nunits=a.socket;\n",
                                      "[services]\nunits=a.service;--force;\n",
                                      "\x7f\x45",
                                      "[other]\nunits=a.service;\n"};
    Desk desk;

    desk_open(&desk);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        usage_put(desk.b.fake, "run/virt-vfio/services/" UUID, bad[i]);
        assert_notes(&desk, 0);
    }
    usage_put(desk.b.fake, "run/virt-vfio/services/" UUID, "[services]\nunits=" DM ";\n");
    usage_put(desk.b.fake, "run/virt-vfio/services/no-uuid", "[services]\nunits=" DM ";\n");
    usage_put(desk.b.fake, "run/virt-vfio/services/" UUID ".new", "[services]\nunits=" DM ";\n");
    assert_notes(&desk, 1);
    assert_true(settle(&desk, FALSE, NULL));
    assert_log(&desk, "start " DM "; ");
    assert_false(vv_services_note_has_leftovers(desk.b.journal));
    desk_close(&desk);
}

static int call(Desk *desk, const char *operation, GString *words)
{
    const VvHookConfig config = {0};
    const VvHookCall made = {.operation = operation, .xml = xml, .length = sizeof xml - 1};

    bench_rescan(&desk->b);
    return vv_hook_handle(desk->b.host, desk->b.journal, &config, &made, words);
}

static void test_hook(void **state)
{
    g_autoptr(GString) words = g_string_new(NULL);
    Desk desk;

    desk_open(&desk);
    assert_int_equal(call(&desk, "prepare", words), 0);
    assert_log(&desk, BOTH_STOPPED);
    bench_assert_driver(&desk.b, GPU, "vfio-pci");
    assert_int_equal(call(&desk, "release", words), 0);
    bench_assert_driver(&desk.b, GPU, "nouveau");
    assert_log(&desk, BOTH_STARTED);
    assert_notes(&desk, 0);
    assert_string_equal(words->str, "");
    desk_close(&desk);
}

static void test_hook_refuses(void **state)
{
    g_autoptr(GString) words = g_string_new(NULL);
    const FakeFault fault = {FAKE_FAIL, .error = EBUSY, .suffix = "vfio-pci/bind", .address = AUDIO};
    Desk desk;

    desk_open(&desk);
    fake_host_inject(desk.b.fake, &fault);
    assert_int_equal(call(&desk, "prepare", words), 1);
    assert_non_null(strstr(words->str, AUDIO));
    assert_log(&desk, BOTH_STOPPED BOTH_STARTED);
    assert_notes(&desk, 0);
    fake_host_inject(desk.b.fake, NULL);
    bench_assert_driver(&desk.b, GPU, "nouveau");
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_and_start), cmocka_unit_test(test_late),
        cmocka_unit_test(test_failures),       cmocka_unit_test(test_stray),
        cmocka_unit_test(test_does_not_start), cmocka_unit_test(test_no_bus),
        cmocka_unit_test(test_killed),         cmocka_unit_test(test_hostile_notes),
        cmocka_unit_test(test_hook),           cmocka_unit_test(test_hook_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
