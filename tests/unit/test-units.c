/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domplan-services.h"
#include "domains/units.h"
#include "usage-machine.h"

static int set_up(void **state)
{
    *state = usage_machine_new();
    usage_add_char(*state, "226:0", "dri/card0", GPU "/drm/card0");
    usage_add_char(*state, "116:2", "snd/controlC0", AUDIO "/sound/card0/controlC0");
    return 0;
}

static int tear_down(void **state)
{
    fake_host_free(*state);
    return 0;
}

static void test_names(void **state)
{
    static const char *const good[] = {"a.service", "nvidia-persistenced.service", "getty@tty1.service",
                                       "x\\x2dy:1.2.service"};
    static const char *const bad[] = {
        "",           ".service",         "a",           "a.socket",    "a@.service",
        "-a.service", "../a.service",     "a b.service", "a/b.service", "a.service\n",
        "..service",  "\xc3\xa4.service", "a;b.service"};
    g_autofree char *name = g_strnfill(255 - 8, 'n');
    g_autofree char *longest = g_strconcat(name, ".service", NULL), *longer = g_strconcat("n", longest, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        assert_true(vv_unit_is_service(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_false(vv_unit_is_service(bad[i]));
    assert_true(vv_unit_is_service(longest));
    assert_false(vv_unit_is_service(longer));
}

static void test_of_process(void **state)
{
    static const struct {
        const char *cgroup, *unit;
    } rows[] = {
        {"0::/system.slice/gdm.service\n", "gdm.service"},
        {"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
        {"0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope"},
        {"0::/user.slice/user-1000.slice/user@1000.service/session.slice/org.gnome.Shell@wayland.service\n",
         "user@1000.service"},
        {"0::/init.scope\n", "init.scope"},
        {"0::/system.slice/_cgroup.service\n", "cgroup.service"},
        {"12:cpu,cpuacct:/a.slice/wrong.service\n1:name=systemd:/system.slice/sddm.service\n0::/x\n",
         "sddm.service"},
        /* Another manager's: a unit of that name on this host has nothing to do with it. */
        {"0::/lxc/guest/system.slice/gdm.service\n", NULL},
        {"0::/system.slice\n", NULL},
        {"0::/\n", NULL},
        {"garbage\n:\n::\n", NULL},
        {"", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        usage_put(*state, "proc/812/cgroup", rows[i].cgroup);
        g_autofree char *unit = vv_unit_of_process(fake_host_sysfs(*state), 812);
        assert_text(unit, rows[i].unit);
    }
    assert_null(vv_unit_of_process(fake_host_sysfs(*state), 813));
}

static gboolean is_of_display(FakeHost *fake, const char *unit)
{
    return vv_unit_is_of_display(fake_host_sysfs(fake), unit);
}

static void test_of_display(void **state)
{
    assert_true(is_of_display(*state, "display-manager.service"));
    assert_false(is_of_display(*state, "gdm.service"));
    usage_link(*state, "etc/systemd/system/display-manager.service", "/lib/systemd/system/gdm.service");
    assert_true(is_of_display(*state, "gdm.service"));
    assert_false(is_of_display(*state, "systemd-logind.service"));
    usage_put(*state, "run/systemd/sessions/2", "UID=1000\nTYPE=wayland\nCLASS=user\nSERVICE=gdm-password\n");
    usage_put(*state, "run/systemd/sessions/3", "UID=1001\nTYPE=tty\nSERVICE=login\n");
    usage_put(*state, "run/systemd/sessions/4", "UID=1002\nTYPE=x11\nSERVICE=login\n");
    usage_put(*state, "run/systemd/sessions/c5", "UID=100\nCLASS=greeter\nXTYPE=x11\n");
    assert_true(is_of_display(*state, "session-2.scope"));
    assert_false(is_of_display(*state, "session-3.scope"));
    assert_false(is_of_display(*state, "session-4.scope"));
    assert_false(is_of_display(*state, "session-c5.scope"));
    assert_false(is_of_display(*state, "session-.scope"));
    assert_true(is_of_display(*state, "user@1000.service"));
    assert_false(is_of_display(*state, "user@1001.service"));
    assert_true(is_of_display(*state, "systemd-logind.service"));
    assert_true(is_of_display(*state, "init.scope"));
}

static VvPlan *plan_gpu(FakeHost *fake, VvHost *host, const char *const *allow)
{
    const VvPlanOptions options = {.allow = allow};
    g_autoptr(VvJournal) journal = vv_journal_new(fake_host_root(fake));
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));

    assert_true(vv_selector_parse("01:00", selectors, NULL));
    return vv_plan_take(host, journal, selectors, &options, NULL);
}

static const VvReason *reason_of(const VvPlan *plan, int pid)
{
    for (guint i = 0; i < plan->reasons->len; i++)
        if (((const VvReason *)plan->reasons->pdata[i])->pid == pid)
            return plan->reasons->pdata[i];
    fail_msg("no reason about process %d", pid);
    return NULL;
}

static void assert_plan(FakeHost *fake, gboolean display_manager, const char *units, gboolean ok,
                        const char *stops)
{
    g_autoptr(VvHost) host = fake_host_scan(fake);
    g_autoptr(VvPlan) plan = plan_gpu(fake, host, NULL);
    g_auto(GStrv) consented = g_strsplit(units, " ", -1);

    vv_plan_consent(plan, fake_host_sysfs(fake), display_manager, consented);
    g_auto(GStrv) found = vv_plan_units_to_stop(plan);
    g_autofree char *text = g_strjoinv(" ", found);
    assert_text(text, stops);
    assert_int_equal(vv_plan_ok(plan), ok);
    for (guint i = 0; i < g_strv_length(found); i++)
        assert_ptr_equal(vv_plan_find_stop(plan, found[i]), plan->steps->pdata[i]);
    assert_null(vv_plan_find_stop(plan, "other.service"));
}

static void test_consent(void **state)
{
    g_autoptr(VvHost) host = fake_host_scan(*state);

    usage_add_process(*state, 812, "Xorg", NULL, "/dev/dri/card0", NULL);
    usage_put(*state, "proc/812/cgroup", "0::/system.slice/display-manager.service\n");
    usage_add_process(*state, 900, "mixer", NULL, "/dev/snd/controlC0", NULL);
    usage_put(*state, "proc/900/cgroup", "0::/system.slice/mixer.service\n");

    g_autoptr(VvPlan) plan = plan_gpu(*state, host, NULL);
    vv_plan_name_units(plan, fake_host_sysfs(*state));
    assert_false(vv_plan_ok(plan));
    assert_string_equal(reason_of(plan, 812)->detail,
                        "Xorg (pid 812, display-manager.service) holds /dev/dri/card0 open");
    assert_non_null(strstr(reason_of(plan, 812)->remedy, "display-manager = stop"));
    assert_non_null(strstr(reason_of(plan, 900)->remedy, "stop-services = mixer.service"));

    assert_plan(*state, FALSE, "", FALSE, "");
    assert_plan(*state, TRUE, "", FALSE, "display-manager.service");
    assert_plan(*state, FALSE, "mixer.service", FALSE, "mixer.service");
    /* The display manager first, whatever the devices' order; and only what holds something. */
    assert_plan(*state, TRUE, "idle.service mixer.service", TRUE, "display-manager.service mixer.service");
}

/* A session's processes end with the manager; others' do not, and what belongs to no unit blocks always. */
static void test_sessions(void **state)
{
    usage_put(*state, "run/systemd/sessions/2", "UID=1000\nTYPE=wayland\nSERVICE=gdm-password\n");
    usage_add_process(*state, 1, "systemd", NULL, "/dev/dri/card0", NULL);
    usage_put(*state, "proc/1/cgroup", "0::/init.scope\n");
    usage_add_process(*state, 70, "gnome-shell", NULL, "/dev/dri/card0", NULL);
    usage_put(*state, "proc/70/cgroup",
              "0::/user.slice/user-1000.slice/user@1000.service/session.slice/x.service\n");
    assert_plan(*state, TRUE, "", TRUE, "display-manager.service");
    assert_plan(*state, FALSE, "other.service", FALSE, "");
    usage_add_process(*state, 71, "stray", NULL, "/dev/dri/card0", NULL);
    usage_put(*state, "proc/71/cgroup", "0::/\n");
    assert_plan(*state, TRUE, "", FALSE, "display-manager.service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_of_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_display, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_consent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sessions, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
