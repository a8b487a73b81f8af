/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "hooks/hook.h"
#include "hooks/install.h"
#include "vfio/reset-note.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define UUID "5c1b0d7e-0000-4000-8000-123456789abc"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n"                                                                                     \
    "0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=1\n"                                        \
    "0000:01:00.1 class=040300 id=10de:10f8 driver=snd_hda_intel group=1\n"                                  \
    "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2\n"

#define METADATA                                                                                             \
    "<metadata><vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>"                                    \
    "<vv:device name='disk' address='0000:02:00.0' function='0'/></vv:domain></metadata>"
#define HOSTDEV(bus, function)                                                                               \
    "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0' bus='" bus                \
    "' slot='0' function='" function "'/></source></hostdev>"
#define DOMAIN(metadata, devices)                                                                            \
    "<domain type='kvm'><name>win11</name><uuid>" UUID "</uuid>" metadata "<devices>" devices                \
    "</devices></domain>"

static int call(Bench *b, const char *operation, const char *xml, gboolean all, GString *words)
{
    const VvHookConfig config = {.all = all};
    const VvHookCall made = {.operation = operation, .xml = xml, .length = strlen(xml)};

    bench_rescan(b);
    return vv_hook_handle(b->host, b->journal, &config, &made, words);
}

static void test_prepare_and_release(void **state)
{
    static const char xml[] = DOMAIN(METADATA, HOSTDEV("2", "0"));
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    bench_assert_journal(&b, "0000:02:00.0 taken nvme");
    /* Twice is once: the program took it, and libvirt calls the hook afterwards. */
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    for (const char *const *other = (const char *const[]){"stopped", "reconnect", "", NULL}; *other; other++)
        assert_int_equal(call(&b, *other, "<not xml", FALSE, words), 0);
    assert_int_equal(call(&b, "start", xml, FALSE, words), 0);
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    bench_assert_as_before(&b);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    assert_string_equal(words->str, "");
    bench_close(&b);
}

static void test_a_refusal_says_why(void **state)
{
    /* The audio function is in the same group, and nobody agreed to hold it. */
    static const char xml[] = DOMAIN(METADATA, HOSTDEV("1", "0"));
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 1);
    assert_non_null(strstr(words->str, "win11 cannot have its devices; nothing was changed"));
    assert_non_null(strstr(words->str, "group-shared"));
    assert_non_null(strstr(words->str, "0000:01:00.1"));
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_others_are_left_alone(void **state)
{
    static const char xml[] = DOMAIN("", HOSTDEV("2", "0"));
    static const char none[] = DOMAIN(METADATA, "");
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    assert_int_equal(call(&b, "prepare", none, TRUE, words), 0);
    bench_assert_as_before(&b);
    assert_int_equal(call(&b, "prepare", xml, TRUE, words), 0);
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    assert_int_equal(call(&b, "release", xml, TRUE, words), 0);
    bench_assert_as_before(&b);
    assert_string_equal(words->str, "");
    bench_close(&b);
}

/* What is taken by hand stays with whoever took it. */
static void test_taken_by_hand_stays(void **state)
{
    static const char xml[] = DOMAIN(METADATA, HOSTDEV("2", "0"));
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    bench_take_fine(&b, "02:00.0");
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    bench_assert_driver(&b, "0000:02:00.0", "vfio-pci");
    bench_return_fine(&b);
    bench_assert_as_before(&b);
    bench_close(&b);
}

/* The policy is in the domain, whoever starts it. */
static void test_reset_policy(void **state)
{
    static const char xml[] =
        DOMAIN("<metadata><vv:domain xmlns:vv='urn:virt-vfio:domain:1' version='1'>"
               "<vv:device name='disk' address='0000:02:00.0' reset='flr'/></vv:domain></metadata>",
               HOSTDEV("2", "0"));
    g_autoptr(GString) words = g_string_new(NULL);
    guint resets = 0;
    Bench b;

    bench_open(&b,
               fake_host_new("drivers vfio-pci\n"
                             "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2 reset=flr,bus\n"));
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    fake_host_inject(b.fake, NULL);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    for (guint i = 0; i < fake_host_writes(b.fake); i++)
        resets += g_str_has_suffix(fake_host_write(b.fake, i), "0000:02:00.0/reset 1") ? 1 : 0;
    assert_int_equal(resets, 1);
    bench_assert_as_before(&b);
    assert_string_equal(words->str, "");
    bench_close(&b);
}

