/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/worker.h"

#include "vfio/child.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* A job that is running. */
typedef struct {
    VvJob *job;
    VvChild child;
    gint64 started;
    int error;       /* it could not be started */
    gboolean killed; /* its time was over */
} Worker;

/* What the child is given. */
typedef struct {
    const VvSysfs *sysfs;
    const VvJob *job;
    int fd;
} Order;

/* What the child says: that a stage begins, and at last the result. */
typedef struct {
    gboolean is_last;
    VvChangeResult result;
} Message;

VvJob *vv_job_new(VvAddress address, const char *driver, const char *override)
{
    VvJob *job = g_new0(VvJob, 1);

    job->change.address = address;
    job->change.driver = g_strdup(driver);
    job->change.override = g_strdup(override);
    job->lock_fd = -1;
    return job;
}

void vv_job_free(VvJob *job)
{
    if (!job)
        return;
    g_free(job->change.driver);
    g_free(job->change.fallback);
    g_free(job->change.override);
    g_free(job->change.power_control);
    g_free(job->change.d3cold);
    g_free(job->evidence);
    g_free(job->alone);
    g_free(job);
}

static void send_message(int fd, const Message *message)
{
    if (write(fd, message, sizeof *message) != sizeof *message)
        _exit(1);
}

static void tell_stage(VvStage stage, gpointer data)
{
    const Order *order = data;
    const Message message = {FALSE, {.stage = stage}};

    send_message(order->fd, &message);
}

static void work(int fd, gpointer data)
{
    Order *order = data;

    order->fd = fd;
    const Message message = {TRUE, vv_driver_change(order->sysfs, &order->job->change, tell_stage, order)};
    send_message(fd, &message);
}

static guint limit_of(const VvWorkerLimits *limits, VvStage stage)
{
    return stage == VV_STAGE_RESET ? limits->reset_ms : limits->stage_ms;
}

static void start(const VvSysfs *sysfs, Worker *worker, const VvWorkerLimits *limits)
{
    Order order = {.sysfs = sysfs, .job = worker->job};
    const int keep[2] = {vv_sysfs_fd(sysfs), worker->job->lock_fd};

    worker->started = g_get_monotonic_time();
    worker->job->result = (VvChangeResult){.stage = VV_STAGE_OVERRIDE, .error = ECHILD};
    worker->error = vv_child_start(&worker->child, work, &order, keep, limits->stage_ms);
}

/* Takes what the child has said. TRUE when it will say no more. */
static gboolean hear(Worker *worker, const VvWorkerLimits *limits)
{
    VvChangeResult *result = &worker->job->result;
    Message message;

    if (read(worker->child.fd, &message, sizeof message) != sizeof message) {
        result->error = worker->killed ? ETIMEDOUT : ECHILD;
        return TRUE;
    }
    *result = message.result;
    if (message.is_last)
        return TRUE;
    result->error = ETIMEDOUT; /* unless it says something better */
    if (!worker->killed)
        worker->child.deadline = g_get_monotonic_time() + (gint64)limit_of(limits, result->stage) * 1000;
    return FALSE;
}

/* It does not even hear SIGKILL. */
static void leave_behind(const VvSysfs *sysfs, Worker *worker)
{
    VvJob *job = worker->job;

    job->result.error = ETIMEDOUT;
    job->wedged = TRUE;
    job->worker = worker->child.pid;
    job->evidence = vv_child_evidence(sysfs, job->worker);
    vv_child_abandon(&worker->child);
}

/* One step of a worker that may have something to say. TRUE when it is done with. */
static gboolean attend(const VvSysfs *sysfs, Worker *worker, gboolean ready, const VvWorkerLimits *limits)
{
    if (worker->error) {
        worker->job->result.error = worker->error;
        return TRUE;
    }
    if (ready && hear(worker, limits)) {
        vv_child_reap(&worker->child);
        return TRUE;
    }
    if (ready || worker->child.deadline > g_get_monotonic_time())
        return FALSE;
    if (worker->killed && vv_child_may_end(sysfs, &worker->child))
        return FALSE;
    if (worker->killed) {
        leave_behind(sysfs, worker);
        return TRUE;
    }
    worker->killed = TRUE;
    vv_child_kill(&worker->child);
    return FALSE;
}

