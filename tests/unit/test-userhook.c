/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "hooks/plan-json.h"
#include "hooks/userhook.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MACHINE                                                                                              \
    "drivers vfio-pci\n"                                                                                     \
    "0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=1\n"                                        \
    "0000:01:00.1 class=040300 id=10de:10f8 driver=snd_hda_intel group=1\n"
#define UUID "5c1b0d7e-0000-4000-8000-123456789abc"
#define DIR "etc/virt-vfio/hooks.d/"

static Bench bench;
static VvPlan *plan;
static GString *said;
static VvUserHooks hooks;

static void say(const char *line, gpointer data)
{
    g_string_append_printf(said, "%s\n", line);
}

static int open_bench(void **state)
{
    g_autoptr(GArray) selectors = g_array_new(FALSE, FALSE, sizeof(VvSelector));
    const char *const allow[] = {"display-boot", NULL};
    const VvPlanOptions options = {.owner = UUID, .owner_name = "win11", .allow = allow};

    bench_open(&bench, fake_host_new(MACHINE));
    vv_selector_parse("01:00", selectors, NULL);
    plan = vv_plan_take(bench.host, bench.journal, selectors, &options, NULL);
    said = g_string_new(NULL);
    hooks = (VvUserHooks){
        .sysfs = fake_host_sysfs(bench.fake), .domain = "win11", .uuid = UUID, .phase_ms = 20000, .say = say};
    return 0;
}

static int close_bench(void **state)
{
    vv_plan_free(plan);
    g_string_free(said, TRUE);
    bench_close(&bench);
    return 0;
}

static char *below(const char *path)
{
    return g_build_filename(fake_host_root(bench.fake), path, NULL);
}

static void set_mode(const char *path, mode_t mode)
{
    g_autofree char *file = below(path);

    assert_int_equal(g_chmod(file, mode), 0);
}

/* `body` is run by sh; %R in it is the root, and "%R/log" the place for notes. */
static void put_hook(const char *path, const char *body)
{
    g_auto(GStrv) parts = g_strsplit(body, "%R", -1);
    g_autofree char *filled = g_strjoinv(fake_host_root(bench.fake), parts);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", filled);
    g_autofree char *file = g_strconcat(DIR, path, NULL);

    fake_host_put(bench.fake, file, text);
    set_mode(file, 0755);
}