/* A program that was killed in the middle of a reset left a note. */
static void test_recovers_first(void **state)
{
    static const char xml[] = DOMAIN(METADATA, HOSTDEV("2", "0"));
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(VvResetNote) note = vv_reset_note_new((VvAddress){.bus = 2});
    Bench b;

    bench_open(&b,
               fake_host_new("drivers vfio-pci\n"
                             "0000:02:00.0 class=010802 id=144d:a808 driver=nvme group=2 reset=flr,bus\n"));
    bench_take_fine(&b, "02:00.0");
    note->methods = g_strdup("flr");
    note->by = (VvProcess){.pid = 4194305, .started = 1}; /* above the kernel's limit: dead */
    assert_true(vv_reset_note_write(b.journal, note, NULL));
    g_autoptr(VvHost) host = vv_hook_scan(fake_host_sysfs(b.fake), b.journal, NULL);
    assert_non_null(host);
    g_autoptr(GPtrArray) notes = vv_reset_notes(b.journal);
    assert_int_equal(notes->len, 0);
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 0);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    assert_string_equal(words->str, "");
    bench_return_fine(&b);
    bench_close(&b);
}

static void test_a_failure_is_undone(void **state)
{
    static const char xml[] = DOMAIN(METADATA, HOSTDEV("1", "0") HOSTDEV("1", "1") HOSTDEV("2", "0"));
    const FakeFault fault = {FAKE_FAIL, .error = EBUSY, .suffix = "vfio-pci/bind", .address = "0000:01:00.1"};
    g_autoptr(GString) words = g_string_new(NULL);
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    fake_host_inject(b.fake, &fault);
    assert_int_equal(call(&b, "prepare", xml, FALSE, words), 1);
    assert_non_null(strstr(words->str, "0000:01:00.1"));
    fake_host_inject(b.fake, NULL);
    assert_int_equal(call(&b, "release", xml, FALSE, words), 0);
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_hostile_xml(void **state)
{
    static const char *const bad[] = {
        "",
        "<domain",
        "<other/>",
        "<!DOCTYPE domain [<!ENTITY a 'b'>]>" DOMAIN(METADATA, ""),
        "<domain type='kvm'><name>no-uuid</name>" METADATA
        "<devices>" HOSTDEV("2", "0") "</devices></domain>",
        DOMAIN(METADATA,
               "<hostdev mode='subsystem' type='pci'><source><address bus='999'/></source></hostdev>"),
    };
    Bench b;

    bench_open(&b, fake_host_new(MACHINE));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GString) words = g_string_new(NULL);
        assert_int_equal(call(&b, "prepare", bad[i], FALSE, words), 1);
        assert_true(g_str_has_prefix(words->str, "virt-vfio: "));
        assert_int_equal(call(&b, "release", bad[i], FALSE, words), 0);
    }
    bench_assert_as_before(&b);
    bench_close(&b);
}

static void test_config(void **state)
{
    static const struct {
        const char *text;
        const char *error; /* NULL: it is right */
        gboolean all;
    } rows[] = {
        {"", NULL, FALSE},
        {"[hook]\ndomains = marked # ours\n", NULL, FALSE},
        {"[hook]\ndomains = all\n", NULL, TRUE},
        {"[hook]\ndomains = some\n", "virt-vfio.conf:2: ", FALSE},
        {"[hook]\ndomain = all\n", "did you mean domains?", FALSE},
        {"[hooks]\n", "unknown section", FALSE},
        {"domains = all\n", "virt-vfio.conf:1", FALSE},
    };
    FakeHost *fake = fake_host_new(MACHINE);
    VvHookConfig config = {.all = TRUE};

    assert_true(vv_hook_config_load(fake_host_root(fake), &config, NULL));
    assert_false(config.all);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        fake_host_put(fake, "etc/virt-vfio/virt-vfio.conf", rows[i].text);
        assert_int_equal(vv_hook_config_load(fake_host_root(fake), &config, &error), !rows[i].error);
        assert_int_equal(config.all, rows[i].all);
        assert_true(!rows[i].error || strstr(error->message, rows[i].error));
    }
    fake_host_free(fake);
}

