/* SPDX-License-Identifier: GPL-2.0-or-later */

/* virt-vfio-hook-run: what virt-vfio-hook becomes for a domain of ours. */
#include "domains/ini.h"
#include "domains/xml.h"
#include "hooks/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* libvirt waits without a limit, with the domain locked and half of its threads behind it. */
#define LIMIT_SECONDS 28

static int words_fd = STDERR_FILENO;
static int late_code;

/* What is under way is in the journal, and `release`, which libvirt calls next, gives it back. */
static void give_up(int number G_GNUC_UNUSED)
{
    static const char text[] =
        "virt-vfio: this takes too long; see 'virt-vfio status', and the kernel's log\n";
    ssize_t count = write(words_fd, text, sizeof text - 1);

    _exit(count == 0 ? 1 : late_code);
}

/* libvirt reads our words until their last holder is gone: nobody but this process may be that. And standard
 * output would replace the XML of a domain that is restored or migrated. */
static gboolean take_descriptors(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    words_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    return nothing >= 0 && words_fd >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 &&
           dup2(nothing, STDERR_FILENO) >= 0;
}

static char *read_input(gsize *ret_length)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 buffer[16384];
    ssize_t count;

    while ((count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0 && bytes->len <= VV_XML_MAX)
        g_byte_array_append(bytes, buffer, (guint)count);
    *ret_length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

static int handle(const char *operation, GString *words, GError **error)
{
    VvHookConfig config;
    VvHookCall call = {.operation = operation,
                       .until = g_get_monotonic_time() + LIMIT_SECONDS * G_USEC_PER_SEC};
    g_autofree char *xml = read_input(&call.length);
    g_autoptr(VvSysfs) sysfs = vv_sysfs_new(NULL, error);
    g_autoptr(VvJournal) journal = vv_journal_new(NULL);
    g_autoptr(VvHost) host = NULL;

    call.xml = xml;
    if (!sysfs || !vv_hook_config_load(NULL, &config, error) || !(host = vv_hook_scan(sysfs, journal, error)))
        return 1;
    return vv_hook_handle(host, journal, &config, &call, words);
}

static void say(const GString *words)
{
    for (gsize done = 0; done < words->len;) {
        ssize_t count = write(words_fd, words->str + done, words->len - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return;
        done += (gsize)count;
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    const char *operation = argc > 2 ? argv[2] : "";

    late_code = strcmp(operation, "prepare") == 0 || strcmp(operation, "start") == 0;
    if (!take_descriptors())
        return late_code;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, give_up);
    alarm(LIMIT_SECONDS);
    int code = handle(operation, words, &error);
    if (error)
        g_string_append_printf(words, "virt-vfio: %s\n", error->message);
    say(words);
    return late_code ? code : 0;
}
