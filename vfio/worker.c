/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that was sent SIGKILL gets this long before it counts as wedged in the kernel. */
#define KILL_GRACE_MS 200
#define NOT_STARTED (-1)

/* A job that is running. */
typedef struct {
    VvJob *job;
    pid_t pid;
    int fd; /* the child writes its Result here */
    gint64 started, deadline;
} Worker;

typedef struct {
    VvStage stage;
    int error;
} Result;

VvJob *vv_job_new(VvAddress address, const char *driver, const char *override)
{
    VvJob *job = g_new0(VvJob, 1);

    job->address = address;
    job->driver = g_strdup(driver);
    job->override = g_strdup(override);
    return job;
}

void vv_job_free(VvJob *job)
{
    if (!job)
        return;
    g_free(job->driver);
    g_free(job->override);
    g_free(job->evidence);
    g_free(job);
}

/* Sets driver_override. Clearing wants a newline: an empty write is no write (drivers/base/driver.c). */
static int write_override(const VvSysfs *sysfs, const char *device, const char *override)
{
    g_autofree char *path = g_strdup_printf("%s/driver_override", device);
    g_autofree char *now = vv_sysfs_read(sysfs, path);

    if (now && (!*now || strcmp(now, "(null)") == 0))
        g_clear_pointer(&now, g_free);
    if (g_strcmp0(now, override) == 0)
        return 0;
    return vv_sysfs_write(sysfs, path, override ? override : "\n");
}

/* The job itself, in the child. drivers/X/bind and not drivers_probe: it binds exactly this driver and hands
 * back what its probe said, which drivers_probe throws away (drivers/base/bus.c, bind_store, drivers_probe).
 */
static int change_driver(const VvSysfs *sysfs, const VvJob *job, VvStage *stage)
{
    char address[VV_ADDRESS_TEXT];
    g_autofree char *device =
        g_strdup_printf("sys/bus/pci/devices/%s", vv_address_format(job->address, address));
    g_autofree char *link = g_strdup_printf("%s/driver", device);
    g_autofree char *before = vv_sysfs_link_name(sysfs, link);
    gboolean rebind = g_strcmp0(before, job->driver) != 0;
    /* With an override that names somebody else the bind would fail (drivers/pci/pci-driver.c,
     * pci_match_device), so such a one is put back last. */
    gboolean override_last =
        rebind && job->driver && job->override && strcmp(job->override, job->driver) != 0;
    int error;

    *stage = VV_STAGE_OVERRIDE;
    if ((error = write_override(sysfs, device, override_last ? job->driver : job->override)) != 0)
        return error;

    *stage = VV_STAGE_UNBIND;
    if (rebind && before) {
        g_autofree char *unbind = g_strdup_printf("%s/driver/unbind", device);
        if ((error = vv_sysfs_write(sysfs, unbind, address)) != 0)
            return error;
    }

    *stage = VV_STAGE_BIND;
    int bind_error = 0;
    if (rebind && job->driver) {
        g_autofree char *bind = g_strdup_printf("sys/bus/pci/drivers/%s/bind", job->driver);
        bind_error = vv_sysfs_write(sysfs, bind, address);
    }

    /* Only the link tells: somebody else may have bound it meanwhile, rightly or wrongly. */
    g_autofree char *after = rebind ? vv_sysfs_link_name(sysfs, link) : g_strdup(job->driver);
    if (g_strcmp0(after, job->driver) != 0) {
        if (bind_error)
            return bind_error;
        *stage = VV_STAGE_VERIFY;
        return ENODEV;
    }
    *stage = VV_STAGE_OVERRIDE;
    if (override_last && (error = write_override(sysfs, device, job->override)) != 0)
        return error;
    *stage = VV_STAGE_DONE;
    return 0;
}

/* A child that wedges keeps its descriptors for ever: a lock that is never free again, a pipe on which the
 * caller's caller waits. So it keeps only the result pipe and the sysfs root. */
static void close_others(int keep_a, int keep_b)
{
    guint low = (guint)MIN(keep_a, keep_b), high = (guint)MAX(keep_a, keep_b);

    if (low > 0)
        close_range(0, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0U, 0);
}

static G_GNUC_NORETURN void child(const VvSysfs *sysfs, const VvJob *job, int fd)
{
    Result result = {0};

    signal(SIGINT, SIG_IGN); /* Ctrl-C means the program; it decides what to give back */
    signal(SIGTERM, SIG_DFL);
    close_others(fd, vv_sysfs_fd(sysfs));
    result.error = change_driver(sysfs, job, &result.stage);
    gssize written = write(fd, &result, sizeof result);
    _exit(written == sizeof result ? 0 : 1);
}

static void start(const VvSysfs *sysfs, Worker *worker, guint deadline_ms)
{
    int ends[2];

    worker->started = g_get_monotonic_time();
    worker->deadline = worker->started + (gint64)deadline_ms * 1000;
    worker->pid = NOT_STARTED;
    worker->fd = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        worker->job->error = errno;
        return;
    }
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        child(sysfs, worker->job, ends[1]);
    }
    worker->job->error = worker->pid < 0 ? errno : 0;
    close(ends[1]);
    worker->fd = ends[0];
}