static void put_program(FakeHost *fake, const char *version)
{
    g_autofree char *text = g_strdup_printf("ELF virt-vfio-hook version %s", version);
    g_autofree char *path = g_build_filename(fake_host_root(fake), VV_HOOK_PROGRAM, NULL);

    fake_host_put(fake, VV_HOOK_PROGRAM + 1, text);
    assert_int_equal(g_chmod(path, 0755), 0);
}

static void assert_live(FakeHost *fake, gboolean live)
{
    g_autoptr(VvHookStatus) status = vv_hook_status(fake_host_root(fake), fake_host_sysfs(fake));

    assert_int_equal(vv_hook_is_live(status), live);
}

static void test_install_and_remove(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    const char *root = fake_host_root(fake);
    g_autofree char *link = g_build_filename(root, VV_HOOK_LINK, NULL);
    g_autofree char *before = fake_host_snapshot(fake, "");
    g_autoptr(GError) error = NULL;

    assert_false(vv_hook_install(root, &error));
    assert_non_null(strstr(error->message, "is not there"));
    assert_live(fake, FALSE);
    put_program(fake, VV_VERSION);
    assert_true(vv_hook_install(root, NULL));
    assert_live(fake, TRUE);
    assert_true(vv_hook_install(root, NULL));
    put_program(fake, "0.0.1");
    assert_live(fake, FALSE);
    assert_true(vv_hook_remove(root, NULL));
    assert_true(vv_hook_remove(root, NULL));
    assert_live(fake, FALSE);
    /* Somebody else's file is neither replaced nor removed. */
    fake_host_put(fake, VV_HOOK_LINK, "#!/bin/sh\n");
    g_clear_error(&error);
    assert_false(vv_hook_install(root, &error));
    assert_non_null(strstr(error->message, "move it away"));
    assert_false(vv_hook_remove(root, NULL));
    assert_true(g_file_test(link, G_FILE_TEST_IS_REGULAR));
    fake_host_free(fake);
}

/* libvirt looks for hooks when it starts: one that is younger is not called. */
static void test_seen(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    g_autofree char *pid = g_strdup_printf("%d\n", getpid());
    g_autofree char *stat = g_strdup_printf("proc/%d/stat", getpid());
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *old = g_strdup_printf("cpu 1\nbtime %" G_GINT64_FORMAT "\n", now - 1000);
    g_autofree char *young = g_strdup_printf("cpu 1\nbtime %" G_GINT64_FORMAT "\n", now + 1000);

    put_program(fake, VV_VERSION);
    assert_true(vv_hook_install(fake_host_root(fake), NULL));
    fake_host_put(fake, "run/libvirtd.pid", pid);
    fake_host_put(fake, stat, "1 (libvirtd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0");
    fake_host_put(fake, "proc/stat", old);
    assert_live(fake, FALSE);
    fake_host_put(fake, "proc/stat", young);
    assert_live(fake, TRUE);
    fake_host_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare_and_release),
        cmocka_unit_test(test_a_refusal_says_why),
        cmocka_unit_test(test_others_are_left_alone),
        cmocka_unit_test(test_taken_by_hand_stays),
        cmocka_unit_test(test_reset_policy),
        cmocka_unit_test(test_recovers_first),
        cmocka_unit_test(test_a_failure_is_undone),
        cmocka_unit_test(test_hostile_xml),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_install_and_remove),
        cmocka_unit_test(test_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