static char *noted(const char *name)
{
    g_autofree char *path = below(name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static void assert_noted(const char *expected)
{
    g_autofree char *text = noted("log");
    g_autofree char *path = below("log");

    assert_string_equal(text, expected);
    g_unlink(path);
}

static void assert_runs(VvPhase phase)
{
    g_autoptr(GError) error = NULL;

    assert_true(vv_user_hooks_run(&hooks, phase, plan, &error));
    assert_fine(error);
}

static void assert_refused(VvPhase phase, const char *why)
{
    GError *error = NULL;

    assert_false(vv_user_hooks_run(&hooks, phase, plan, &error));
    assert_problem(error, phase == VV_PHASE_PRE_BIND ? VV_ERROR_REFUSED : VV_ERROR_FAILED, why);
}

static void assert_said(const char *part)
{
    if (!strstr(said->str, part))
        fail_msg("\"%s\" is not in \"%s\"", part, said->str);
}

static void test_order_and_arguments(void **state)
{
    static const char note[] = "echo \"${0##*/hooks.d/} $*\" >>%R/log; pwd >>%R/log";

    put_hook("pre-bind/2-b", note);
    put_hook("pre-bind/10-a", note);
    put_hook("pre-bind/.hidden", "echo wrong >>%R/log");
    put_hook("pre-bind/10-a~", "echo wrong >>%R/log");
    put_hook("pre-bind/10-a.bak", "echo wrong >>%R/log");
    put_hook("pre-bind/10-a.dpkg-old", "echo wrong >>%R/log");
    put_hook("pre-bind/10-a.disabled", "echo wrong >>%R/log");
    put_hook("pre-bind/with space", "echo wrong >>%R/log");
    put_hook("pre-bind/folder/1", "echo wrong >>%R/log");
    put_hook("post-bind/1", "echo wrong >>%R/log");
    put_hook("domains/win11/pre-bind/0", note);
    put_hook("domains/other/pre-bind/0", "echo wrong >>%R/log");
    assert_runs(VV_PHASE_PRE_BIND);
    assert_noted("pre-bind/10-a win11 pre-bind 0000:01:00.0 0000:01:00.1\n/\n"
                 "pre-bind/2-b win11 pre-bind 0000:01:00.0 0000:01:00.1\n/\n"
                 "domains/win11/pre-bind/0 win11 pre-bind 0000:01:00.0 0000:01:00.1\n/\n");
    assert_string_equal(said->str, "");
}

/* A name that leads elsewhere has no folder of its own. */
static void test_odd_domains(void **state)
{
    static const char *const odd[] = {"..", ".", "", "../../elsewhere", "other/.."};

    put_hook("pre-bind/1", "echo general >>%R/log");
    put_hook("domains/pre-bind/0", "echo wrong >>%R/log");
    for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
        hooks.domain = odd[i];
        assert_runs(VV_PHASE_PRE_BIND);
        assert_noted("general\n");
    }
}

static void test_input_and_environment(void **state)
{
    json_object *json = vv_json_plan(plan);

    put_hook("reset/1", "cat /proc/$$/environ | tr '\\0' '\\n' >%R/log; cat >%R/input");
    put_hook("reset/2", "cat >%R/input2");
    put_hook("reset/3", "exec <&-; exit 0");
    g_setenv("LEAKED", "yes", TRUE);
    assert_runs(VV_PHASE_RESET);
    assert_noted("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n"
                 "VIRT_VFIO_PHASE=reset\nVIRT_VFIO_DOMAIN=win11\nVIRT_VFIO_UUID=" UUID "\n");
    g_autofree char *input = noted("input"), *again = noted("input2");
    json_object *read = json_tokener_parse(input);
    assert_true(json_object_equal(read, json));
    assert_string_equal(input, again);
    json_object_put(read);
    json_object_put(json);
}

static void test_nothing_is_inherited(void **state)
{
    sigset_t blocked, before;
    int left_open = open("/dev/null", O_RDONLY); /* and not closed on exec */
    int high = fcntl(left_open, F_DUPFD, 200);

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    signal(SIGPIPE, SIG_IGN);
    put_hook("post-bind/1", "ls /proc/self/fd >%R/log\n"
                            "read -r _ _ _ _ group session terminal _ </proc/$$/stat\n"
                            "[ $group = $$ ] && [ $session = $$ ] && [ $terminal = 0 ] && umask >>%R/log");
    /* No shell: some empty the mask themselves. */
    fake_host_put(bench.fake, DIR "post-bind/2", "#!/bin/cat /proc/self/status\n");
    set_mode(DIR "post-bind/2", 0755);
    assert_runs(VV_PHASE_POST_BIND);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    close(left_open);
    close(high);
    /* 3 is the folder that ls reads. */
    assert_noted("0\n1\n2\n3\n0022\n");
    assert_said("SigBlk:\t0000000000000000");
    assert_said("SigIgn:\t0000000000000000");
}

static void test_output(void **state)
{
    put_hook("post-bind/1", "echo to stdout; echo to stderr >&2; printf '\\033[31mred\\377\\n\\tlast'");
    put_hook("post-bind/2", "yes | head -c 300000; exit 4");
    assert_runs(VV_PHASE_POST_BIND);
    assert_true(g_str_has_prefix(said->str, "post-bind/1: to stdout\npost-bind/1: to stderr\n"
                                            "post-bind/1: ?[31mred\xef\xbf\xbd\npost-bind/1: \tlast\n"
                                            "post-bind/2: y\n"));
    assert_said("post-bind/2: (234464 more bytes are left out)\n");
    assert_said("hooks.d/post-bind/2: exit code 4: (234464");
    assert_true(said->len < 64 * 1024 * 8);
}

static void test_exit_codes(void **state)
{
    static const struct {
        VvPhase phase;
        const char *name;
        gboolean decides;
    } rows[] = {{VV_PHASE_PRE_BIND, "pre-bind", TRUE},         {VV_PHASE_POST_BIND, "post-bind", FALSE},
                {VV_PHASE_PRE_START, "pre-start", TRUE},       {VV_PHASE_POST_START, "post-start", FALSE},
                {VV_PHASE_PRE_RELEASE, "pre-release", TRUE},   {VV_PHASE_RESET, "reset", FALSE},
                {VV_PHASE_POST_RELEASE, "post-release", FALSE}};
    static const char *const bad[][2] = {{"echo because >&2; exit 3", "/1: exit code 3: because"},
                                         {"kill -SEGV $$", "/1: ended by signal 11"}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(bad); j++) {
            g_autofree char *first = g_build_filename(rows[i].name, "1", NULL);
            g_autofree char *second = g_build_filename(rows[i].name, "2", NULL);
            assert_string_equal(vv_phase_name(rows[i].phase), rows[i].name);
            put_hook(first, bad[j][0]);
            put_hook(second, "echo \"$2\" >>%R/log");
            g_string_truncate(said, 0);
            if (rows[i].decides) {
                assert_refused(rows[i].phase, bad[j][1]);
                assert_noted("");
            } else {
                g_autofree char *line = g_strconcat(rows[i].name, "\n", NULL);
                assert_runs(rows[i].phase);
                assert_said(bad[j][1]);
                assert_noted(line);
            }
        }
}

static void test_cannot_be_executed(void **state)
{
    fake_host_put(bench.fake, DIR "pre-bind/1", "#!/no/such/interpreter\n");
    set_mode(DIR "pre-bind/1", 0755);
    assert_refused(VV_PHASE_PRE_BIND,
                   "cannot be executed: No such file or directory (is the program of its #!");
    fake_host_put(bench.fake, DIR "pre-bind/1", "neither script nor program");
    assert_refused(VV_PHASE_PRE_BIND, "cannot be executed: Exec format error");
}

static gboolean lives(const char *pid_file)
{
    g_autofree char *pid = noted(pid_file);
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", atoi(pid));
    g_autofree char *stat = NULL;

    assert_true(atoi(pid) > 1);
    return g_file_get_contents(path, &stat, NULL, NULL) && !strstr(stat, ") Z ");
}

static gboolean dies(const char *pid_file)
{
    for (int i = 0; i < 500 && lives(pid_file); i++)
        g_usleep(10000);
    return !lives(pid_file);
}

static double seconds_since(gint64 before)
{
    return (double)(g_get_monotonic_time() - before) / G_USEC_PER_SEC;
}

/* The deadline is the phase's: a second hook has no time of its own. */
static void test_deadline(void **state)
{
    gint64 before = g_get_monotonic_time();

    hooks.phase_ms = 1000;
    put_hook("post-start/1", "trap '' TERM; echo $$ >%R/hook; sleep 100 & echo $! >%R/child\n"
                             "echo waiting; wait; wait; sleep 100");
    put_hook("post-start/2", "echo wrong >>%R/log");
    assert_runs(VV_PHASE_POST_START);
    assert_true(seconds_since(before) < 8);
    assert_said("post-start/1: it took longer than 1.0 s and was ended: waiting\n");
    assert_said("post-start/2 was not run: no time is left\n");
    assert_noted("");
    assert_true(dies("hook"));
    assert_true(dies("child"));

    /* One that hears SIGTERM may tidy up. */
    put_hook("pre-bind/1", "trap 'echo tidied >>%R/log; exit 0' TERM; sleep 100 & wait");
    assert_refused(VV_PHASE_PRE_BIND, "pre-bind/1: it took longer than 1.0 s and was ended");
    assert_noted("tidied\n");
    /* What libvirt's patience leaves. */
    hooks.until = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    assert_refused(VV_PHASE_PRE_BIND, "was not run: no time is left");
}

static void test_who_stays_behind_keeps_nobody_waiting(void **state)
{
    gint64 before = g_get_monotonic_time();

    put_hook("post-start/1", "sleep 100 & echo $! >%R/quiet; echo done");
    put_hook("post-start/2", "yes & echo $! >%R/loud");
    assert_runs(VV_PHASE_POST_START);
    assert_true(seconds_since(before) < 10);
    assert_said("post-start/1: done\n");
    /* A daemon that a hook starts may stay, but not print. */
    assert_true(lives("quiet"));
    assert_true(dies("loud"));
    g_autofree char *pid = noted("quiet");
    kill(atoi(pid), SIGTERM);
}

static void test_hangs_in_the_kernel(void **state)
{
    gint64 before = g_get_monotonic_time();

    hooks.phase_ms = 300;
    put_hook("pre-bind/1", "trap '' TERM; echo $$ >%R/hook; exec sleep 100");
    fake_unkillable = TRUE;
    assert_refused(VV_PHASE_PRE_BIND, "cannot be ended and is left behind: process");
    fake_unkillable = FALSE;
    assert_true(seconds_since(before) < 10);
    g_autofree char *pid = noted("hook");
    assert_int_equal(fake_real_kill(atoi(pid), SIGKILL), 0);
    assert_int_equal(waitpid(atoi(pid), NULL, 0), atoi(pid));
}

static void assert_distrusted(const char *what)
{
    assert_refused(VV_PHASE_PRE_BIND, what);
    assert_noted("");
}

static void test_who_may_change_it(void **state)
{
    static const char *const folders[] = {"etc/virt-vfio",     DIR,
                                          DIR "pre-bind",      DIR "domains",
                                          DIR "domains/win11", DIR "domains/win11/pre-bind"};
    static const mode_t modes[] = {0775, 0757, 01777};
    g_autofree char *file = below(DIR "pre-bind/2"), *moved = below("elsewhere");

    put_hook("pre-bind/1", "echo first >>%R/log");
    put_hook("pre-bind/2", "echo second >>%R/log");
    put_hook("domains/win11/pre-bind/1", "echo own >>%R/log");
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(modes); j++) {
            set_mode(folders[i], modes[j]);
            assert_distrusted("can be written to by others than root; 'chmod go-w ");
            set_mode(folders[i], 0755);
        }
    set_mode(DIR "pre-bind/2", 0775);
    assert_distrusted("pre-bind/2 can be written to");
    set_mode(DIR "pre-bind/2", 0644);
    assert_distrusted("pre-bind/2 is not executable; 'chmod +x ");
    set_mode(DIR "pre-bind/2", 0755);
    if (geteuid() == 0) {
        assert_int_equal(chown(file, 65534, 65534), 0);
        assert_distrusted("pre-bind/2 does not belong to root; if it is yours: 'chown root ");
    }
    assert_int_equal(g_rename(file, moved), 0);
    assert_int_equal(symlink(moved, file), 0);
    assert_distrusted("pre-bind/2 is a symbolic link");
    g_unlink(file);
    assert_int_equal(mkfifo(file, 0755), 0);
    assert_distrusted("pre-bind/2 is no regular file");
    g_unlink(file);
    assert_runs(VV_PHASE_PRE_BIND);
    assert_noted("first\nown\n");
}

