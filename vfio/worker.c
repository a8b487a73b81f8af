/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/worker.h"

#include "vfio/child.h"
#include "vfio/order.h"
#include "vfio/worker-child.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* When nobody has ended for so long they sleep, and more of them may. */
#define QUIET_MS 5

/* A child and the job that it works on. One that has done its job takes the next. */
typedef struct {
    VvJob *job;
    const VvWorkerPost *post;
    VvChild child;
    gint64 started;
    int error;       /* it could not be started */
    gboolean killed; /* its time was over */
} Worker;

static guint limit_of(const VvWorkerLimits *limits, VvStage stage)
{
    return stage == VV_STAGE_RESET ? limits->reset_ms : limits->stage_ms;
}

/* A child that has nothing to do, or a new one. */
static int find_child(const VvInheritance *inheritance, GArray *idle, VvChild *child, guint deadline_ms)
{
    const int keep[2] = {vv_sysfs_fd(inheritance->sysfs), -1};

    if (!idle->len)
        return vv_child_start(child, vv_worker_work, (gpointer)inheritance, keep, deadline_ms);
    *child = g_array_index(idle, VvChild, idle->len - 1);
    child->deadline = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    g_array_set_size(idle, idle->len - 1);
    return 0;
}

static void start(const VvInheritance *inheritance, GArray *idle, Worker *worker,
                  const VvWorkerLimits *limits)
{
    VvJob *job = worker->job;
    guint number = 0;

    worker->started = g_get_monotonic_time();
    job->result = (VvChangeResult){.stage = VV_STAGE_OVERRIDE, .error = ETIMEDOUT};
    worker->error = find_child(inheritance, idle, &worker->child, limits->stage_ms);
    while (inheritance->jobs->pdata[number] != job)
        number++;
    worker->post = &inheritance->posts[number];
    /* One that has died meanwhile is heard of at once. */
    if (!worker->error)
        vv_order_send(worker->child.fd, number, job->lock_fd);
}

/* The stage in which the child is, and how long it may take. */
static void follow(Worker *worker, const VvWorkerLimits *limits)
{
    VvStage stage = __atomic_load_n(&worker->post->stage, __ATOMIC_ACQUIRE);

    if (!worker->post->since)
        return;
    worker->job->result.stage = stage;
    if (!worker->killed)
        worker->child.deadline = worker->post->since + (gint64)limit_of(limits, stage) * 1000;
}

typedef enum { HEARD_STAGE, HEARD_RESULT, HEARD_END } Heard;

/* Takes what the child has said. */
static Heard hear(Worker *worker, const VvWorkerLimits *limits)
{
    VvChangeResult *result = &worker->job->result;
    VvWorkerMessage message;

    if (recv(worker->child.fd, &message, sizeof message, MSG_WAITALL) != sizeof message) {
        follow(worker, limits);
        result->error = worker->killed ? ETIMEDOUT : ECHILD;
        return HEARD_END;
    }
    if (!message.is_last) {
        follow(worker, limits);
        return HEARD_STAGE;
    }
    *result = message.result;
    return HEARD_RESULT;
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
static gboolean is_out_of_time(const VvSysfs *sysfs, Worker *worker, const VvWorkerLimits *limits)
{
    follow(worker, limits);
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
    else if (is_out_of_time(sysfs, worker, limits)) {
        leave_behind(sysfs, worker);
        return TRUE;
    }
    if (heard == HEARD_RESULT && !worker->killed)
        g_array_append_val(idle, worker->child);
    else if (heard != HEARD_STAGE)
        vv_child_reap(&worker->child);
    return heard != HEARD_STAGE;
}

/* Waits until one of the running workers is done with its job. Returns its index; -1 where `impatient` when
 * nobody says anything for a while. */
static int wait_one(const VvSysfs *sysfs, GArray *running, GArray *idle, const VvWorkerLimits *limits,
                    gboolean impatient)
{
    g_autofree struct pollfd *polls = g_new0(struct pollfd, running->len);

    for (;;) {
        gint64 now = g_get_monotonic_time(), nearest = impatient ? now + QUIET_MS * 1000 : G_MAXINT64;
        for (guint i = 0; i < running->len; i++) {
            const Worker *worker = &g_array_index(running, Worker, i);
            polls[i] = (struct pollfd){.fd = worker->child.fd, .events = POLLIN};
            nearest = worker->error ? now : MIN(nearest, worker->child.deadline);
        }
        int ready = poll(polls, running->len, nearest > now ? (int)((nearest - now) / 1000 + 1) : 0);
        for (guint i = 0; i < running->len; i++)
            if (attend(sysfs, &g_array_index(running, Worker, i), ready > 0 && polls[i].revents, idle,
                       limits))
                return (int)i;
        if (ready == 0 && impatient)
            return -1;
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
static void start_some(const VvInheritance *inheritance, GPtrArray *waiting, GArray *running, GArray *idle,
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

/* Side by side what sleeps costs no time, but what computes is only in each other's way: it begins with one
 * for each processor, and twice as many whenever all that run are quiet. */
static void run_all(const VvInheritance *inheritance, GPtrArray *waiting, const VvWorkerLimits *limits,
                    VvJobDone done, gpointer data)
{
    g_autoptr(GArray) running = g_array_new(FALSE, FALSE, sizeof(Worker));
    g_autoptr(GArray) idle = g_array_new(FALSE, FALSE, sizeof(VvChild));
    VvWorkerLimits now = *limits;

    now.parallel = MIN(limits->parallel, g_get_num_processors());
    while (waiting->len || running->len) {
        start_some(inheritance, waiting, running, idle, &now);
        int index = wait_one(inheritance->sysfs, running, idle, limits,
                             waiting->len && now.parallel < limits->parallel);
        if (index < 0) {
            now.parallel = MIN(now.parallel * 2, limits->parallel);
            continue;
        }
        const Worker *worker = &g_array_index(running, Worker, index);
        VvJob *job = worker->job;
        job->us = g_get_monotonic_time() - worker->started;
        g_array_remove_index(running, (guint)index);
        if (done)
            done(job, data);
    }
    dismiss(idle);
}

void vv_workers_run(const VvSysfs *sysfs, const GPtrArray *jobs, const VvWorkerLimits *limits, VvJobDone done,
                    gpointer data)
{
    gsize size = MAX(jobs->len, 1) * sizeof(VvWorkerPost);
    VvInheritance inheritance = {sysfs, jobs, NULL};
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    inheritance.posts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (inheritance.posts == MAP_FAILED)
        g_error("no memory for %u workers: %s", jobs->len, g_strerror(errno));
    for (guint i = 0; i < jobs->len; i++)
        g_ptr_array_add(waiting, jobs->pdata[i]);
    run_all(&inheritance, waiting, limits, done, data);
    munmap(inheritance.posts, size);
}
