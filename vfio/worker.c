/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/worker.h"

#include "vfio/child.h"
#include "vfio/order.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A child and the job that it works on. One that has done its job takes the next. */
typedef struct {
    VvJob *job;
    VvChild child;
    gint64 started;
    int error;       /* it could not be started */
    gboolean killed; /* its time was over */
} Worker;

/* What all children inherit. */
typedef struct {
    const VvSysfs *sysfs;
    const GPtrArray *jobs;
} Inheritance;

/* What the child says: that a stage begins, and at last the result. */
typedef struct {
    gboolean is_last;
    VvChangeResult result;
} Message;

static void send_message(int fd, const Message *message)
{
    if (write(fd, message, sizeof *message) != sizeof *message)
        _exit(1);
}

static void tell_stage(VvStage stage, gpointer data)
{
    const Message message = {FALSE, {.stage = stage}};

    send_message(*(int *)data, &message);
}

static void work(int fd, gpointer data)
{
    const Inheritance *inheritance = data;
    guint number;
    int lock_fd;

    while (vv_order_receive(fd, &number, &lock_fd) && number < inheritance->jobs->len) {
        const VvJob *job = inheritance->jobs->pdata[number];
        Message message = {TRUE, vv_driver_change(inheritance->sysfs, &job->change, tell_stage, &fd)};
        if (lock_fd >= 0)
            close(lock_fd);
        send_message(fd, &message);
    }
}

static guint limit_of(const VvWorkerLimits *limits, VvStage stage)
{
    return stage == VV_STAGE_RESET ? limits->reset_ms : limits->stage_ms;
}

/* A child that has nothing to do, or a new one. */
static int find_child(const Inheritance *inheritance, GArray *idle, VvChild *child, guint deadline_ms)
{
    const int keep[2] = {vv_sysfs_fd(inheritance->sysfs), -1};

    if (!idle->len)
        return vv_child_start(child, work, (gpointer)inheritance, keep, deadline_ms);
    *child = g_array_index(idle, VvChild, idle->len - 1);
    child->deadline = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    g_array_set_size(idle, idle->len - 1);
    return 0;
}

static void start(const Inheritance *inheritance, GArray *idle, Worker *worker, const VvWorkerLimits *limits)
{
    VvJob *job = worker->job;
    guint number = 0;

    worker->started = g_get_monotonic_time();
    job->result = (VvChangeResult){.stage = VV_STAGE_OVERRIDE, .error = ETIMEDOUT};
    worker->error = find_child(inheritance, idle, &worker->child, limits->stage_ms);
    while (inheritance->jobs->pdata[number] != job)
        number++;
    /* One that has died meanwhile is heard of at once. */
    if (!worker->error)
        vv_order_send(worker->child.fd, number, job->lock_fd);
}

typedef enum { HEARD_STAGE, HEARD_RESULT, HEARD_END } Heard;

/* Takes what the child has said. */
static Heard hear(Worker *worker, const VvWorkerLimits *limits)
{
    VvChangeResult *result = &worker->job->result;
    Message message;

    if (recv(worker->child.fd, &message, sizeof message, MSG_WAITALL) != sizeof message) {
        result->error = worker->killed ? ETIMEDOUT : ECHILD;
        return HEARD_END;
    }
    *result = message.result;
    if (message.is_last)
        return HEARD_RESULT;
    result->error = ETIMEDOUT; /* unless it says something better */
    if (!worker->killed)
        worker->child.deadline = g_get_monotonic_time() + (gint64)limit_of(limits, result->stage) * 1000;
    return HEARD_STAGE;
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

/* TRUE when the worker's time is over, and that of SIGKILL as well. */
static gboolean is_out_of_time(const VvSysfs *sysfs, Worker *worker)
{
    if (worker->child.deadline > g_get_monotonic_time())
        return FALSE;
    if (worker->killed)
        return !vv_child_may_end(sysfs, &worker->child);
    worker->killed = TRUE;
    vv_child_kill(&worker->child);
    return FALSE;
}

/* One step of a worker that may have something to say. TRUE when its job is done with. */
static gboolean attend(const VvSysfs *sysfs, Worker *worker, gboolean ready, GArray *idle,
                       const VvWorkerLimits *limits)
{
    Heard heard = HEARD_STAGE;

    if (worker->error) {
        worker->job->result.error = worker->error;
        return TRUE;
    }
    if (ready)
        heard = hear(worker, limits);
    else if (is_out_of_time(sysfs, worker)) {
        leave_behind(sysfs, worker);
        return TRUE;
    }
    if (heard == HEARD_RESULT && !worker->killed)
        g_array_append_val(idle, worker->child);
    else if (heard != HEARD_STAGE)
        vv_child_reap(&worker->child);
    return heard != HEARD_STAGE;
}

/* Waits until one of the running workers is done with its job. Returns its index. */
static guint wait_one(const VvSysfs *sysfs, GArray *running, GArray *idle, const VvWorkerLimits *limits)
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
            if (attend(sysfs, &g_array_index(running, Worker, i), ready > 0 && polls[i].revents, idle,
                       limits))
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
static void start_some(const Inheritance *inheritance, GPtrArray *waiting, GArray *running, GArray *idle,
                       const VvWorkerLimits *limits)
{
    for (guint i = 0; i < waiting->len && running->len < limits->parallel;) {
        Worker worker = {.job = waiting->pdata[i]};
        if (!may_start(running, worker.job)) {
            i++;
            continue;
        }
        g_ptr_array_remove_index(waiting, i);
        start(inheritance, idle, &worker, limits);
        g_array_append_val(running, worker);
    }
}

/* They end when they are told nothing more. */
static void dismiss(GArray *idle)
{
    for (guint i = 0; i < idle->len; i++)
        shutdown(g_array_index(idle, VvChild, i).fd, SHUT_RDWR);
    for (guint i = 0; i < idle->len; i++)
        vv_child_reap(&g_array_index(idle, VvChild, i));
}

void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, const VvWorkerLimits *limits, VvJobDone done,
                    gpointer data)
{
    const Inheritance inheritance = {sysfs, jobs};
    g_autoptr(GArray) running = g_array_new(FALSE, FALSE, sizeof(Worker));
    g_autoptr(GArray) idle = g_array_new(FALSE, FALSE, sizeof(VvChild));
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    for (guint i = 0; i < jobs->len; i++)
        g_ptr_array_add(waiting, jobs->pdata[i]);
    while (waiting->len || running->len) {
        start_some(&inheritance, waiting, running, idle, limits);
        guint index = wait_one(sysfs, running, idle, limits);
        const Worker *worker = &g_array_index(running, Worker, index);
        VvJob *job = worker->job;
        job->us = g_get_monotonic_time() - worker->started;
        g_array_remove_index(running, index);
        if (done)
            done(job, data);
    }
    dismiss(idle);
}
