/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "fake-host.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* examples/hooks.d/ on a fake machine: the files that they read and write are below its root, and the
 * programs that they call only note their arguments. */
static FakeHost *fake;

static char *below(const char *path)
{
    return g_build_filename(fake_host_root(fake), path, NULL);
}

static void put_program(const char *name, const char *body)
{
    g_autofree char *file = g_build_filename("bin", name, NULL);
    g_autofree char *path = below(file);
    g_autofree char *text =
        g_strdup_printf("#!/bin/sh\necho \"${0##*/} $*\" >>%s/log\n%s\n", fake_host_root(fake), body);

    fake_host_put(fake, file, text);
    assert_int_equal(g_chmod(path, 0755), 0);
}

static int open_fake(void **state)
{
    static const char *const functions[][3] = {{"0000:01:00.0", "0x1002\n", "0x030000\n"},
                                               {"0000:01:00.1", "0x1002\n", "0x040300\n"},
                                               {"0000:02:00.0", "0x10de\n", "0x030000\n"}};

    fake = fake_host_new("0000:01:00.0 class=030000 id=1002:67df group=1\n"
                         "0000:01:00.1 class=040300 id=1002:aaf0 group=1\n"
                         "0000:02:00.0 class=030000 id=10de:1b80 group=2\n");
    for (gsize i = 0; i < G_N_ELEMENTS(functions); i++) {
        g_autofree char *vendor = g_strdup_printf("sys/bus/pci/devices/%s/vendor", functions[i][0]);
        g_autofree char *class = g_strdup_printf("sys/bus/pci/devices/%s/class", functions[i][0]);
        fake_host_put(fake, vendor, functions[i][1]);
        fake_host_put(fake, class, functions[i][2]);
    }
    put_program("modprobe", "");
    put_program("systemctl", "");
    put_program("ddcutil", "");
    put_program("sleep", "");
    return 0;
}

static int close_fake(void **state)
{
    fake_host_free(fake);
    return 0;
}

/* The exit code; `output` is both of the hook's. */
static int run(const char *example, const char *phase, char **output)
{
    g_autofree char *program =
        g_build_filename(g_getenv("SOURCE_ROOT"), "examples", "hooks.d", example, NULL);
    g_autofree char *path = g_strdup_printf("PATH=%s/bin:/usr/bin:/bin", fake_host_root(fake));
    g_autofree char *root = g_strdup_printf("VIRT_VFIO_EXAMPLE_ROOT=%s", fake_host_root(fake));
    char *arguments[] = {program,
                         (char *)"win11",
                         (char *)phase,
                         (char *)"0000:01:00.0",
                         (char *)"0000:01:00.1",
                         (char *)"0000:02:00.0",
                         NULL};
    char *environment[] = {path, root, NULL};
    g_autofree char *words = NULL, *errors = NULL;
    g_autoptr(GError) error = NULL;
    int status = -1;

    g_spawn_sync("/", arguments, environment, G_SPAWN_DEFAULT, NULL, NULL, &words, &errors, &status, &error);
    assert_fine(error);
    assert_true(WIFEXITED(status));
    if (output)
        *output = g_strconcat(words, errors, NULL);
    return WEXITSTATUS(status);
}

static void assert_file(const char *name, const char *expected)
{
    g_autofree char *path = below(name);
    g_autofree char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    assert_text(text ? text : "(none)", expected);
}

static void assert_log(const char *expected)
{
    g_autofree char *path = below("log");

    assert_file("log", expected);
    g_unlink(path);
}

#define CARD "sys/bus/pci/devices/0000:01:00.0/"

static void test_vendor_reset(void **state)
{
    g_autofree char *output = NULL;

    fake_host_put(fake, CARD "reset_method", "bus\n");
    fake_host_put(fake, CARD "reset", "");
    assert_int_equal(run("vendor-reset", "post-bind", NULL), 0);
    assert_log("modprobe vendor-reset\n");
    assert_file(CARD "reset_method", "device_specific\n");
    assert_file(CARD "reset", "");
    assert_int_equal(run("vendor-reset", "reset", &output), 0);
    assert_string_equal(output, "0000:01:00.0 has been reset\n");
    assert_file(CARD "reset", "1\n");
}