/* Waits until one of the running workers is done with. Returns its index. */
static guint wait_one(const VvSysfs *sysfs, GArray *running, const VvWorkerLimits *limits)
{
    g_autofree struct pollfd *polls = g_new0(struct pollfd, running->len);

    for (;;) {
        gint64 now = g_get_monotonic_time(), nearest = G_MAXINT64;
        for (guint i = 0; i < running->len; i++) {
            const Worker *worker = &g_array_index(running, Worker, i);
            polls[i] = (struct pollfd){.fd = worker->child.fd, .events = POLLIN};
            nearest = worker->error ? now : MIN(nearest, worker->child.deadline);
        }
        int ready = poll(polls, running->len, nearest > now ? (int)((nearest - now) / 1000 + 1) : 0);
        for (guint i = 0; i < running->len; i++)
            if (attend(sysfs, &g_array_index(running, Worker, i), ready > 0 && polls[i].revents, limits))
                return i;
    }
}

static gboolean may_start(const GArray *running, const VvJob *job)
{
    for (guint i = 0; job->alone && i < running->len; i++)
        if (g_strcmp0(job->alone, g_array_index(running, Worker, i).job->alone) == 0)
            return FALSE;
    return TRUE;
}

/* Starts what may start now. */
static void start_some(const VvSysfs *sysfs, GPtrArray *waiting, GArray *running,
                       const VvWorkerLimits *limits)
{
    for (guint i = 0; i < waiting->len && running->len < limits->parallel;) {
        Worker worker = {.job = waiting->pdata[i]};
        if (!may_start(running, worker.job)) {
            i++;
            continue;
        }
        g_ptr_array_remove_index(waiting, i);
        start(sysfs, &worker, limits);
        g_array_append_val(running, worker);
    }
}

void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, const VvWorkerLimits *limits, VvJobDone done,
                    gpointer data)
{
    g_autoptr(GArray) running = g_array_new(FALSE, FALSE, sizeof(Worker));
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    for (guint i = 0; i < jobs->len; i++)
        g_ptr_array_add(waiting, jobs->pdata[i]);
    while (waiting->len || running->len) {
        start_some(sysfs, waiting, running, limits);
        guint index = wait_one(sysfs, running, limits);
        const Worker *worker = &g_array_index(running, Worker, index);
        VvJob *job = worker->job;
        job->us = g_get_monotonic_time() - worker->started;
        g_array_remove_index(running, index);
        if (done)
            done(job, data);
    }
}

static const char *stage_doing(VvStage stage)
{
    switch (stage) {
    case VV_STAGE_CHECK:
        return "reading its configuration space does not end";
    case VV_STAGE_RESET:
        return "resetting it does not end";
    case VV_STAGE_OVERRIDE:
        return "setting its driver_override does not end";
    case VV_STAGE_POWER:
        return "setting its power management does not end";
    case VV_STAGE_UNBIND:
        return "its driver does not let go";
    case VV_STAGE_BIND:
        return "the driver that is to have it does not come back from its probe";
    default:
        return "the kernel does not answer";
    }
}

static char *describe_failure(const VvJob *job, const char *address)
{
    const char *reason = g_strerror(job->result.error), *driver = job->change.driver;

    switch (job->result.stage) {
    case VV_STAGE_CHECK:
        return g_strdup_printf("%s stays on VFIO: %s", address, vv_config_state_text(job->result.state));
    case VV_STAGE_RESET:
        return g_strdup_printf("cannot reset %s: %s", address, reason);
    case VV_STAGE_OVERRIDE:
        return g_strdup_printf("cannot set driver_override of %s: %s", address, reason);
    case VV_STAGE_POWER:
        return g_strdup_printf("cannot set the power management of %s: %s", address, reason);
    case VV_STAGE_UNBIND:
        return g_strdup_printf("cannot unbind %s from its driver: %s", address, reason);
    case VV_STAGE_BIND:
        return g_strdup_printf("the driver %s does not take %s: %s", driver, address,
                               job->result.error == ENOENT ? "it is not loaded" : reason);
    default:
        return g_strdup_printf("%s did not end up on %s", address, driver ? driver : "no driver");
    }
}

char *vv_job_describe(const VvJob *job)
{
    char text[VV_ADDRESS_TEXT];
    const char *address = vv_address_format(job->change.address, text);

    if (job->wedged)
        return g_strdup_printf("%s is stuck: %s (%s)", address, stage_doing(job->result.stage),
                               job->evidence);
    if (job->result.error == ETIMEDOUT)
        return g_strdup_printf("%s: no answer in time: %s", address, stage_doing(job->result.stage));
    if (job->result.error == ECHILD)
        return g_strdup_printf("%s: its worker died", address);
    return describe_failure(job, address);
}