static gboolean reaped_within(pid_t pid, guint ms)
{
    for (guint waited = 0;; waited++) {
        pid_t result = waitpid(pid, NULL, WNOHANG);
        if (result == pid || (result < 0 && errno == ECHILD))
            return TRUE;
        if (waited >= ms)
            return FALSE;
        g_usleep(1000);
    }
}

static char *collect_evidence(const VvSysfs *sysfs, pid_t pid)
{
    g_autofree char *wchan_path = g_strdup_printf("proc/%d/wchan", (int)pid);
    g_autofree char *stack_path = g_strdup_printf("proc/%d/stack", (int)pid);
    g_autofree char *wchan = vv_sysfs_read(sysfs, wchan_path);
    g_autofree char *stack = vv_sysfs_read(sysfs, stack_path);

    if (stack)
        g_strdelimit(g_strchomp(stack), "\n", ' ');
    return g_strdup_printf("process %d waits in %s; kernel stack: %s", (int)pid,
                           wchan ? wchan : "an unknown place", stack && *stack ? stack : "not readable");
}

static void give_up(const VvSysfs *sysfs, Worker *worker)
{
    worker->job->error = ETIMEDOUT;
    worker->job->stage = VV_STAGE_UNBIND;
    kill(worker->pid, SIGKILL);
    if (reaped_within(worker->pid, KILL_GRACE_MS))
        return;
    worker->job->wedged = TRUE;
    worker->job->evidence = collect_evidence(sysfs, worker->pid);
}

static void finish(const VvSysfs *sysfs, Worker *worker, gboolean in_time)
{
    Result result = {VV_STAGE_OVERRIDE, ECHILD};

    if (worker->pid > 0) {
        if (!in_time)
            give_up(sysfs, worker);
        else {
            if (read(worker->fd, &result, sizeof result) != sizeof result)
                result = (Result){VV_STAGE_OVERRIDE, ECHILD};
            worker->job->stage = result.stage;
            worker->job->error = result.error;
            waitpid(worker->pid, NULL, 0);
        }
    }
    if (worker->fd >= 0)
        close(worker->fd);
    worker->job->us = g_get_monotonic_time() - worker->started;
}

/* Waits for the first of the running workers to end or to run out of time. Returns its index. */
static guint wait_one(const GArray *running, gboolean *ret_in_time)
{
    g_autofree struct pollfd *polls = g_new0(struct pollfd, running->len);

    for (;;) {
        gint64 now = g_get_monotonic_time(), nearest = G_MAXINT64;
        for (guint i = 0; i < running->len; i++) {
            const Worker *worker = &g_array_index(running, Worker, i);
            polls[i] = (struct pollfd){.fd = worker->fd, .events = POLLIN};
            nearest = MIN(nearest, worker->deadline);
            *ret_in_time = worker->pid > 0 && worker->deadline > now;
            if (!*ret_in_time)
                return i;
        }
        if (poll(polls, running->len, (int)((nearest - now) / 1000 + 1)) <= 0)
            continue;
        for (guint i = 0; i < running->len; i++)
            if (polls[i].revents)
                return i;
    }
}

void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, guint parallel, guint deadline_ms,
                    VvJobDone done, gpointer data)
{
    g_autoptr(GArray) running = g_array_new(FALSE, FALSE, sizeof(Worker));
    guint next = 0;

    while (next < jobs->len || running->len) {
        while (next < jobs->len && running->len < parallel) {
            Worker worker = {.job = jobs->pdata[next++]};
            start(sysfs, &worker, deadline_ms);
            g_array_append_val(running, worker);
        }
        gboolean in_time;
        guint index = wait_one(running, &in_time);
        Worker worker = g_array_index(running, Worker, index);
        g_array_remove_index(running, index);
        finish(sysfs, &worker, in_time);
        if (done)
            done(worker.job, data);
    }
}

char *vv_job_describe(const VvJob *job)
{
    char text[VV_ADDRESS_TEXT];
    const char *address = vv_address_format(job->address, text);
    const char *reason = g_strerror(job->error);

    if (job->wedged)
        return g_strdup_printf("%s is stuck: its driver does not let go (%s)", address, job->evidence);
    if (job->error == ETIMEDOUT)
        return g_strdup_printf("%s: its driver did not answer in time", address);
    if (job->error == ECHILD)
        return g_strdup_printf("%s: its worker died", address);
    switch (job->stage) {
    case VV_STAGE_OVERRIDE:
        return g_strdup_printf("cannot set driver_override of %s: %s", address, reason);
    case VV_STAGE_UNBIND:
        return g_strdup_printf("cannot unbind %s from its driver: %s", address, reason);
    case VV_STAGE_BIND:
        return g_strdup_printf("the driver %s does not take %s: %s", job->driver, address,
                               job->error == ENOENT ? "it is not loaded" : reason);
    default:
        return g_strdup_printf("%s did not end up on %s", address, job->driver ? job->driver : "no driver");
    }
}
