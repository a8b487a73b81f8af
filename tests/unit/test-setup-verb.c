/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup-root.h"

#include "fake-host.h"
#include "test.h"

#include <json-c/json.h>
#include <sys/wait.h>

/* The verb as it is called, on a recorded machine whose boot loader needs no command (rEFInd), and on others
 * as far as nothing is run. */

static SetupRoot r;
static char *said;
/* Where the verb looks. */
static const char *root;

static void copy_machine(const char *name)
{
    g_autofree char *from =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests/hosts/boot", name, "root/.", NULL);
    const char *argv[] = {"cp", "-a", from, root, NULL};
    int status;

    assert_true(
        g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
    assert_int_equal(status, 0);
}

static int set_up(void **state)
{
    setup_root_open(&r);
    root = r.path;
    copy_machine("refind");
    return 0;
}

static int tear_down(void **state)
{
    setup_root_close(&r);
    g_clear_pointer(&said, g_free);
    return 0;
}

static int run(const char *words)
{
    g_autofree char *line = g_strdup_printf("%s setup --sysroot %s %s", VV_PROGRAM, root, words);
    g_autofree char *out = NULL, *error = NULL;
    g_auto(GStrv) argv = NULL;
    int status;

    g_clear_pointer(&said, g_free);
    assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
    assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &error, &status, NULL));
    said = g_strconcat(out, error, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *words, int code, const char *part)
{
    int is = run(words);

    if (is != code || !strstr(said, part))
        fail_msg("%s: exit code %d, expected %d and \"%s\":\n%s", words, is, code, part, said);
}

static json_object *json(const char *words, const char *verdict)
{
    assert_int_equal(run(words), 0);
    json_object *object = json_tokener_parse(said), *value;
    assert_non_null(object);
    assert_true(json_object_object_get_ex(object, "verdict", &value));
    assert_text(json_object_get_string(value), verdict);
    return object;
}

static void test_usage(void **state)
{
    expect("--apply --undo", 2, "only one of --apply, --undo and --status");
    expect("--undo --iommu", 2, "--undo is about all of it");
    expect("--apply", 2, "say what this host is to have");
    expect("--hugepages 0", 2, "--hugepages 0: it is a number of pages");
    expect("--hugepages 4,4K", 2, "2M or 1G");
    expect("--hugepages ,1G", 2, "a number of pages");
    expect("--isolate-cpus 3-", 2, "'3-' is no list of CPUs");
    expect("--reserve nonsense", 2, "nonsense");
    expect("--reserve 01:00 --allow nonsense", 2, "there is no reason code 'nonsense'");
    expect("word", 2, "too many arguments");
}

static void test_nothing_yet(void **state)
{
    g_autofree char *before = setup_root_snapshot(&r);

    expect("", 0, "Say what this host is to have");
    expect("", 0, "rEFInd");
    expect("--status", 0, "setup has changed nothing on this system");
    expect("--undo", 0, "setup has changed nothing on this system");
    json_object_put(json("--status --json", "none"));
    g_autofree char *after = setup_root_snapshot(&r);
    assert_text(after, before);
}

static void test_show(void **state)
{
    g_autofree char *before = setup_root_snapshot(&r);
    json_object *steps, *value;

    expect("--iommu", 0, "/boot/refind_linux.conf");
    assert_non_null(strstr(said, "iommu=pt"));
    assert_non_null(strstr(said, "Nothing was changed. To do it: virt-vfio setup --iommu --sysroot"));
    expect("--iommu --apply --dry-run", 0, "Nothing was changed");
    json_object *object = json("--iommu --json", "changes");
    assert_true(json_object_object_get_ex(object, "steps", &steps));
    assert_true(json_object_array_length(steps) >= 1);
    json_object *step = json_object_array_get_idx(steps, 0);
    assert_true(json_object_object_get_ex(step, "diff", &value));
    assert_non_null(strstr(json_object_get_string(value), "--- /boot/refind_linux.conf"));
    assert_true(json_object_object_get_ex(step, "state", &value));
    assert_text(json_object_get_string(value), "planned");
    json_object_put(object);
    g_autofree char *after = setup_root_snapshot(&r);
    assert_text(after, before);
}

