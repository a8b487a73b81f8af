/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/userhook-internal.h"

#include "vfio/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (64 * 1024)
#define TERM_GRACE_MS 500
/* A pipe's capacity (pipe(7)): so much can be left in it when its writer has ended. */
#define PIPE_BYTES (64 * 1024)

/* A program that runs. */
typedef struct {
    pid_t pid;
    int pid_fd;
    int out; /* -1: nobody writes to it any more */
    GString *output;
    gsize left_out;
} Running;

/* Above the standard descriptors, which may have been closed when this program started. */
static int lift(int fd)
{
    int lifted = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

    if (fd >= 0)
        close(fd);
    return lifted;
}

/* Not a pipe: a hook that does not read its input must not keep anybody waiting. */
static int make_input(const char *text)
{
    int fd = lift(memfd_create("plan.json", MFD_CLOEXEC));
    gsize length = strlen(text);

    for (gsize done = 0; fd >= 0 && done < length;) {
        ssize_t count = write(fd, text + done, length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return close(fd), -1;
        done += (gsize)count;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static G_GNUC_NORETURN void become(const VvUserProgram *program, int in, int out, pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it died before it could be told */
    /* A group of its own, to end all of it, and no terminal to ask questions on. */
    setsid();
    umask(022);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0 &&
        close_range(3, ~0U, 0) == 0 && chdir("/") == 0)
        execve(program->arguments[0], program->arguments, program->environment);
    dprintf(STDERR_FILENO, "cannot be executed: %s%s\n", strerror(errno),
            errno == ENOENT ? " (is the program of its #! line there?)" : "");
    _exit(127);
}

/* fork() and not posix_spawn(), which waits for exec: that can take for ever on a file server. */
static int start(const VvUserProgram *program, Running *running)
{
    pid_t parent = getpid();
    int ends[2], in = make_input(program->input);

    if (in < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        int error = errno;
        if (in >= 0)
            close(in);
        return error;
    }
    int out = lift(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    running->pid = out >= 0 ? fork() : -1;
    int error = running->pid < 0 ? errno : 0;
    if (running->pid == 0)
        become(program, in, out, parent);
    close(in);
    if (out >= 0)
        close(out);
    running->out = ends[0];
    running->pid_fd = error ? -1 : pidfd_open(running->pid, 0);
    return error;
}

/* FALSE: there is nothing to read now. */
static gboolean take_output(Running *running)
{
    char page[4096];
    ssize_t count = running->out >= 0 ? read(running->out, page, sizeof page) : 0;

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return FALSE;
    if (count <= 0) {
        if (running->out >= 0)
            close(running->out);
        running->out = -1;
        return FALSE;
    }
    gsize fits = MIN((gsize)count, OUTPUT_MAX - running->output->len);
    g_string_append_len(running->output, page, (gssize)fits);
    running->left_out += (gsize)count - fits;
    return TRUE;
}

/* TRUE when it has ended by then. It is its end that counts and not that of its output, which may be in the
 * hands of whom it left behind. */
static gboolean watch(Running *running, gint64 end)
{
    for (;;) {
        gint64 left = (end - g_get_monotonic_time() + 999) / 1000;
        struct pollfd ready[] = {{.fd = running->pid_fd, .events = POLLIN},
                                 {.fd = running->out, .events = POLLIN}};
        if (poll(ready, 2, (int)CLAMP(left, 0, G_MAXINT)) > 0 && ready[1].revents)
            take_output(running);
        if (ready[0].revents) {
            for (guint i = 0; i < PIPE_BYTES / 4096 && take_output(running); i++)
                ;
            return TRUE;
        }
        if (left <= 0)
            return FALSE;
    }
}

static void signal_all(const Running *running, int number)
{
    kill(-running->pid, number);
    kill(running->pid, number); /* it may not have come as far as to have a group */
}

/* Its group gets both signals before the program is collected: until then no other has its number. */
static gboolean stop(Running *running, const VvSysfs *sysfs)
{
    VvChild child = {.pid = running->pid, .fd = -1};

    signal_all(running, SIGTERM);
    gboolean ended = watch(running, g_get_monotonic_time() + TERM_GRACE_MS * 1000);
    signal_all(running, SIGKILL);
    child.deadline = g_get_monotonic_time() + TERM_GRACE_MS * 1000;
    while (!ended) {
        ended = watch(running, child.deadline);
        if (!ended && !vv_child_may_end(sysfs, &child))
            break;
    }
    return ended;
}

static char *describe(int status)
{
    if (WIFSIGNALED(status))
        return g_strdup_printf("ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) ? g_strdup_printf("exit code %d", WEXITSTATUS(status)) : NULL;
}

static char *wait_for(Running *running, const VvSysfs *sysfs, guint ms)
{
    gboolean in_time = watch(running, g_get_monotonic_time() + (gint64)ms * 1000);
    int status = 0;

    if (!in_time && !stop(running, sysfs)) {
        g_autofree char *where = vv_child_evidence(sysfs, running->pid);
        return g_strdup_printf("it took longer than %.1f s, cannot be ended and is left behind: %s",
                               (double)ms / 1000, where);
    }
    while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return in_time ? describe(status)
                   : g_strdup_printf("it took longer than %.1f s and was ended", (double)ms / 1000);
}

char *vv_user_program_run(const VvSysfs *sysfs, const VvUserProgram *program, GString *output)
{
    Running running = {.pid_fd = -1, .out = -1, .output = output};
    int error = start(program, &running);
    char *problem;

    if (error)
        problem = g_strdup_printf("cannot be started: %s", g_strerror(error));
    else
        problem = wait_for(&running, sysfs, program->ms);
    if (running.out >= 0)
        close(running.out);
    if (running.pid_fd >= 0)
        close(running.pid_fd);
    if (running.left_out)
        g_string_append_printf(output, "\n(%" G_GSIZE_FORMAT " more bytes are left out)", running.left_out);
    return problem;
}
