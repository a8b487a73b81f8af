/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "domains/domplan.h"
#include "handover-bench.h"
#include "hooks/hook.h"
#include "hooks/userhook.h"
#include "vfio/recover.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "5c1b0d7e-0000-4000-8000-123456789abc"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n"                                                                                     \
    "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2\n"
#define XML                                                                                                  \
    "<domain type='kvm'><name>win11</name><uuid>" UUID "</uuid>"                                             \
    "<metadata><vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>"                                    \
    "<vv:device name='disk' address='0000:02:00.0' function='0'/></vv:domain></metadata><devices>"           \
    "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0' bus='2' slot='0' "        \
    "function='0'/></source></hostdev></devices></domain>"

static Bench b;
static GString *words;

/* Each hook notes its phase, and which driver the device is with. */
static void put_hook(const char *phase, const char *more)
{
    const char *root = fake_host_root(b.fake);
    g_autofree char *name = g_strdup_printf("etc/virt-vfio/hooks.d/%s/note", phase);
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *text = g_strdup_printf(
        "#!/bin/sh\nd=$(readlink %s/sys/bus/pci/devices/$3/driver)\necho \"$1 $2 ${d##*/}\" >>%s/log\n%s\n",
        root, root, more);

    fake_host_put(b.fake, name, text);
    assert_int_equal(g_chmod(path, 0755), 0);
}

static int open_bench(void **state)
{
    static const char *const all[] = {"pre-bind",    "post-bind", "pre-start",   "post-start",
                                      "pre-release", "reset",     "post-release"};

    bench_open(&b, fake_host_new(MACHINE));
    words = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        put_hook(all[i], "");
    return 0;
}

static int close_bench(void **state)
{
    g_string_free(words, TRUE);
    bench_close(&b);
    return 0;
}

static int call(const char *operation)
{
    const VvHookConfig config = {0};
    const VvHookCall made = {.operation = operation,
                             .xml = XML,
                             .length = strlen(XML),
                             .until = g_get_monotonic_time() + 28 * G_USEC_PER_SEC};

    bench_rescan(&b);
    return vv_hook_handle(b.host, b.journal, &config, &made, words);
}

static void assert_noted(const char *expected)
{
    g_autofree char *path = g_build_filename(fake_host_root(b.fake), "log", NULL);
    g_autofree char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    assert_text(text ? text : "", expected);
    g_unlink(path);
}

static void assert_worded(const char *part)
{
    if (!strstr(words->str, part))
        fail_msg("\"%s\" is not in \"%s\"", part, words->str);
}

static void test_a_guests_life(void **state)
{
    assert_int_equal(call("prepare"), 0);
    assert_noted("win11 pre-bind nvme\nwin11 post-bind vfio-pci\nwin11 pre-start vfio-pci\n");
    assert_int_equal(call("start"), 0);
    assert_noted("");
    fake_host_hold_group(b.fake, 2, TRUE);
    put_hook("post-start", "grep -o '\"verdict\": *\"[a-z]*\"'");
    assert_int_equal(call("started"), 0);
    fake_host_hold_group(b.fake, 2, FALSE);
    assert_noted("win11 post-start vfio-pci\n");
    assert_string_equal(words->str, "virt-vfio: post-start/note: \"verdict\": \"ok\"\n");
    g_string_truncate(words, 0);
    assert_int_equal(call("stopped"), 0);
    assert_noted("");
    assert_int_equal(call("release"), 0);
    assert_noted("win11 pre-release vfio-pci\nwin11 reset vfio-pci\nwin11 post-release nvme\n");
    assert_int_equal(call("release"), 0);
    assert_noted("");
    assert_string_equal(words->str, "");
    bench_assert_as_before(&b);
}

/* Whoever takes runs the hooks of taking; libvirt's hook, which comes second, only those of the start. */
static void test_taken_before(void **state)
{
    bench_take_fine(&b, "02:00.0");
    assert_int_equal(call("prepare"), 0);
    assert_noted("win11 pre-start vfio-pci\n");
    assert_int_equal(call("release"), 0);
    assert_noted("");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
}

static void test_pre_bind_refuses(void **state)
{
    put_hook("pre-bind", "echo 'not on Sundays'; exit 9");
    assert_int_equal(call("prepare"), 1);
    assert_worded("virt-vfio: pre-bind/note: not on Sundays\n");
    assert_worded("virt-vfio: no device was taken: user hook ");
    assert_worded("pre-bind/note: exit code 9: not on Sundays\n");
    /* What the first of several had done can be undone. */
    assert_noted("win11 pre-bind nvme\nwin11 post-release nvme\n");
    assert_int_equal(fake_host_writes(b.fake), 0);
    bench_assert_as_before(&b);
}

static void test_pre_start_refuses(void **state)
{
    put_hook("pre-start", "exit 1");
    assert_int_equal(call("prepare"), 1);
    assert_worded("pre-start/note: exit code 1\n");
    assert_noted("win11 pre-bind nvme\nwin11 post-bind vfio-pci\nwin11 pre-start vfio-pci\n");
    assert_int_equal(call("release"), 0);
    assert_noted("win11 pre-release vfio-pci\nwin11 reset vfio-pci\nwin11 post-release nvme\n");
    bench_assert_as_before(&b);
}

