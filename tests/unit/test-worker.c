/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "handover-bench.h"
#include "vfio/child.h"
#include "vfio/process.h"
#include "vfio/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GPU "0000:01:00.0"
#define NVME "0000:02:00.0"
#define NIC "0000:03:00.0"
#define MACHINE                                                                                              \
    "drivers vfio-pci\n" GPU " class=030000 id=10de:1e84 driver=nouveau group=1 reset=bus power=auto "       \
    "d3cold=1 busmaster=drivers\n" NVME " class=010802 id=144d:a808 driver=nvme group=2\n" NIC               \
    " class=020000 id=8086:1572 driver=i40e group=3\n"

#define PATIENT 30000
#define HASTY 400

static VvWorkerLimits limits = {.parallel = 16, .stage_ms = PATIENT, .reset_ms = PATIENT};

guint __wrap_g_get_num_processors(void);

guint __wrap_g_get_num_processors(void)
{
    return 1;
}

static VvJob *new_job(const char *address)
{
    VvJob *job = vv_job_new(address_of(address), "vfio-pci", "vfio-pci");

    job->change.power_control = g_strdup("on");
    job->change.d3cold = g_strdup("0");
    return job;
}

static void count_done(VvJob *job, gpointer data)
{
    assert_true(job->us >= 0);
    ++*(guint *)data;
}

static void run(FakeHost *fake, GPtrArray *jobs)
{
    guint done = 0;

    vv_workers_run(fake_host_sysfs(fake), jobs, &limits, count_done, &done);
    assert_int_equal(done, jobs->len);
}

static GPtrArray *jobs_of(VvJob *first, VvJob *second, VvJob *third)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func((GDestroyNotify)vv_job_free);

    for (VvJob *const *job = (VvJob *const[]){first, second, third, NULL}; *job; job++)
        g_ptr_array_add(jobs, *job);
    return jobs;
}

static void assert_says(const VvJob *job, const char *expected)
{
    g_autofree char *text = vv_job_describe(job);

    if (!strstr(text, expected))
        fail_msg("\"%s\" does not say \"%s\"", text, expected);
}

