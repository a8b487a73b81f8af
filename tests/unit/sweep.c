/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sweep.h"

#include "test.h"
#include "vfio/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOMAIN "5c1b0d7e-0000-4000-8000-123456789abc"

const char sweep_machine[] =
    "drivers vfio-pci\n"
    "0000:01:00.0 class=030000 id=10de:1e84 driver=nouveau group=1 power=auto d3cold=1 busmaster=drivers "
    "console=1\n"
    "0000:01:00.1 class=040300 id=10de:10f8 driver=snd_hda_intel group=1 power=on d3cold=1 "
    "busmaster=drivers\n"
    "0000:02:00.0 class=010802 id=144d:a808 native=nvme group=2 power=auto d3cold=1\n"
    "0000:03:00.0 class=020000 id=8086:1572 driver=vfio-pci native=i40e override=vfio-pci group=3 power=auto "
    "d3cold=1\n"
    "0000:04:00.0 class=010700 id=1000:0097 driver=mpt3sas override=mpt3sas group=4 power=on d3cold=0 "
    "busmaster=drivers\n"
    "0000:05:00.0 class=0c0330 id=1022:149c driver=xhci_hcd group=5 power=auto d3cold=1 busmaster=drivers\n";

const char *const sweep_words[5] = {NULL, "04:00.0", "01:00", "01:00;02:00.0", "01:00;03:00.0;04:00.0"};

gboolean sweep_is_whole(void)
{
#ifdef __SANITIZE_ADDRESS__
    return g_strcmp0(g_getenv("VIRT_VFIO_SWEEP"), "all") == 0;
#else
    return TRUE;
#endif
}

/* As the kernel shows it: that is how a later program tells whether this one still lives. */
static void put_own_stat(const Bench *b)
{
    g_autofree char *path = g_strdup_printf("proc/%d/stat", (int)getpid());
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    gssize length = read(fd, text, sizeof text - 1);

    close(fd);
    text[MAX(length, 0)] = '\0';
    fake_host_put(b->fake, path, text);
}

static void remove_stat(const Bench *b, pid_t pid)
{
    g_autofree char *folder = g_strdup_printf("%s/proc/%d", fake_host_root(b->fake), (int)pid);
    g_autofree char *file = g_build_filename(folder, "stat", NULL);

    unlink(file);
    rmdir(folder);
}

static G_GNUC_NORETURN void be_the_program(Bench *b, SweepWork work, gconstpointer data)
{
    GError *error = NULL;

    put_own_stat(b);
    gboolean ok = work(b, data, &error);
    if (!ok) {
        char *path = g_build_filename(fake_host_root(b->fake), "said", NULL);
        g_file_set_contents(path, error ? error->message : "nothing", -1, NULL);
    }
    _exit(ok ? 0 : 1);
}

SweepEnd sweep_run(Bench *b, SweepWork work, gconstpointer data, VvSeamMode mode, int at, int error)
{
    int status;

    prctl(PR_SET_CHILD_SUBREAPER, 1); /* workers of a program that was killed are collected here */
    pid_t program = fork();
    assert_true(program >= 0);
    if (program == 0) {
        vv_seam_set(mode, at, error);
        be_the_program(b, work, data);
    }
    assert_int_equal(waitpid(program, &status, 0), program);
    remove_stat(b, program);
    if (WIFSIGNALED(status)) {
        assert_true(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGALRM);
        return SWEEP_KILLED;
    }
    return WEXITSTATUS(status) == 0 ? SWEEP_DONE : SWEEP_FAILED;
}

void sweep_run_fine(Bench *b, SweepWork work, gconstpointer data)
{
    SweepEnd end = sweep_run(b, work, data, VV_SEAM_COUNT, 0, 0);

    if (end != SWEEP_DONE) {
        g_autofree char *path = g_build_filename(fake_host_root(b->fake), "said", NULL);
        g_autofree char *said = NULL;
        g_file_get_contents(path, &said, NULL, NULL);
        fail_msg("%s: %s", end == SWEEP_FAILED ? "failed" : "killed", said ? said : "no word");
    }
}

void sweep_reap(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    assert_int_equal(errno, ECHILD);
}

gboolean sweep_bind(Bench *b, gconstpointer data, GError **error)
{
    return bench_take(b, data, error);
}

gboolean sweep_release(Bench *b, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    return bench_return(b, NULL, error);
}

gboolean sweep_start(Bench *b, gconstpointer data, GError **error)
{
    return bench_take_as(b, data, DOMAIN, NULL, error) && bench_return(b, NULL, error);
}

gboolean sweep_recover(Bench *b, gconstpointer data G_GNUC_UNUSED, GError **error)
{
    bench_rescan(b);
    return vv_recover(b->host, b->journal, NULL, &b->options, NULL, error);
}