/* Where nothing is decided, the others run. */
static void test_distrust_is_said(void **state)
{
    g_autofree char *folder = below(DIR "post-release"), *moved = below("elsewhere");

    put_hook("post-release/1", "echo wrong >>%R/log");
    put_hook("post-release/2", "echo second >>%R/log");
    set_mode(DIR "post-release/1", 0757);
    assert_runs(VV_PHASE_POST_RELEASE);
    assert_said("post-release/1 can be written to by others");
    assert_noted("second\n");
    assert_int_equal(g_rename(folder, moved), 0);
    assert_int_equal(symlink(moved, folder), 0);
    assert_runs(VV_PHASE_POST_RELEASE);
    assert_said("post-release is not a folder");
    assert_noted("");
}

static void test_list(void **state)
{
    static const struct {
        const char *path, *problem;
    } rows[] = {
        {DIR "pre-bind/2", NULL},
        {DIR "domains/my guest/pre-bind/1", NULL},
        {DIR "domains/open", "can be written to by others"},
        {DIR "pre-start/1", NULL},
        {DIR "reset/1", "is not executable"},
    };
    g_autoptr(GPtrArray) none = vv_user_hooks_list(fake_host_sysfs(bench.fake));

    assert_int_equal(none->len, 0);
    put_hook("reset/1", "");
    put_hook("pre-start/1", "");
    put_hook("pre-bind/2", "");
    put_hook("domains/my guest/pre-bind/1", "");
    put_hook("domains/open/pre-bind/1", "");
    put_hook("domains/open/reset/1", "");
    set_mode(DIR "domains/open", 0777);
    set_mode(DIR "reset/1", 0644);
    g_autoptr(GPtrArray) list = vv_user_hooks_list(fake_host_sysfs(bench.fake));
    assert_int_equal(list->len, G_N_ELEMENTS(rows));
    for (guint i = 0; i < list->len; i++) {
        const VvUserHook *hook = list->pdata[i];
        g_autofree char *path = below(rows[i].path);
        assert_string_equal(hook->path, path);
        assert_int_equal(hook->problem != NULL, rows[i].problem != NULL);
        assert_true(!hook->problem || strstr(hook->problem, rows[i].problem));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_and_arguments),
        TEST(test_odd_domains),
        TEST(test_input_and_environment),
        TEST(test_nothing_is_inherited),
        TEST(test_output),
        TEST(test_exit_codes),
        TEST(test_cannot_be_executed),
        TEST(test_deadline),
        TEST(test_who_stays_behind_keeps_nobody_waiting),
        TEST(test_hangs_in_the_kernel),
        TEST(test_who_may_change_it),
        TEST(test_distrust_is_said),
        TEST(test_list),
    };

    umask(022);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
