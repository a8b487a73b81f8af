/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that was sent SIGKILL and is in state D after this long does not hear it. One that is not is only
 * slow: taking its memory down takes time on a busy machine. */
#define KILL_GRACE_MS 250
#define SLOW_GRACE_MS 2000

static int compare_fds(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

static void close_all_but(const int *sorted, guint count)
{
    guint from = 0;

    for (guint i = 0; i < count; i++) {
        if (sorted[i] < 0)
            continue;
        if ((guint)sorted[i] > from)
            close_range(from, (guint)sorted[i] - 1, 0);
        from = (guint)sorted[i] + 1;
    }
    close_range(from, ~0U, 0);
}

static G_GNUC_NORETURN void run(VvChildFn work, gpointer data, int fd, const int keep[2], pid_t parent)
{
    int open[3] = {keep[0], keep[1], fd};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);            /* it died before it could be told */
    signal(SIGINT, SIG_IGN); /* Ctrl-C means the program; it decides what to give back */
    signal(SIGTERM, SIG_DFL);
    qsort(open, G_N_ELEMENTS(open), sizeof *open, compare_fds);
    close_all_but(open, G_N_ELEMENTS(open));
    work(fd, data);
    _exit(0);
}

int vv_child_start(VvChild *child, VvChildFn work, gpointer data, const int keep[2], guint deadline_ms)
{
    pid_t parent = getpid();
    int ends[2];

    *child = (VvChild){.fd = -1, .deadline = g_get_monotonic_time() + (gint64)deadline_ms * 1000};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    pid_t pid = fork();
    int error = pid < 0 ? errno : 0;
    if (pid == 0)
        run(work, data, ends[1], keep, parent);
    close(ends[1]);
    if (error)
        close(ends[0]);
    else
        *child = (VvChild){.pid = pid, .fd = ends[0], .deadline = child->deadline};
    return error;
}

void vv_child_kill(VvChild *child)
{
    kill(child->pid, SIGKILL);
    child->deadline = g_get_monotonic_time() + KILL_GRACE_MS * 1000;
}

gboolean vv_child_may_end(const VvSysfs *sysfs, VvChild *child)
{
    gint64 now = g_get_monotonic_time();
    char path[32], text[256] = "";

    if (child->slow)
        return FALSE;
    snprintf(path, sizeof path, "proc/%d/stat", (int)child->pid);
    vv_sysfs_read_into(sysfs, path, text, sizeof text);
    /* The name before it is in parentheses (proc_pid_stat(5)). */
    const char *state = strrchr(text, ')');
    child->slow = TRUE;
    child->deadline = now + SLOW_GRACE_MS * 1000;
    return !state || !g_str_has_prefix(state, ") D");
}

void vv_child_abandon(VvChild *child)
{
    close(child->fd);
    *child = (VvChild){.fd = -1};
}

void vv_child_reap(VvChild *child)
{
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    vv_child_abandon(child);
}

char *vv_child_evidence(const VvSysfs *sysfs, pid_t pid)
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

/* What the child of vv_child_ask() does. */
typedef struct {
    VvAnswerFn answer;
    gpointer data;
} Question;

static void say(int fd, gpointer data)
{
    const Question *question = data;
    GString *text = g_string_new(NULL);
    gsize sent = 0;

    question->answer(text, question->data);
    g_string_append_c(text, '\0'); /* the end: an answer that was cut short is none */
    while (sent < text->len) {
        gssize written = write(fd, text->str + sent, text->len - sent);
        if (written < 0 && errno != EINTR)
            _exit(1);
        sent += written > 0 ? (gsize)written : 0;
    }
}

/* Until the other end closes. FALSE when the time is over first. */
static gboolean read_all(const VvChild *child, GString *text)
{
    char page[4096];

    for (;;) {
        gint64 left = (child->deadline - g_get_monotonic_time()) / 1000;
        struct pollfd ready = {.fd = child->fd, .events = POLLIN};
        if (left <= 0)
            return FALSE;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        gssize length = read(child->fd, page, sizeof page);
        if (length == 0)
            return TRUE;
        if (length > 0)
            g_string_append_len(text, page, length);
        else if (errno != EINTR)
            return FALSE;
    }
}

gboolean vv_child_hear(const VvSysfs *sysfs, VvChild *child, GString *text, gboolean *ret_late)
{
    gboolean ended = read_all(child, text);

    *ret_late = !ended;
    if (!ended) {
        vv_child_kill(child);
        do
            ended = read_all(child, text);
        while (!ended && vv_child_may_end(sysfs, child));
    }
    if (ended)
        vv_child_reap(child);
    return ended;
}

gboolean vv_child_ask(const VvSysfs *sysfs, VvAnswerFn answer, gpointer data, guint deadline_ms,
                      GString *text)
{
    Question question = {answer, data};
    const int keep[2] = {vv_sysfs_fd(sysfs), -1};
    gsize before = text->len;
    gboolean late;
    VvChild child;

    if (vv_child_start(&child, say, &question, keep, deadline_ms) != 0)
        return FALSE;
    if (!vv_child_hear(sysfs, &child, text, &late))
        vv_child_abandon(&child);
    gboolean whole = !late && text->len > before && text->str[text->len - 1] == '\0';
    g_string_truncate(text, whole ? text->len - 1 : before);
    return whole;
}