/* It is given up at its deadline, the message names what it was at, and the others are done. */
static void test_hang_in_each_stage(void **state)
{
    static const struct {
        const char *suffix;
        VvStage stage;
        const char *says;
    } places[] = {
        {"/driver_override", VV_STAGE_OVERRIDE, "setting its driver_override does not end"},
        {"/d3cold_allowed", VV_STAGE_POWER, "setting its power management does not end"},
        {"/power/control", VV_STAGE_POWER, "setting its power management does not end"},
        {"/driver/unbind", VV_STAGE_UNBIND, "its driver does not let go"},
        {"/bind", VV_STAGE_BIND, "does not come back from its probe"},
        {"/reset", VV_STAGE_RESET, "resetting it does not end"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        FakeHost *fake = fake_host_new(MACHINE);
        VvJob *job = new_job(GPU);
        g_autoptr(GPtrArray) jobs = jobs_of(job, new_job(NVME), NULL);
        job->change.reset = places[i].stage == VV_STAGE_RESET;
        limits.stage_ms = limits.reset_ms = HASTY;
        *(places[i].stage == VV_STAGE_RESET ? &limits.stage_ms : &limits.reset_ms) = PATIENT;
        fake_host_inject(fake, &(FakeFault){.action = FAKE_HANG, .suffix = places[i].suffix, .address = GPU});
        gint64 start = g_get_monotonic_time();
        run(fake, jobs);
        gint64 ms = (g_get_monotonic_time() - start) / 1000;
        assert_in_range(ms, HASTY - 5, 8000);
        assert_int_equal(job->result.error, ETIMEDOUT);
        assert_int_equal(job->result.stage, places[i].stage);
        assert_false(job->wedged);
        assert_says(job, GPU ": no answer in time: ");
        assert_says(job, places[i].says);
        assert_int_equal(((VvJob *)jobs->pdata[1])->result.stage, VV_STAGE_DONE);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        fake_host_free(fake);
    }
    limits.stage_ms = limits.reset_ms = PATIENT;
}

/* The time of a reset is its own, and ends with it, whoever else runs. */
static void test_time_of_a_reset(void **state)
{
    static const struct {
        const char *suffix;
        VvStage stage;
        guint stage_ms, reset_ms;
    } hangs[] = {{"/reset", VV_STAGE_RESET, PATIENT, HASTY},
                 {"/driver/unbind", VV_STAGE_UNBIND, HASTY, PATIENT}};

    for (gsize i = 0; i < G_N_ELEMENTS(hangs); i++) {
        FakeHost *fake = fake_host_new(MACHINE);
        VvJob *job = new_job(GPU);
        g_autoptr(GPtrArray) jobs = jobs_of(job, NULL, NULL);
        job->change.reset = TRUE;
        limits.stage_ms = hangs[i].stage_ms;
        limits.reset_ms = hangs[i].reset_ms;
        fake_host_inject(fake, &(FakeFault){.action = FAKE_HANG, .suffix = hangs[i].suffix, .address = GPU});
        gint64 start = g_get_monotonic_time();
        run(fake, jobs);
        assert_true(g_get_monotonic_time() - start < PATIENT * 1000LL);
        assert_int_equal(job->result.error, ETIMEDOUT);
        assert_int_equal(job->result.stage, hangs[i].stage);
        fake_host_free(fake);
    }
    limits.stage_ms = limits.reset_ms = PATIENT;
}

static void note_first(VvJob *job, gpointer data)
{
    VvJob **first = data;

    *first = *first ? *first : job;
}

/* On one processor one begins alone; when it is quiet, the next need not wait for it. */
static void test_quiet(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *second = new_job(NVME), *first = NULL;
    g_autoptr(GPtrArray) jobs = jobs_of(new_job(GPU), second, NULL);

    limits.stage_ms = 5000;
    fake_host_inject(fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/driver/unbind", .address = GPU});
    vv_workers_run(fake_host_sysfs(fake), jobs, &limits, note_first, &first);
    assert_ptr_equal(first, second);
    assert_int_equal(second->result.stage, VV_STAGE_DONE);
    limits.stage_ms = PATIENT;
    fake_host_free(fake);
}

/* The check has its deadline, too: writing to configuration space may not come back. */
static void test_hang_in_the_check(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *job = vv_job_new(address_of(GPU), "nouveau", NULL);
    g_autoptr(GPtrArray) jobs = jobs_of(job, NULL, NULL);

    fake_host_bind(fake, GPU, "vfio-pci");
    job->change.check = TRUE;
    limits.stage_ms = HASTY;
    fake_host_inject(fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/config"});
    run(fake, jobs);
    limits.stage_ms = PATIENT;
    assert_int_equal(job->result.stage, VV_STAGE_CHECK);
    assert_says(job, "its configuration space does not end");
    fake_host_free(fake);
}

/* State D: it is left behind with its evidence, and keeps the lock of its group. */
static void test_wedged(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *job = new_job(GPU);
    g_autoptr(GPtrArray) jobs = jobs_of(job, new_job(NVME), NULL);
    int ends[2];
    char end;

    assert_int_equal(pipe(ends), 0);
    job->lock_fd = ends[1];
    limits.stage_ms = HASTY;
    fake_host_inject(fake, &(FakeFault){.action = FAKE_HANG, .suffix = "/driver/unbind", .address = GPU});
    fake_unkillable = TRUE;
    run(fake, jobs);
    fake_unkillable = FALSE;
    limits.stage_ms = PATIENT;
    assert_true(job->wedged);
    assert_int_equal(job->worker, fake_host_hanging(fake));
    assert_says(job, GPU " is stuck: its driver does not let go (process ");
    assert_says(job, "waits in an unknown place; kernel stack: not readable");
    assert_false(((VvJob *)jobs->pdata[1])->wedged);
    close(ends[1]);
    assert_int_equal(fake_real_kill(job->worker, 0), 0);
    assert_int_equal(fake_real_kill(job->worker, SIGKILL), 0);
    assert_int_equal(read(ends[0], &end, 1), 0); /* only now, with the worker, its copy is closed */
    assert_int_equal(waitpid(job->worker, NULL, 0), job->worker);
    close(ends[0]);
    fake_host_free(fake);
}

static void answer_long(GString *text, gpointer data)
{
    for (guint i = 0; i < 100000; i++)
        g_string_append_printf(text, "%u ", i);
}

static void answer_nothing(GString *text, gpointer data)
{
}

static void hang(GString *text, gpointer data)
{
    pause();
}

static void die(GString *text, gpointer data)
{
    g_string_append(text, "half a w");
    _exit(0);
}

/* vv_child_ask(): a whole answer or none, however long it is, and never later than the deadline. */
static void test_ask(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    const VvSysfs *sysfs = fake_host_sysfs(fake);
    g_autoptr(GString) text = g_string_new("before "), expected = g_string_new("before ");

    answer_long(expected, NULL);
    assert_true(vv_child_ask(sysfs, answer_long, NULL, PATIENT, text));
    assert_true(g_string_equal(text, expected)); /* far more than a pipe holds */
    assert_true(vv_child_ask(sysfs, answer_nothing, NULL, PATIENT, text));
    assert_false(vv_child_ask(sysfs, die, NULL, PATIENT, text));
    gint64 start = g_get_monotonic_time();
    assert_false(vv_child_ask(sysfs, hang, NULL, HASTY, text));
    gint64 ms = (g_get_monotonic_time() - start) / 1000;
    assert_in_range(ms, HASTY - 5, 5000);
    assert_true(g_string_equal(text, expected));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    fake_host_free(fake);
}

static void test_evidence(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);

    fake_host_put(fake, "proc/812/wchan", "msleep");
    fake_host_put(fake, "proc/812/stack", "[<0>] msleep+0x2d\n[<0>] remove+0x9\n");
    g_autofree char *text = vv_child_evidence(fake_host_sysfs(fake), 812);
    assert_text(text, "process 812 waits in msleep; kernel stack: [<0>] msleep+0x2d [<0>] remove+0x9");
    fake_host_put(fake, "proc/812/stack", "");
    g_autofree char *empty = vv_child_evidence(fake_host_sysfs(fake), 812);
    assert_non_null(strstr(empty, "kernel stack: not readable"));
    fake_host_free(fake);
}

/* A busy machine: it has answered, and takes its time to end. That is no reason to call the device stuck. */
static void test_slow_to_end(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *job = new_job(GPU);
    g_autoptr(GPtrArray) jobs = jobs_of(job, NULL, NULL);

    fake_unkillable = TRUE;
    fake_exit_ms = 1500;
    run(fake, jobs);
    fake_unkillable = FALSE;
    fake_exit_ms = 0;
    assert_false(job->wedged);
    assert_int_equal(job->result.error, 0);
    assert_int_equal(job->result.stage, VV_STAGE_DONE);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and it was collected */
    fake_host_free(fake);
}

static void test_worker_dies(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *job = new_job(GPU);
    g_autoptr(GPtrArray) jobs = jobs_of(job, new_job(NVME), new_job(NIC));

    fake_host_inject(fake, &(FakeFault){.action = FAKE_DIE, .suffix = "/bind", .address = GPU});
    run(fake, jobs);
    assert_int_equal(job->result.error, ECHILD);
    assert_says(job, GPU ": its worker died");
    assert_int_equal(((VvJob *)jobs->pdata[2])->result.error, 0);
    fake_host_free(fake);
}

/* No descriptor is left for its pipe: the job fails, the program goes on. */
static void test_cannot_start(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *job = new_job(GPU);
    g_autoptr(GPtrArray) jobs = jobs_of(job, new_job(NVME), NULL);
    struct rlimit before, none;
    int highest = dup(0);

    close(highest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){(rlim_t)highest, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    run(fake, jobs);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(job->result.error, EMFILE);
    assert_says(job, "Too many open files");
    assert_int_equal(fake_host_writes(fake), 0);
    fake_host_free(fake);
}

/* Drivers that do not bear it are unbound one at a time, and others beside them all the same. */
static void test_alone(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    VvJob *first = new_job(GPU), *second = new_job(NVME);
    g_autoptr(GPtrArray) jobs = jobs_of(first, second, NULL);

    first->alone = g_strdup("ioatdma");
    second->alone = g_strdup("ioatdma");
    fake_host_gather(fake, 2, 300);
    run(fake, jobs);
    assert_int_equal(fake_host_most_parallel(fake), 1);
    fake_host_free(fake);

    fake = fake_host_new(MACHINE);
    g_autoptr(GPtrArray) three = jobs_of(new_job(GPU), new_job(NVME), new_job(NIC));
    ((VvJob *)three->pdata[0])->alone = g_strdup("ioatdma");
    ((VvJob *)three->pdata[1])->alone = g_strdup("ioatdma");
    fake_host_gather(fake, 2, 30000);
    run(fake, three);
    assert_int_equal(fake_host_most_parallel(fake), 2); /* the third does not wait behind the second */
    fake_host_free(fake);
}

static void test_nothing(void **state)
{
    FakeHost *fake = fake_host_new(MACHINE);
    g_autoptr(GPtrArray) none = g_ptr_array_new();

    vv_workers_run(fake_host_sysfs(fake), none, &limits, NULL, NULL);
    vv_job_free(NULL);
    fake_host_free(fake);
}

static void test_describe(void **state)
{
    static const struct {
        VvChangeResult result;
        const char *driver, *says;
    } cases[] = {
        {{VV_STAGE_RESET, ENOTTY, 0, FALSE}, "nvme", "cannot reset " GPU ": "},
        {{VV_STAGE_POWER, EIO, 0, FALSE},
         "nvme",
         "cannot set the power management of " GPU ": Input/output error"},
        {{VV_STAGE_BIND, ENOENT, 0, FALSE},
         "nvme",
         "the driver nvme does not take " GPU ": it is not loaded"},
        {{VV_STAGE_VERIFY, ENODEV, 0, FALSE}, NULL, GPU " did not end up on no driver"},
        {{VV_STAGE_CHECK, EIO, VV_CONFIG_DEAD, FALSE}, "nvme", GPU " stays on VFIO: it does not answer"},
        {{VV_STAGE_CHECK, EPERM, VV_CONFIG_BUS_MASTER, FALSE}, "nvme", "bus mastering does not go off"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VvJob *job = vv_job_new(address_of(GPU), cases[i].driver, NULL);
        job->result = cases[i].result;
        assert_says(job, cases[i].says);
        vv_job_free(job);
    }
}

/* vfio/process.c: the name may have anything in it; a zombie or a later process is not it. */
static void test_process(void **state)
{
    static const struct {
        const char *stat;
        gboolean alive;
    } cases[] = {
        {"7 (x) S 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 55 1 1\n", TRUE},
        {"7 (a) Z) D 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 55 1 1\n", TRUE},
        {"7 (x) S 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 56 1 1\n", FALSE},
        {"7 (x) Z 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 55 1 1\n", FALSE},
        {"7 (x) X 1 1 1 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 55 1 1\n", FALSE},
        {"7 (x) S 1 1\n", FALSE},
        {"", FALSE},
    };
    FakeHost *fake = fake_host_new("");
    const VvSysfs *sysfs = fake_host_sysfs(fake);

    assert_false(vv_process_alive(sysfs, (VvProcess){7, 55}));
    assert_false(vv_process_alive(sysfs, (VvProcess){0, 0}));
    assert_int_equal(vv_process_of(sysfs, 7).pid, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        fake_host_put(fake, "proc/7/stat", cases[i].stat);
        assert_int_equal(vv_process_alive(sysfs, (VvProcess){7, 55}), cases[i].alive);
    }
    fake_host_free(fake);

    g_autoptr(VvSysfs) live = vv_sysfs_new(NULL, NULL);
    VvProcess self = vv_process_self(live);
    assert_int_equal(self.pid, getpid());
    assert_true(vv_process_alive(live, self));
    self.started++;
    assert_false(vv_process_alive(live, self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hang_in_each_stage),
        cmocka_unit_test(test_time_of_a_reset),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_hang_in_the_check),
        cmocka_unit_test(test_wedged),
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_slow_to_end),
        cmocka_unit_test(test_worker_dies),
        cmocka_unit_test(test_cannot_start),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