static void test_apply(void **state)
{
    g_autofree char *before = setup_root_snapshot(&r);

    expect("--iommu --apply", 0, "It becomes effective when that system boots");
    g_autofree char *text = setup_root_get(&r, "boot/refind_linux.conf");
    assert_non_null(strstr(text, "iommu=pt"));
    expect("--status", 0, "in place   /boot/refind_linux.conf");
    assert_non_null(strstr(said, "The running kernel was started without: "));
    json_object_put(json("--status --json", "applied"));
    g_autofree char *once = setup_root_snapshot(&r);
    expect("--iommu --apply", 0, "Nothing to do: this system is set up for the IOMMU");
    json_object_put(json("--iommu --apply --json", "nothing"));
    g_autofree char *twice = setup_root_snapshot(&r);
    assert_text(twice, once);
    expect("--undo --dry-run", 0, "as it was before setup");
    expect("--undo", 0, "when that system boots");
    g_autofree char *after = setup_root_snapshot(&r);
    assert_text(after, before);
}

static void test_json_apply(void **state)
{
    json_object_put(json("--iommu --apply --json", "applied"));
    json_object_put(json("--undo --json", "undone"));
}

static void test_prints_only(void **state)
{
    copy_machine("nixos");
    g_autofree char *before = setup_root_snapshot(&r);

    expect("--iommu --modules", 0, "boot.kernelParams");
    expect("--iommu --modules --apply", 4, "do what is printed above by hand");
    json_object *object = json("--iommu --json", "prints-only"), *value;
    assert_true(json_object_object_get_ex(object, "snippet", &value));
    assert_non_null(strstr(json_object_get_string(value), "boot.kernelParams"));
    json_object_put(object);
    g_autofree char *after = setup_root_snapshot(&r);
    assert_text(after, before);
}

static void put_cpu(guint id)
{
    g_autofree char *path = g_strdup_printf("sys/devices/system/cpu/cpu%u/topology/core_id", id);

    setup_root_put(&r, path, "0\n", 0644);
}

static void test_limits(void **state)
{
    setup_root_put(&r, "sys/devices/system/cpu/online", "0-1\n", 0644);
    put_cpu(0);
    put_cpu(1);
    setup_root_put(&r, "sys/devices/system/node/online", "0\n", 0644);
    setup_root_put(&r, "sys/devices/system/node/node0/cpulist", "0-1\n", 0644);
    setup_root_put(&r, "sys/devices/system/node/node0/meminfo",
                   "Node 0 MemTotal:        8388608 kB\nNode 0 MemFree:         4194304 kB\n", 0644);
    setup_root_put(&r, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme pse\n", 0644);
    expect("--hugepages 3584", 0, "3584");
    expect("--hugepages 3585", 3, "at most 3584 pages");
    expect("--hugepages 4,1G", 4, "this processor has no pages of 1 GiB");
    setup_root_put(&r, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu pdpe1gb lm\n", 0644);
    expect("--hugepages 4,1G", 0, "hugepagesz=1G hugepages=4");
    expect("--isolate-cpus 1", 0, "isolcpus=");
    expect("--isolate-cpus 2", 3, "this host has no CPU 2 online");
    expect("--isolate-cpus 0-1", 3, "leaves this host no CPU of its own");
}

/* A card by its ids, one of two twins by its address, and what the host shows its console on not at all. */
static void test_reserve(void **state)
{
    FakeHost *fake = fake_host_load("intel-desktop");

    root = fake_host_root(fake);
    copy_machine("refind");
    expect("--reserve 01:00", 0, "options vfio-pci ids=10de:1e84,");
    assert_non_null(strstr(said, "--reserve 01:00 --sysroot"));
    expect("--reserve 02:00.0", 0, "0000:02:00.0");
    assert_null(strstr(said, "144d:a808"));
    assert_null(strstr(said, "0000:03:00.0"));
    expect("--reserve 00:02.0", 3, "display-boot");
    assert_non_null(strstr(said, "This host needs"));
    assert_null(strstr(said, "no-vfio"));
    expect("--reserve 00:02.0 --allow display-boot=00:02.0", 0, "8086:3e98");
    expect("--reserve 0a:00.0", 3, "0a:00.0");
    expect("--reserve 00:01.0", 3, "00:01.0");
    fake_host_free(fake);
}

static void test_bad_ledger(void **state)
{
    setup_root_put(&r, "var/lib/virt-vfio/setup/ledger", "nonsense", 0644);
    for (const char *const *words =
             (const char *const[]){"--iommu", "--iommu --apply", "--undo", "--status", NULL};
         *words; words++)
        expect(*words, 1, "/var/lib/virt-vfio/setup/ledger cannot be understood");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_usage),  TEST(test_nothing_yet), TEST(test_show),
        TEST(test_apply),  TEST(test_json_apply),  TEST(test_prints_only),
        TEST(test_limits), TEST(test_bad_ledger),  TEST(test_reserve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
