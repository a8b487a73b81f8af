/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/worker-child.h"

#include "vfio/order.h"

#include <unistd.h>

static void send_message(int fd, const VvWorkerMessage *message)
{
    if (write(fd, message, sizeof *message) != sizeof *message)
        _exit(1);
}

typedef struct {
    VvWorkerPost *post;
    int fd;
} Teller;

/* A reset has a time of its own, which the parent does not see while it waits. */
static void tell_stage(VvStage stage, gpointer data)
{
    const Teller *teller = data;
    const VvWorkerMessage message = {FALSE, {.stage = stage}};
    gboolean other_time = stage == VV_STAGE_RESET || teller->post->stage == VV_STAGE_RESET;

    teller->post->since = g_get_monotonic_time();
    __atomic_store_n(&teller->post->stage, stage, __ATOMIC_RELEASE);
    if (other_time)
        send_message(teller->fd, &message);
}

void vv_worker_work(int fd, gpointer data)
{
    const VvInheritance *inheritance = data;
    guint number;
    int lock_fd;

    while (vv_order_receive(fd, &number, &lock_fd) && number < inheritance->jobs->len) {
        const VvJob *job = inheritance->jobs->pdata[number];
        Teller teller = {&inheritance->posts[number], fd};
        VvWorkerMessage message = {TRUE,
                                   vv_driver_change(inheritance->sysfs, &job->change, tell_stage, &teller)};
        if (lock_fd >= 0)
            close(lock_fd);
        send_message(fd, &message);
    }
}