static void test_taking_fails(void **state)
{
    const FakeFault fault = {FAKE_FAIL, .error = EBUSY, .suffix = "vfio-pci/bind", .address = "0000:02:00.0"};

    fake_host_inject(b.fake, &fault);
    assert_int_equal(call("prepare"), 1);
    fake_host_inject(b.fake, NULL);
    assert_noted("win11 pre-bind nvme\nwin11 post-release nvme\n");
    bench_assert_as_before(&b);
}

/* As 'modprobe -r' in a hook does: the driver has the device back in the end. */
static void test_a_hook_takes_the_driver_away(void **state)
{
    const char *root = fake_host_root(b.fake);
    g_autofree char *body =
        g_strdup_printf("rm %s/sys/bus/pci/devices/$3/driver %s/sys/bus/pci/drivers/nvme/$3", root, root);

    put_hook("pre-bind", body);
    assert_int_equal(call("prepare"), 0);
    assert_string_equal(words->str, "");
    bench_assert_journal(&b, "0000:02:00.0 taken nvme");
    assert_int_equal(call("release"), 0);
    bench_assert_as_before(&b);
}

/* It stays where nobody uses it until somebody says so, recovery included. */
static void test_pre_release_refuses(void **state)
{
    const VvRecoverOptions options = {.retry = TRUE};
    g_autoptr(GError) error = NULL;

    assert_int_equal(call("prepare"), 0);
    put_hook("pre-release", "echo 'flash has changed'; exit 1");
    assert_int_equal(call("release"), 0);
    assert_worded("stay on VFIO, in quarantine; 'virt-vfio release 0000:02:00.0' asks again");
    assert_worded("flash has changed");
    assert_noted("win11 pre-bind nvme\nwin11 post-bind vfio-pci\nwin11 pre-start vfio-pci\n"
                 "win11 pre-release vfio-pci\n");
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    bench_assert_journal(&b, "0000:02:00.0 quarantined nvme");
    g_autoptr(VvEntry) entry = vv_journal_read(b.journal, address_of("0000:02:00.0"), NULL);
    assert_non_null(strstr(entry->note, "exit code 1: flash has changed"));
    bench_rescan(&b);
    assert_true(vv_recover(b.host, b.journal, &options, &b.options, NULL, &error));
    assert_int_equal(call("release"), 0);
    assert_int_equal(call("prepare"), 1);
    assert_worded("quarantined");
    assert_noted("");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
}

/* A reset would hit the guest. */
static void test_a_guest_still_runs(void **state)
{
    assert_int_equal(call("prepare"), 0);
    assert_noted("win11 pre-bind nvme\nwin11 post-bind vfio-pci\nwin11 pre-start vfio-pci\n");
    fake_host_hold_group(b.fake, 2, TRUE);
    assert_int_equal(call("release"), 0);
    assert_worded("user hooks do not run: a running program holds 0000:02:00.0");
    assert_noted("");
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    fake_host_hold_group(b.fake, 2, FALSE);
    assert_int_equal(call("release"), 0);
    assert_noted("win11 pre-release vfio-pci\nwin11 reset vfio-pci\nwin11 post-release nvme\n");
    bench_assert_as_before(&b);
}

/* Where there are no hooks, nobody hears of them. */
static void test_without_hooks(void **state)
{
    g_autofree char *path = g_build_filename(fake_host_root(b.fake), "etc/virt-vfio/hooks.d", NULL);
    g_autofree char *away = g_strconcat(path, ".disabled", NULL);

    assert_int_equal(g_rename(path, away), 0);
    assert_int_equal(call("prepare"), 0);
    assert_int_equal(call("started"), 0);
    fake_host_hold_group(b.fake, 2, TRUE);
    assert_int_equal(call("release"), 0);
    assert_null(strstr(words->str, "user hook"));
    fake_host_hold_group(b.fake, 2, FALSE);
    assert_int_equal(call("release"), 0);
    assert_noted("");
    bench_assert_as_before(&b);
}

/* Two that give back: the second finds nothing to do. */
static void test_given_back_meanwhile(void **state)
{
    const VvUserHooks hooks = {.sysfs = fake_host_sysfs(b.fake), .domain = "win11", .uuid = UUID};
    g_autoptr(GError) error = NULL;

    assert_int_equal(call("prepare"), 0);
    bench_rescan(&b);
    g_autoptr(GPtrArray) entries = vv_journal_entries_of(b.journal, UUID, NULL);
    g_autoptr(VvHost) host = fake_host_scan(b.fake);
    g_autoptr(VvPlan) plan = vv_plan_return(host, entries);
    assert_int_equal(plan->devices->len, 1);
    assert_int_equal(call("release"), 0);
    assert_noted("win11 pre-bind nvme\nwin11 post-bind vfio-pci\nwin11 pre-start vfio-pci\n"
                 "win11 pre-release vfio-pci\nwin11 reset vfio-pci\nwin11 post-release nvme\n");
    assert_true(vv_hooked_return(&hooks, host, b.journal, plan, &b.options, &error));
    assert_fine(error);
    assert_noted("");
    bench_assert_as_before(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_guests_life),
        TEST(test_taken_before),
        TEST(test_pre_bind_refuses),
        TEST(test_pre_start_refuses),
        TEST(test_taking_fails),
        TEST(test_pre_release_refuses),
        TEST(test_a_hook_takes_the_driver_away),
        TEST(test_given_back_meanwhile),
        TEST(test_without_hooks),
        TEST(test_a_guest_still_runs),
    };

    umask(022);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