static void test_cpu_isolation(void **state)
{
    g_autofree char *output = NULL;

    fake_host_put(fake, "sys/devices/system/cpu/present", "0-15\n");
    assert_int_equal(run("cpu-isolation", "pre-bind", NULL), 0);
    assert_log("systemctl set-property --runtime -- init.scope AllowedCPUs=0-1\n"
               "systemctl set-property --runtime -- system.slice AllowedCPUs=0-1\n"
               "systemctl set-property --runtime -- user.slice AllowedCPUs=0-1\n");
    assert_int_equal(run("cpu-isolation", "post-release", NULL), 0);
    assert_log("systemctl set-property --runtime -- init.scope AllowedCPUs=0-15\n"
               "systemctl set-property --runtime -- system.slice AllowedCPUs=0-15\n"
               "systemctl set-property --runtime -- user.slice AllowedCPUs=0-15\n");
    assert_int_equal(run("cpu-isolation", "post-start", &output), 1);
    assert_non_null(strstr(output, "belongs into pre-bind and post-release, not into post-start"));
}

#define PAGES "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define NOTE "run/virt-vfio-hugepages.win11"

static void test_hugepages(void **state)
{
    fake_host_put(fake, PAGES, "100\n");
    fake_host_put(fake, "run/other", "");
    assert_int_equal(run("hugepages", "pre-bind", NULL), 0);
    assert_file(PAGES, "4196\n");
    assert_file(NOTE, "4096\n");
    /* After a crash: not twice. */
    assert_int_equal(run("hugepages", "pre-bind", NULL), 0);
    assert_file(PAGES, "4196\n");
    assert_int_equal(run("hugepages", "post-release", NULL), 0);
    assert_file(PAGES, "100\n");
    assert_file(NOTE, "(none)");
    assert_int_equal(run("hugepages", "post-release", NULL), 0);
    assert_file(PAGES, "100\n");
}

static void test_hugepages_too_few(void **state)
{
    g_autofree char *output = NULL;

    fake_host_put(fake, PAGES, "100\n");
    fake_host_put(fake, "run/other", "");
    /* As the kernel answers when memory is too fragmented: with what it has. */
    put_program("cat", "for file; do case $file in *nr_hugepages)\n"
                       "n=$(/bin/cat \"$file\"); [ \"$n\" -lt 1000 ] || n=1000; echo \"$n\" ;;\n"
                       "*) /bin/cat \"$file\" ;; esac; done");
    assert_int_equal(run("hugepages", "pre-bind", &output), 1);
    assert_string_equal(output,
                        "only 900 of 4096 huge pages of 2048kB are to be had; stop something, or reserve "
                        "them at boot\n");
    assert_file(PAGES, "100\n");
    assert_file(NOTE, "(none)");
}

static void test_display_switch(void **state)
{
    assert_int_equal(run("display-switch", "post-start", NULL), 0);
    assert_log("modprobe i2c-dev\nddcutil --display 1 --noverify setvcp 60 0x0f\n");
    assert_int_equal(run("display-switch", "post-release", NULL), 0);
    assert_log("modprobe i2c-dev\nddcutil --display 1 --noverify setvcp 60 0x11\n");
    put_program("ddcutil", "exit 1");
    assert_int_equal(run("display-switch", "post-release", NULL), 1);
    assert_int_equal(run("display-switch", "pre-bind", NULL), 1);
}

/* Every example is one of these, and may be installed as it is. */
static void test_all_are_tested(void **state)
{
    static const char *const tested[] = {"cpu-isolation", "display-switch", "hugepages", "vendor-reset",
                                         NULL};
    g_autofree char *folder = g_build_filename(g_getenv("SOURCE_ROOT"), "examples", "hooks.d", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    guint count = 0;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        assert_true(g_strv_contains(tested, name));
        assert_true(g_file_test(path, G_FILE_TEST_IS_EXECUTABLE));
        count++;
    }
    assert_int_equal(count, G_N_ELEMENTS(tested) - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_vendor_reset),      TEST(test_cpu_isolation),  TEST(test_hugepages),
        TEST(test_hugepages_too_few), TEST(test_display_switch), cmocka_unit_test(test_all_are_tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
