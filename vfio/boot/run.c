/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/boot/apply.h"

#include "vfio/boot/shellvar.h"
#include "vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NO_CHROOT 126
/* What an error needs of what a tool prints; the rest of a chatty one is left out. */
#define OUTPUT_MAX (64 * 1024)

/* "LANG=de_DE.UTF-8" of the system (locale.conf(5); Debian's /etc/default/locale), else of whoever calls: the
 * boot menu is written in it (grub-mkconfig), and its default may be named by its title. NULL: none is set.
 */
static char *language(const VvSysfs *sysfs)
{
    static const char *const files[] = {"etc/locale.conf", "etc/default/locale"};

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = vv_sysfs_read_all(sysfs, files[i], 65536);
        g_autofree char *value = vv_shell_value(text, "LANG");
        if (value)
            return g_strconcat("LANG=", value, NULL);
    }
    return g_getenv("LANG") ? g_strconcat("LANG=", g_getenv("LANG"), NULL) : NULL;
}

/* In the child, which other threads do not share: it may allocate. */
static G_GNUC_NORETURN void become(const VvSysfs *sysfs, const char *const *argv, int out)
{
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                 "HOME=/root", language(sysfs), NULL};
    sigset_t none;

    setsid();
    umask(022);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!vv_sysfs_is_live(sysfs) && (fchdir(vv_sysfs_fd(sysfs)) != 0 || chroot(".") != 0))
        _exit(NO_CHROOT);
    int in = open("/dev/null", O_RDONLY);
    if (in < 0)
        in = memfd_create("nothing", 0); /* an image may have an empty /dev */
    if (chdir("/") == 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(out, STDERR_FILENO) >= 0)
        execvpe(argv[0], (char *const *)argv, environment);
    _exit(NOT_FOUND);
}

/* Into memory and not through a pipe: a tool that outlives this program must not die of SIGPIPE in the middle
 * of an initramfs, and a daemon that it leaves behind must not keep us waiting. */
static void collect(int out, GString *output)
{
    g_autofree char *page = g_malloc(OUTPUT_MAX);
    struct stat facts;

    if (fstat(out, &facts) != 0)
        return;
    off_t from = MAX(facts.st_size - OUTPUT_MAX, 0);
    gssize length = pread(out, page, OUTPUT_MAX, from);
    if (length > 0)
        g_string_append_len(output, page, length);
}

static gboolean is_success(const char *const *argv, int status)
{
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
                                 (WEXITSTATUS(status) == 77 && g_strv_contains(argv, "--unchanged-exit-77")));
}

static gboolean explain(const VvSysfs *sysfs, const char *const *argv, int status, const GString *output,
                        GError **error)
{
    if (WIFSIGNALED(status))
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "it was ended by signal %d (%s)", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == NO_CHROOT && !output->len && !vv_sysfs_is_live(sysfs))
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY,
                    "it has to run in %s, and only root may change there", vv_sysfs_root(sysfs));
    else if (WEXITSTATUS(status) == NOT_FOUND && !output->len)
        g_set_error(error, VV_ERROR, VV_ERROR_NOT_READY, "there is no program %s that can be run", argv[0]);
    else
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "exit code %d", WEXITSTATUS(status));
    return FALSE;
}

gboolean vv_setup_run_tool(const VvSysfs *sysfs, const char *const *argv, GString *output,
                           gpointer data G_GNUC_UNUSED, GError **error)
{
    int out = memfd_create("output", MFD_CLOEXEC), status = 0;
    pid_t pid = out >= 0 ? fork() : -1;

    if (pid == 0)
        become(sysfs, argv, out);
    if (pid < 0) {
        g_set_error(error, VV_ERROR, VV_ERROR_FAILED, "it cannot be started: %s", g_strerror(errno));
        if (out >= 0)
            close(out);
        return FALSE;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    collect(out, output);
    close(out);
    if (!is_success(argv, status))
        return explain(sysfs, argv, status, output, error);
    /* Few of these tools wait for the disk, and the ledger is about to say that it is done. */
    sync();
    return TRUE;
}
