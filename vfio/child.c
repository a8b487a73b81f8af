/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static G_GNUC_NORETURN void child(VvChildFn answer, gpointer data, int fd)
{
    GString *text = g_string_new(NULL);
    gsize sent = 0;

    signal(SIGINT, SIG_IGN); /* Ctrl-C means the program */
    signal(SIGTERM, SIG_DFL);
    /* One that blocks for ever must not hold the caller's pipes open. */
    close_range(0, 2, 0);
    answer(text, data);
    while (sent < text->len) {
        gssize written = write(fd, text->str + sent, text->len - sent);
        if (written < 0 && errno != EINTR)
            _exit(1);
        sent += written > 0 ? (gsize)written : 0;
    }
    _exit(0);
}

/* Until the other end closes. FALSE when the time is over first. */
static gboolean read_all(int fd, gint64 deadline, GString *text)
{
    char page[4096];

    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left <= 0)
            return FALSE;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        gssize length = read(fd, page, sizeof page);
        if (length == 0)
            return TRUE;
        if (length > 0)
            g_string_append_len(text, page, length);
        else if (errno != EINTR)
            return FALSE;
    }
}

gboolean vv_child_ask(VvChildFn answer, gpointer data, guint deadline_ms, GString *text)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)deadline_ms * 1000;
    int ends[2], status = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return FALSE;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(answer, data, ends[1]);
    }
    close(ends[1]);
    gboolean done = pid > 0 && read_all(ends[0], deadline, text);
    close(ends[0]);
    if (pid < 0)
        return FALSE;
    if (!done) {
        kill(pid, SIGKILL);
        /* In the kernel it may not hear that; then init will have it one day. */
        g_usleep(10000);
        waitpid(pid, NULL, WNOHANG);
        return FALSE;
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
